// The log of a job, a child job or a node. It opens at the end and follows while lines come; scrolling up pauses it. Lines
// are fetched by their numbers, and the page has only those around the window.

import { find } from "../../js/dom.js";
import { check, poll } from "../../js/poll.js";
import { Choice } from "./choice.js";
import { LineStore } from "./line_store.js";
import { buildRows } from "./rows.js";
import { LogSearch } from "./search.js";
import { SearchBar } from "./search_bar.js";
import { VirtualRows } from "./virtual_rows.js";
import { positionFrom } from "./matches.js";

/** @typedef {import("./types").Line} Line */
/** @typedef {import("./types").LinesAnswer} LinesAnswer */
/** @typedef {import("./types").MatchesAnswer} MatchesAnswer */

const POLL_INTERVAL_MS = 2000;
const READ_PAUSE_MS = 100; // between two requests while the portal reads a long log

const box = find(document, "[data-log]", HTMLElement);
const pane = find(box, "[data-lines]", HTMLElement);
const note = find(box, "[data-notice]", HTMLElement);
const progress = find(box, "[data-progress]", HTMLElement);
const jump = find(box, "[data-jump]", HTMLButtonElement);
/** @type {NodeListOf<HTMLElement>} */
const toggles = box.querySelectorAll("[data-toggle]");

const store = new LineStore();
const rows = new VirtualRows(pane, find(box, "[data-space]", HTMLElement), build);
const search = new LogSearch(async (query, signal) => await request("matches/", query, signal));
const bar = new SearchBar(box, search, { show: showMatch, topLine: () => topLine, restart: showList });
const choice = new Choice(box, restart);

/** @type {LinesAnswer} */
let state = { count: 0, numbered: false, live: true, problem: "", lines: [] };
/** @type {Line[]} */
let end = []; // of a log whose lines aren't counted yet
let isOpen = false;
let hasNumbers = false; // rows keep their numbers while a log that has grown by much is read on
let unread = 0;
let generation = 0;
let selected = linkedLine();
let isSought = selected >= 0; // the line of the address has not been shown yet
let topLine = 0;

/**
 * @param {string} part
 * @param {Record<string, string>} query
 * @param {AbortSignal} [signal]
 */
async function request(part, query, signal) {
  const parameters = new URLSearchParams({ ...choice.query, ...query });
  const response = await fetch(`${box.dataset.log}${part}?${parameters}`, { headers: { "X-Requested-With": "fetch" }, signal });
  check(response);
  return await response.json();
}

// -- Which line is in which row

const showsEnd = () => !hasNumbers && !(selected >= 0 && state.count > selected);
const isFiltered = () => bar.isFiltering;

/** @param {number} index */
function numberAt(index) {
  if (isFiltered()) return search.matches[index];
  return showsEnd() ? end[index][0] : index;
}

/** @param {number} number */
const indexOf = (number) => (isFiltered() ? positionFrom(search.matches, number) : number);

function rowCount() {
  if (isFiltered()) return search.matches.length;
  return showsEnd() ? end.length : state.count;
}

/** @param {number[]} indexes */
function build(indexes) {
  const numbers = indexes.map(numberAt);
  const atEnd = showsEnd() && !isFiltered();
  const lines = indexes.map((index, position) => (atEnd ? end[index] : store.get(numbers[position])));
  const showsTimes = pane.classList.contains("times");
  return buildRows(lines, { numbers, search: search.text, showsTimes, selected });
}

async function loadVisible() {
  if (showsEnd() && !isFiltered()) return;
  const started = generation;
  const numbers = [...rows.elements.keys()].filter((index) => index < rowCount()).map(numberAt);
  numbers.sort((one, other) => one - other);
  for (const query of store.requestsFor(numbers, isFiltered())) {
    request("lines/", query).then(
      (answer) => {
        store.finish(query);
        if (started !== generation) return;
        store.add(answer.lines);
        rows.renew(answer.lines.map((/** @type {Line} */ line) => indexOf(line[0])));
      },
      () => {
        store.finish(query);
        if (started === generation) showNote("Couldn't load these lines. Scroll to try again.");
      },
    );
  }
}

// -- What the server says

async function ask() {
  const started = generation;
  do {
    const answer = await request("lines/", isOpen ? { known: String(state.count) } : {});
    if (started !== generation) return;
    receive(answer);
    if (state.numbered || state.problem) break;
    await new Promise((resolve) => setTimeout(resolve, READ_PAUSE_MS));
  } while (!document.hidden);
}

