// The time chart: a row for each step, with its wait and its run. Only rows in view are drawn.

import { durationOf, labelOf, statusOf } from "./describe.js";
import { span } from "../../js/duration.js";
import { setAttributes, svg } from "./svg.js";
import { measureIn, shorten } from "./text_width.js";
import { timeChart } from "./time_chart.js";

/** @typedef {import("./types").Graph} Graph */
/** @typedef {import("./types").TimeChart} TimeChart */
/** @typedef {Record<string, import("./types").Status>} Statuses */

const ROW = 30;
const TOP = 26;
const MARGIN = 12;
const AROUND = 5; // rows drawn above and below what is in view
const MOVES = new Map([["ArrowUp", -1], ["ArrowDown", 1], ["PageUp", -10], ["PageDown", 10], ["Home", -Infinity], ["End", Infinity]]);

export class TimeView extends EventTarget {
  /**
   * @param {HTMLElement} canvas that it fills and that scrolls
   * @param {{ sprite: string, label: string }} options
   */
  constructor(canvas, options) {
    super();
    this.canvas = canvas;
    this.options = options;
    /** @type {Graph | null} */
    this.graph = null;
    /** @type {Statuses} */
    this.statuses = {};
    /** @type {TimeChart} */
    this.chart = { rows: [], ticks: [], length: 0 };
    /** @type {number[]} */
    this.order = [];
    /** @type {Map<number, SVGGElement>} by row */
    this.rows = new Map();
    this.current = 0;
    this.selected = -1;
    this.frame = 0;
    this.measure = measureIn(canvas, "600 13px");
    this.root = svg("svg", { class: "wf-svg wf-times", role: "group", "aria-label": options.label });
    this.grid = svg("g", { "aria-hidden": "true" });
    this.body = svg("g");
    this.root.append(this.grid, this.body);
    canvas.replaceChildren(this.root);
    canvas.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(canvas);
    this.root.addEventListener("click", (event) => {
      const row = rowOf(event);
      if (row >= 0) this.activate(row);
    });
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    this.root.addEventListener("focusin", (event) => {
      const row = rowOf(event);
      if (row >= 0) this.moveTo(row);
    });
  }

  /**
   * @param {Graph} graph
   * @param {Statuses} statuses
   */
  setGraph(graph, statuses) {
    this.graph = graph;
    this.statuses = statuses;
    this.order = graph.layers.flat();
    this.current = Math.min(this.current, this.order.length - 1);
    this.draw();
  }

