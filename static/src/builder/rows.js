// Rows of names and values: an environment, tags. Lines that are added, taken away and pasted into, and lines that follow
// the text. A line knows which row of the text it is by `data-origin`; without it, the text does not have it (yet).

import { announce } from "./announce.js";

const MOST_PASTED = 200;
let added = 0;

const controls = (line) => [...line.querySelectorAll("input:not([type=hidden]), textarea")];
const isEmpty = (line) => controls(line).every((control) => !control.value);
export const lines = (group) => [...group.querySelectorAll("[data-line]")];

export function addLine(group, name = "", value = "") {
  const copy = group.querySelector("template").content.cloneNode(true);
  added += 1;
  for (const control of copy.querySelectorAll("[name]")) control.name = control.name.replace("-NEW-", `-n${1000 + added}-`);
  const line = copy.querySelector("[data-line]");
  group.querySelector("[data-list]").append(copy);
  fill(line, name, value);
  return line;
}

function fill(line, name, value) {
  const [first, second] = controls(line);
  if (document.activeElement !== first && first.value !== name) first.value = name;
  if (document.activeElement !== second && second.value !== value) second.value = value;
}

/** The rows of a group as lenses.js takes them. What is offered says nothing while it has no value. */
export function rowsOf(group) {
  return lines(group).map((line) => {
    const [name, value] = controls(line);
    const origin = originOf(line);
    const offered = line.querySelector("[name$=-offered]") && !value.value && origin === null;
    return { line, name: offered ? "" : name.value, value: value.value, origin };
  });
}

function originOf(line) {
  if (line.dataset.origin === undefined) {
    const found = /-o(\d+)-name$/.exec(controls(line)[0].name);
    line.dataset.origin = found ? found[1] : "";
  }
  return line.dataset.origin === "" ? null : Number(line.dataset.origin);
}

/** After the text was written: where each row stands in it now. */
export function settle(rows, origins) {
  rows.forEach((row, index) => (row.line.dataset.origin = origins[index] ?? ""));
}

/** The lines as the text has them. Nobody's caret moves, and empty lines stay for what comes next. */
export function follow(group, rows) {
  const known = lines(group).filter((line) => originOf(line) !== null);
  known.sort((one, other) => originOf(one) - originOf(other));
  const free = lines(group).filter((line) => originOf(line) === null);
  rows.forEach((row, index) => {
    let line = known[index];
    if (!line) {
      // The line that is being written, which has made this row, or one that is offered for it.
      const meant = free.find((each) => {
        const [name, value] = controls(each);
        return row.name && name.value === row.name && (!value.value || value.value === row.value);
      });
      line = meant ?? free.find(isEmpty) ?? addLine(group);
      free.splice(free.indexOf(line), free.includes(line) ? 1 : 0);
    }
    line.dataset.origin = row.origin;
    fill(line, row.name, row.value);
  });
  for (const line of known.slice(rows.length)) {
    if (line.contains(document.activeElement)) line.dataset.origin = "";
    else line.remove();
  }
}

/** KEY=value, as env files and shells have it: with export, with quotes, with comments between. */
export function pairs(text) {
  const found = [];
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (!line.trim() || line.trim().startsWith("#")) continue;
    const pair = /^\s*(?:export\s+)?([A-Za-z_][\w.:/-]*)\s*=\s*(.*?)\s*$/.exec(line);
    if (!pair) return [];
    const quoted = /^(["'])(.*)\1$/.exec(pair[2]);
    found.push([pair[1], quoted ? quoted[2] : pair[2]]);
  }
  return found.slice(0, MOST_PASTED);
}

/** Buttons and pastes of all groups in `pane`. `written(group)` is told of what they change. */
export function watch(pane, written) {
  pane.addEventListener("click", (event) => {
    const adds = event.target.closest("[data-add]");
    if (adds) addLine(adds.closest("[data-rows]")).querySelector("input").focus();

    const removes = event.target.closest("[data-remove]");
    if (!removes) return;
    const line = removes.closest("[data-line]");
    const group = line.closest("[data-rows]");
    const beside = line.nextElementSibling ?? line.previousElementSibling;
    const next = beside?.querySelector("[data-remove]") ?? group.querySelector("[data-add]");
    announce(`Removed ${line.querySelector("input").value || "a row"}.`);
    line.remove();
    next.focus();
    written(group);
  });

  pane.addEventListener("paste", (event) => {
    const line = event.target.closest("[data-line]");
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const found = line && event.target === line.querySelector("input") ? pairs(text) : [];
    if (!found.length) return;
    event.preventDefault();
    const group = line.closest("[data-rows]");
    const known = lines(group);
    for (const [name, value] of found) {
      const same = known.find((each) => each.querySelector("input").value === name);
      const target = same ?? (isEmpty(line) ? line : known.find(isEmpty));
      if (target) {
        const [first, second] = controls(target);
        first.value = name;
        second.value = value;
      } else {
        known.push(addLine(group, name, value));
      }
    }
    announce(`${found.length} ${found.length === 1 ? "row" : "rows"} filled in.`);
    written(group);
  });
}
