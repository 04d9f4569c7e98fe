// The log on a job's page. It opens at the end and follows; scrolling up pauses it. Lines come from the server as HTML,
// which escapes them and colours ANSI codes.

import { find } from "./dom.js";
import { check, poll } from "./poll.js";

const box = find(document, "[data-log]", HTMLElement);
const pane = find(box, "[data-lines]", HTMLElement);
const text = find(box, "[data-text]", HTMLElement);
const older = find(box, "[data-older]", HTMLButtonElement);
const jump = find(box, "[data-jump]", HTMLButtonElement);
const note = find(box, "[data-notice]", HTMLElement);
const chooser = find(box, "[data-attempt]", HTMLSelectElement);
/** @type {NodeListOf<HTMLAnchorElement>} */
const files = box.querySelectorAll("[data-log-file]"); // a download is of the attempt that is shown
/** @type {NodeListOf<HTMLElement>} */
const toggles = box.querySelectorAll("[data-toggle]");
const POLL_INTERVAL_MS = 2000;
const MAX_LINES = 5000;
const FINAL_POLLS = 5; // CloudWatch is seconds behind: the last lines come after the job has ended

let newer = "";
let pollsLeft = FINAL_POLLS;
let unread = 0;
let generation = 0;
let shownAttempts = 0;
let isRunning = true; // what writes the log, as of the last answer

/** @returns {DOMStringMap | undefined} */
function liveState() {
  /** @type {HTMLElement | null} */
  const element = document.querySelector("[data-attempts]");
  return element?.dataset;
}

const atEnd = () => pane.scrollHeight - pane.scrollTop - pane.clientHeight < 24;
const toEnd = () => (pane.scrollTop = pane.scrollHeight);

/** @param {Record<string, string>} query */
async function fetchChunk(query) {
  const parameters = new URLSearchParams({ part: "lines", ...query });
  if (chooser.value) parameters.set("attempt", chooser.value);
  const response = await fetch(`${box.dataset.log}?${parameters}`, { headers: { "X-Requested-With": "fetch" } });
  check(response);
  const holder = document.createElement("template");
  holder.innerHTML = await response.text();
  return find(holder.content, ".log-chunk", HTMLElement);
}

async function ask() {
  const started = generation;
  const opening = !newer;
  const chunk = await fetchChunk(newer ? { after: newer } : {});
  if (started === generation) append(chunk, opening); // else another attempt has been chosen
}

function goesOn() {
  pollsLeft = isRunning ? FINAL_POLLS : pollsLeft - 1;
  if (pollsLeft <= 0 && !text.childElementCount && !note.textContent) showNote("No log output.");
  return pollsLeft > 0;
}

/** @param {number} status */
const onError = (status) => showNote(status === 401 ? "You're signed out. Reload the page." : "Couldn't load the log.");
/** @type {(() => Promise<void>) | undefined} */
let follow;

/**
 * @param {HTMLElement} chunk
 * @param {boolean} opening
 */
function append(chunk, opening) {
  const follows = opening || atEnd();
  const lines = chunk.childElementCount;
  newer = chunk.dataset.newer || newer;
  isRunning = Boolean(chunk.dataset.live);
  if (opening) setOlder(chunk.dataset.older);
  if (lines) text.append(...chunk.children);
  trim(follows);
  showNote(chunk.dataset.problem || (text.childElementCount || !isRunning ? "" : "No log output yet."));
  if (opening && older.dataset.token && pane.scrollHeight <= pane.clientHeight) {
    older.hidden = true; // probably this is the whole log
    loadOlder();
  }
  if (follows) {
    toEnd();
  } else if (lines) {
    unread += lines;
    jump.hidden = false;
    find(jump, "span", HTMLElement).textContent = `${unread} new line${unread === 1 ? "" : "s"} – jump to end`;
  }
}

/**
 * Bound the memory of a long log. Only lines that have scrolled away above are removed.
 * @param {boolean} follows
 */
function trim(follows) {
  if (!follows || text.childElementCount <= MAX_LINES) return;
  while (text.childElementCount > MAX_LINES) text.firstElementChild?.remove();
  setOlder("");
  older.hidden = true;
}

/** @param {string} token */
function setOlder(token = "") {
  older.dataset.token = token;
  older.hidden = !token;
}

/** @param {string} message */
function showNote(message) {
  note.textContent = message;
  note.hidden = !message;
}

async function loadOlder() {
  const started = generation;
  older.disabled = true;
  try {
    const chunk = await fetchChunk({ before: older.dataset.token ?? "" });
    if (started !== generation) return; // another attempt has been chosen
    const height = pane.scrollHeight;
    const token = chunk.dataset.older;
    text.prepend(...chunk.children);
    setOlder(token);
    pane.scrollTop += pane.scrollHeight - height; // keeps the lines in view in place
  } catch {
    showNote("Couldn't load older lines.");
    older.hidden = false;
  } finally {
    older.disabled = false;
  }
}

older.addEventListener("click", loadOlder);
pane.addEventListener("scroll", () => {
  if (!atEnd()) return;
  unread = 0;
  jump.hidden = true;
});
jump.addEventListener("click", toEnd);

for (const button of toggles) {
  button.addEventListener("click", () => {
    const end = atEnd();
    const on = pane.classList.toggle(button.dataset.toggle ?? "");
    button.setAttribute("aria-pressed", String(on));
    if (end) toEnd();
  });
}

function restart() {
  generation += 1;
  [newer, pollsLeft, unread] = ["", FINAL_POLLS, 0];
  text.replaceChildren();
  jump.hidden = true;
  setOlder("");
  showNote("Loading the log…");
  for (const file of files) {
    const query = new URLSearchParams(file.search);
    if (chooser.value) query.set("attempt", chooser.value);
    file.search = String(query);
  }
  if (follow) follow();
  else follow = poll({ ask, goesOn, onError, interval: POLL_INTERVAL_MS });
}

// The live part of the page carries the number of attempts; a new attempt is shown as soon as it starts.
function offerAttempts() {
  const count = Number(liveState()?.attempts || 0);
  if (count === shownAttempts) return;
  const first = shownAttempts === 0;
  shownAttempts = count;
  const options = Array.from({ length: count }, (_, index) => new Option(`${index + 1} of ${count}`, String(index + 1)));
  chooser.replaceChildren(...options);
  chooser.value = String(count);
  const label = chooser.closest("label");
  if (label) label.hidden = count < 2;
  if (!first || !text.childElementCount) restart();
}

chooser.addEventListener("change", restart);
document.addEventListener("htmx:afterSwap", offerAttempts);
offerAttempts();
if (!shownAttempts) restart();