  draw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.render();
    });
  }

  render() {
    const width = this.canvas.clientWidth;
    if (!width || !this.graph) return;
    const now = Date.now();
    this.chart = timeChart(this.graph.steps, this.graph.parents, now);
    const label = Math.min(220, Math.max(96, width * 0.28));
    const height = TOP + this.order.length * ROW + MARGIN;
    setAttributes(this.root, { width, height, viewBox: `0 0 ${width} ${height}` });
    const scale = { left: label, width: width - label - 2 * MARGIN };
    this.renderGrid(scale, height);
    const first = Math.max(0, Math.floor((this.canvas.scrollTop - TOP) / ROW) - AROUND);
    const last = Math.min(this.order.length, Math.ceil((this.canvas.scrollTop + this.canvas.clientHeight) / ROW) + AROUND);
    const wanted = new Set([this.current, ...Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index)]);
    for (const [row, element] of this.rows) {
      if (wanted.has(row)) continue;
      element.remove();
      this.rows.delete(row);
    }
    for (const row of wanted) this.renderRow(row, scale, now);
  }

  /**
   * @param {{ left: number, width: number }} scale
   * @param {number} height
   */
  renderGrid(scale, height) {
    // Labels need about 60 px each.
    const every = Math.ceil((this.chart.ticks.length * 60) / Math.max(60, scale.width));
    const parts = this.chart.ticks.flatMap(({ x, label }, index) => {
      const place = scale.left + x * scale.width;
      const line = svg("line", { class: "wf-tick", x1: place, x2: place, y1: TOP - 4, y2: height });
      return index % every ? [line] : [line, svg("text", { class: "wf-tick-label", x: place, y: TOP - 10 }, label)];
    });
    this.grid.replaceChildren(...parts);
  }

  /**
   * @param {number} row
   * @param {{ left: number, width: number }} scale
   * @param {number} now
   */
  renderRow(row, scale, now) {
    if (!this.graph) return;
    const index = this.order[row];
    const step = this.graph.steps[index];
    const status = statusOf(this.statuses, step.status);
    const { wait, run } = this.chart.rows[index];
    const place = (/** @type {number} */ share) => scale.left + share * scale.width;
    let element = this.rows.get(row);
    if (!element) {
      element = svg(
        "g",
        { role: "button", "data-row": row },
        svg("rect", { class: "wf-row", x: 2, y: 1, height: ROW - 2, rx: 6 }),
        svg("use", { class: "wf-icon", x: 8, y: 7, width: 16, height: 16 }),
        svg("text", { class: "wf-name", x: 30, y: 20 }),
        svg("rect", { class: "wf-wait", y: 13, height: 4, rx: 2 }),
        svg("rect", { class: "wf-run", y: 7, height: 16, rx: 4 }),
        svg("title"),
      );
      this.rows.set(row, element);
      this.body.append(element);
    }
    const [back, icon, name, waitBar, runBar, title] = [...element.children];
    const waited = wait ? `, waited ${span(((wait[1] - wait[0]) * this.chart.length) / 1000)}` : "";
    const node = { key: step.id, layer: 0, steps: [index], isLayer: false };
    setAttributes(element, {
      class: `wf-time wf-${status.tone}${step.sent ? "" : " wf-unsent"}${index === this.selected ? " wf-selected" : ""}`,
      transform: `translate(0 ${TOP + row * ROW})`,
      tabindex: row === this.current ? 0 : -1,
      "aria-label": `${labelOf(this.graph, node, this.statuses, now)}${waited}`,
      "aria-pressed": String(index === this.selected),
    });
    setAttributes(back, { width: scale.left + scale.width + 2 * MARGIN - 4 });
    setAttributes(icon, { href: `${this.options.sprite}#${status.icon}` });
    name.textContent = shorten(step.name, scale.left - 40, this.measure);
    const bar = (/** @type {[number, number] | null} */ times, /** @type {number} */ least) =>
      times ? { x: place(times[0]), width: Math.max(least, (times[1] - times[0]) * scale.width) } : { x: 0, width: 0 };
    setAttributes(waitBar, bar(wait, 0));
    setAttributes(runBar, bar(run, 3));
    const ran = durationOf(step, now);
    title.textContent = `${step.name}: ${status.label}${waited}${ran && `, ran ${ran}`}`;
  }

  /** @param {number} step -1: none */
  mark(step) {
    this.selected = step;
    this.draw();
  }

  /** @param {number} row */
  activate(row) {
    this.mark(this.order[row]);
    this.dispatchEvent(new CustomEvent("select", { detail: this.order[row] }));
  }

  /** @param {number} row */
  moveTo(row) {
    this.current = row;
    const top = TOP + row * ROW;
    if (top < this.canvas.scrollTop + TOP) this.canvas.scrollTop = top - TOP;
    else if (top + ROW > this.canvas.scrollTop + this.canvas.clientHeight) {
      this.canvas.scrollTop = top + ROW - this.canvas.clientHeight;
    }
    this.render();
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const move = MOVES.get(event.key);
    if (move !== undefined) {
      this.moveTo(Math.min(this.order.length - 1, Math.max(0, this.current + move)));
      this.rows.get(this.current)?.focus({ preventScroll: true });
    } else if (event.key === "Enter" || event.key === " ") this.activate(this.current);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** @param {Event} event */
function rowOf(event) {
  const element = event.target instanceof Element ? event.target.closest("[data-row]") : null;
  return element ? Number(element.getAttribute("data-row")) : -1;
}
