// Rows of names and values: an environment, tags. Lines that are added, taken away and pasted into, and lines that follow
// the text. A line knows which row of the text it is by `data-origin`; without it, the text does not have it (yet).

import { announce } from "./announce.js";
import { closest, find } from "./elements.js";

/** @import { Control, Origins, Row, RowLine } from "./types.js" */

const MAX_PASTED_ROWS = 200;
let addedCount = 0;

/**
 * The controls of a line: name and value.
 * @param {HTMLElement} line
 */
function controls(line) {
  /** @type {NodeListOf<HTMLInputElement | HTMLTextAreaElement>} */
  const visible = line.querySelectorAll("input:not([type=hidden]), textarea");
  return [...visible];
}

/** @param {HTMLElement} line */
const isEmpty = (line) => controls(line).every((control) => !control.value);

/** @param {HTMLElement} group */
export function lines(group) {
  /** @type {NodeListOf<HTMLElement>} */
  const all = group.querySelectorAll("[data-line]");
  return [...all];
}

/** @param {HTMLElement} group */
export function addLine(group, name = "", value = "") {
  const copy = document.importNode(find(group, "template", HTMLTemplateElement).content, true);
  addedCount += 1;
  /** @type {NodeListOf<Control>} */
  const named = copy.querySelectorAll("[name]");
  for (const control of named) control.name = control.name.replace("-NEW-", `-n${1000 + addedCount}-`);
  const line = find(copy, "[data-line]", HTMLElement);
  find(group, "[data-list]", HTMLElement).append(copy);
  fill(line, name, value);
  return line;
}

/**
 * @param {HTMLElement} line
 * @param {string} name
 * @param {string} value
 */
function fill(line, name, value) {
  const [first, second] = controls(line);
  if (document.activeElement !== first && first.value !== name) first.value = name;
  if (document.activeElement !== second && second.value !== value) second.value = value;
}

/**
 * Return the rows of a group for lenses.js. A suggestion without a value counts as empty.
 * @param {HTMLElement} group
 * @returns {RowLine[]}
 */
export function rowsOf(group) {
  return lines(group).map((line) => {
    const [name, value] = controls(line);
    const origin = originOf(line);
    const offered = line.querySelector("[name$=-offered]") && !value.value && origin === null;
    return { line, name: offered ? "" : name.value, value: value.value, origin };
  });
}

/** @param {HTMLElement} line */
function originOf(line) {
  if (line.dataset.origin === undefined) {
    const match = /-o(\d+)-name$/.exec(controls(line)[0].name);
    line.dataset.origin = match ? match[1] : "";
  }
  return line.dataset.origin === "" ? null : Number(line.dataset.origin);
}

/**
 * Store where each row stands in the text after a write.
 * @param {RowLine[]} rows
 * @param {Origins} origins
 */
export function setOrigins(rows, origins) {
  rows.forEach((row, index) => (row.line.dataset.origin = String(origins[index] ?? "")));
}

/**
 * Show the rows of the text. No caret moves, and empty lines stay.
 * @param {HTMLElement} group
 * @param {Row[]} rows
 */
export function refresh(group, rows) {
  const boundLines = lines(group).filter((line) => originOf(line) !== null);
  boundLines.sort((first, second) => Number(originOf(first)) - Number(originOf(second)));
  const freeLines = lines(group).filter((line) => originOf(line) === null);
  rows.forEach((row, index) => {
    let line = boundLines[index];
    if (!line) {
      // The line that is being written, which has made this row, or one that is offered for it.
      const match = freeLines.find((candidate) => {
        const [name, value] = controls(candidate);
        return row.name && name.value === row.name && (!value.value || value.value === row.value);
      });
      line = match ?? freeLines.find(isEmpty) ?? addLine(group);
      freeLines.splice(freeLines.indexOf(line), freeLines.includes(line) ? 1 : 0);
    }
    line.dataset.origin = String(row.origin);
    fill(line, row.name, row.value);
  });
  for (const line of boundLines.slice(rows.length)) {
    if (line.contains(document.activeElement)) line.dataset.origin = "";
    else line.remove();
  }
}

/**
 * Return the pairs of a text of KEY=value lines as in env files: with export, quotes and comments.
 * @param {string} text
 */
export function pairs(text) {
  /** @type {[name: string, value: string][]} */
  const found = [];
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (!line.trim() || line.trim().startsWith("#")) continue;
    const pair = /^\s*(?:export\s+)?([A-Za-z_][\w.:/-]*)\s*=\s*(.*?)\s*$/.exec(line);
    if (!pair) return [];
    const quoted = /^(["'])(.*)\1$/.exec(pair[2]);
    found.push([pair[1], quoted ? quoted[2] : pair[2]]);
  }
  return found.slice(0, MAX_PASTED_ROWS);
}

/**
 * Handle the buttons and pastes of all groups in `pane`; `onChange(group)` is called after a change.
 * @param {HTMLElement} pane
 * @param {(group: HTMLElement) => void} onChange
 */
export function watch(pane, onChange) {
  pane.addEventListener("click", (event) => {
    const group = closest(event, "[data-rows]");
    if (!group) return;
    if (closest(event, "[data-add]")) addLine(group).querySelector("input")?.focus();

    const line = closest(event, "[data-remove]") && closest(event, "[data-line]");
    if (!line) return;
    const neighbour = line.nextElementSibling ?? line.previousElementSibling;
    /** @type {HTMLElement | null} */
    const next = neighbour?.querySelector("[data-remove]") ?? group.querySelector("[data-add]");
    announce(`Removed ${line.querySelector("input")?.value || "a row"}.`);
    line.remove();
    next?.focus();
    onChange(group);
  });

  pane.addEventListener("paste", (event) => {
    const line = closest(event, "[data-line]");
    const group = line?.closest("[data-rows]");
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const pasted = line && event.target === line.querySelector("input") ? pairs(text) : [];
    if (!pasted.length || !line || !(group instanceof HTMLElement)) return;
    event.preventDefault();
    const knownLines = lines(group);
    for (const [name, value] of pasted) {
      const sameName = knownLines.find((candidate) => candidate.querySelector("input")?.value === name);
      const target = sameName ?? (isEmpty(line) ? line : knownLines.find(isEmpty));
      if (target) {
        const [first, second] = controls(target);
        first.value = name;
        second.value = value;
      } else {
        knownLines.push(addLine(group, name, value));
      }
    }
    announce(`${pasted.length} ${pasted.length === 1 ? "row" : "rows"} added.`);
    onChange(group);
  });
}
