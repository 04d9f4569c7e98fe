// The map of an array's child jobs: a cell each, drawn on a canvas. One link lies over the cell that the pointer or the
// keyboard is at, so that it opens, is copied and is read out as every link.

import { causeOf, countLetters, gridOf, indexAt, neighbour, placeOf, shapeOf } from "./array_grid.js";
import { legendButton } from "./array_legend.js";
import { find } from "./dom.js";
import { check, poll } from "./poll.js";

/** @typedef {import("./array_legend.js").MapStatus} MapStatus */
/**
 * @typedef {object} MapData
 * @property {string} etag
 * @property {boolean} live
 * @property {string} cells a letter a child
 * @property {Record<string, MapStatus>} statuses by letter
 * @property {Record<number, string>} reruns addresses of the last run of indexes that ran again
 * @property {{ text: string, ranges: number[] }[]} causes
 */

const POLL_INTERVAL_MS = 3000;
const UNREAD = ".";
/** @type {MapStatus} */
const NOT_LOADED = { name: "", label: "Not loaded", tone: "unread" };

const box = find(document, "[data-array-map]", HTMLElement);
const frame = find(box, "[data-frame]", HTMLElement);
const cursor = find(box, "[data-cursor]", HTMLAnchorElement);
const tip = find(box, "[data-tip]", HTMLElement);
const legend = find(box, "[data-legend]", HTMLElement);
const notice = find(box, "[data-map-notice]", HTMLElement);
const canvas = find(box, "[data-canvas]", HTMLCanvasElement);
const size = Number(box.dataset.size);

/** @type {MapData} */
let data = { etag: "", live: true, cells: UNREAD.repeat(size), statuses: {}, reruns: {}, causes: [] };
let grid = gridOf(size, frame.clientWidth);
let current = 0;
let filter = "";
/** @type {Map<string, string>} */
let colours = new Map();

/** @param {number} index */
const statusOf = (index) => data.statuses[data.cells[index]] ?? NOT_LOADED;
/** @param {number} index */
const matches = (index) => !filter || data.cells[index] === filter;
function drawLegend() {
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.letter : undefined;
  const counts = countLetters(data.cells);
  if (filter && !counts.has(filter)) filter = "";
  const letters = [...Object.keys(data.statuses), UNREAD].filter((letter) => counts.has(letter));
  legend.replaceChildren(
    ...letters.map((letter) =>
      legendButton(letter, data.statuses[letter] ?? NOT_LOADED, counts.get(letter) ?? 0, letter === filter),
    ),
  );
  colours = new Map(letters.map((letter) => [letter, colourOf(letter)]));
  colours.set("ink", getComputedStyle(box).color);
  if (focused && letters.includes(focused)) find(legend, `[data-letter="${focused}"]`, HTMLButtonElement).focus();
}

/** @param {string} letter */
function colourOf(letter) {
  const swatch = legend.querySelector(`[data-letter="${letter}"] svg`);
  return swatch ? getComputedStyle(swatch).color : "";
}

function drawCells() {
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.round(grid.width * scale);
  canvas.height = Math.round(grid.height * scale);
  canvas.style.width = `${grid.width}px`;
  canvas.style.height = `${grid.height}px`;
  const context = canvas.getContext("2d");
  if (!context) return;
  const square = grid.cell - (grid.cell > 10 ? 2 : 1);
  const shapes = new Map([...colours.keys()].map((letter) => [letter, new Path2D(shapeOf((data.statuses[letter] ?? NOT_LOADED).name))]));
  for (let index = 0; index < size; index++) {
    const letter = data.cells[index];
    const [{ x, y }, shape] = [placeOf(grid, index), shapes.get(letter)];
    if (!shape) continue;
    context.setTransform((scale * square) / 10, 0, 0, (scale * square) / 10, scale * x, scale * y);
    context.fillStyle = colours.get(letter) ?? "";
    context.globalAlpha = matches(index) ? 1 : 0.15;
    context.fill(shape, "evenodd");
  }
  drawRowNumbers(context, scale);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number} scale
 */
function drawRowNumbers(context, scale) {
  if (!grid.gutter) return;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.globalAlpha = 0.75;
  context.fillStyle = colours.get("ink") ?? "";
  context.font = "11px system-ui, sans-serif";
  context.textAlign = "right";
  context.textBaseline = "middle";
  const step = Math.ceil(14 / grid.cell); // rows between numbers that don't touch
  for (let row = 0; row * grid.columns < size; row += step) {
    context.fillText(String(row * grid.columns), grid.gutter - 6, Math.max(6, (row + 0.5) * grid.cell));
  }
}

/** @param {number} index */
function moveTo(index) {
  current = index;
  const { x, y } = placeOf(grid, index);
  cursor.hidden = false;
  cursor.style.transform = `translate(${x}px, ${y}px)`;
  cursor.style.width = cursor.style.height = `${grid.cell - 1}px`;
  cursor.dataset.side = x > grid.width / 2 ? "left" : "right";
  const status = statusOf(index);
  const rerun = data.reruns[index];
  if (rerun) cursor.href = rerun;
  else if (status === NOT_LOADED) cursor.href = `${box.dataset.children}?from=${index}`;
  else cursor.href = `${box.dataset.children}${index}/log/`;
  tip.textContent = `Child job ${index}: ${[status.label, rerun ? "Ran again" : causeOf(data.causes, index)].filter(Boolean).join(". ")}`;
  cursor.ariaLabel = tip.textContent;
}

function redraw() {
  grid = gridOf(size, frame.clientWidth);
  drawCells();
  moveTo(current);
}

frame.addEventListener("pointermove", (event) => {
  if (event.pointerType !== "touch") follow(event);
});
canvas.addEventListener("click", follow); // a touch shows what it is first; the link then opens it

/** @param {PointerEvent} event */
function follow(event) {
  const { left, top } = canvas.getBoundingClientRect();
  const index = indexAt(grid, event.clientX - left, event.clientY - top);
  if (index >= 0 && index !== current) moveTo(index);
  frame.dataset.pointed = event.pointerType;
}

frame.addEventListener("pointerleave", (event) => {
  if (event.pointerType !== "touch") delete frame.dataset.pointed; // what a touch shows is there to be touched
});

cursor.addEventListener("keydown", (event) => {
  const index = neighbour(grid, current, event.key, matches);
  if (!/^(Arrow|Page|Home|End)/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  moveTo(index);
  cursor.scrollIntoView({ block: "nearest" });
  document.dispatchEvent(new CustomEvent("announce", { detail: tip.textContent ?? "" }));
});

legend.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("button") : null;
  if (!button) return;
  filter = filter === button.dataset.letter ? "" : (button.dataset.letter ?? "");
  drawLegend();
  drawCells();
  if (!matches(current)) moveTo(neighbour(grid, 0, "Home", matches));
});

async function ask() {
  const response = check(await fetch(`${box.dataset.arrayMap}?seen=${data.etag}`));
  if (response.status === 200) {
    data = await response.json();
    drawLegend();
    redraw();
  }
  notice.textContent = "";
}

new ResizeObserver(redraw).observe(frame);
const repaint = () => (drawLegend(), drawCells());
new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
poll({
  ask,
  goesOn: () => data.live,
  onError: () => (notice.textContent = "Couldn't load the map. View the child jobs as a list."),
  interval: POLL_INTERVAL_MS,
});