/** @param {LinesAnswer} answer */
function receive(answer) {
  const [before, grown, wasEnd] = [rowCount(), answer.count - state.count, isOpen && showsEnd()];
  const distance = before - rows.anchor.index;
  state = answer;
  hasNumbers ||= answer.numbered;
  if (answer.numbered) store.add(answer.lines);
  else if (answer.lines.length) end = answer.lines;
  showNote(answer.problem);
  showProgress();
  if (!isFiltered()) {
    if (wasEnd && !showsEnd() && !rows.isAtEnd) rows.anchor.index = Math.max(0, rowCount() - distance);
    if (isSought && !showsEnd() && state.count > selected) rows.isAtEnd = false;
    const isSameList = isOpen && wasEnd === showsEnd() && !(wasEnd && answer.lines.length);
    rows.setCount(rowCount(), (index) => isSameList && index < before);
    if (isSought && !showsEnd() && state.count > selected) {
      isSought = false;
      rows.show(selected);
    }
    if (isOpen && !wasEnd && grown > 0 && !rows.isAtEnd && hasNumbers) unread += grown;
  }
  isOpen = true;
  pane.style.setProperty("--log-digits", String(String(state.count).length));
  showUnread();
  search.proceed();
}

function showProgress() {
  const isReading = !state.numbered && !state.problem;
  progress.hidden = !isReading;
  progress.textContent = isReading ? `Counting lines: ${state.count.toLocaleString("en")} so far…` : "";
}

function showUnread() {
  if (rows.isAtEnd || isFiltered()) unread = 0;
  jump.hidden = !unread;
  find(jump, "span", HTMLElement).textContent = `${unread.toLocaleString("en")} new line${unread === 1 ? "" : "s"}`;
}

/** @param {string} message */
function showNote(message) {
  note.textContent = message;
  note.hidden = !message;
}

// -- What the reader does

/** Show all lines again, or those that match, around the same line. */
function showList() {
  const line = selected >= 0 ? selected : topLine;
  rows.setCount(rowCount());
  if (rowCount() && !rows.isAtEnd) rows.show(Math.min(indexOf(line), rowCount() - 1));
}

/** @param {number} line */
function showMatch(line) {
  const wasEnd = showsEnd();
  select(line);
  const index = indexOf(line);
  if (wasEnd !== showsEnd()) {
    rows.isAtEnd = false;
    rows.setCount(rowCount());
  }
  if (!rows.isVisible(index)) rows.show(index);
}

/** @param {number} line */
function select(line) {
  const before = selected;
  selected = line;
  history.replaceState(history.state, "", `${location.search}#L${line + 1}`);
  rows.renew([before, line].filter((each) => each >= 0).map(indexOf));
}

/** The line of the address, as #L12 or, from pages without scripts, ?line=12. */
function linkedLine() {
  const [, number] = /^#L(\d{1,8})$/.exec(location.hash) ?? [];
  return Number(number ?? new URLSearchParams(location.search).get("line") ?? 0) - 1;
}

function restart() {
  generation += 1;
  [isOpen, hasNumbers, unread, end] = [false, false, 0, []];
  state = { count: 0, numbered: false, live: true, problem: "", lines: [] };
  store.clear();
  rows.isAtEnd = true;
  rows.setCount(0);
  showNote("Loading the log…");
  bar.repeat();
  follow();
}

rows.addEventListener("move", () => {
  if (rows.count) topLine = Math.max(0, numberAt(rows.anchor.index));
  loadVisible();
  showUnread();
});
search.addEventListener("change", () => {
  if (!isFiltered()) return;
  const before = rows.count;
  rows.setCount(rowCount(), (index) => index < before);
});
jump.addEventListener("click", () => rows.toEnd());
pane.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-line]") : null;
  if (!(link instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  select(Number(link.dataset.line));
});
window.addEventListener("hashchange", () => {
  if (linkedLine() < 0) return;
  selected = linkedLine();
  isSought = true;
  if (hasNumbers) receive({ ...state, lines: [] });
});
for (const button of toggles) {
  button.addEventListener("click", () => {
    const name = button.dataset.toggle ?? "";
    const on = pane.classList.toggle(name);
    button.setAttribute("aria-pressed", String(on));
    if (name === "wraps") rows.setWrap(on);
    else rows.setCount(rowCount());
  });
}

const follow = poll({
  ask,
  goesOn: () => state.live || !state.numbered,
  onError: (status) => showNote(status === 401 ? "You're signed out. Reload the page." : "Couldn't load the log. It loads again in a moment."),
  interval: POLL_INTERVAL_MS,
});
rows.wraps = pane.classList.contains("wraps");
bar.find(new URLSearchParams(location.search).get("find") ?? "");
