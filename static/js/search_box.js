// Suggestions and problems below the search of a list, as a combobox (ARIA Authoring Practices: editable, with list
// autocomplete). The server suggests what can stand at the caret. Without this script the search is a plain form.

import { problemsBelow } from "./search_problems.js";

const WAIT_MS = 120;

/**
 * @typedef {object} Suggestion
 * @property {string} text what it puts into the search
 * @property {string} help
 * @property {number} start of the part that it replaces, in characters, of which some are two code units
 * @property {number} end
 */

/**
 * The search with a suggestion in its place, and where the caret stands then. A value is followed by a space.
 * @param {string} text
 * @param {Suggestion} suggestion
 * @returns {[text: string, caret: number]}
 */
export function insert(text, { text: part, start, end }) {
  const characters = [...text];
  const rest = characters.slice(end).join("");
  const gap = /[:<>=.]$/.test(part) ? "" : " ";
  const beginning = characters.slice(0, start).join("") + part + gap;
  return [beginning + (gap ? rest.trimStart() : rest), beginning.length];
}

/** @type {HTMLFormElement | null} */
const searchForm = document.querySelector("[data-suggestions]");
const searchInput = searchForm?.querySelector("[data-search]");
const listbox = searchForm?.querySelector("[role=listbox]");
const typedProblems = searchForm?.querySelector("[data-typed-problems]");
if (searchForm && searchInput instanceof HTMLInputElement && listbox instanceof HTMLElement && typedProblems instanceof HTMLElement) {
  watch(searchForm, searchInput, listbox, problemsBelow(searchForm, searchInput, typedProblems));
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLInputElement} input
 * @param {HTMLElement} list
 * @param {(html: string) => void} showProblems
 */
function watch(form, input, list, showProblems) {
  /** @type {Suggestion[]} */
  let suggestions = [];
  let current = -1;
  let timer = 0;
  let round = 0;

  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  function close() {
    round += 1; // an answer that comes later is dropped
    clearTimeout(timer);
    suggestions = [];
    list.hidden = true;
    select(-1);
    input.setAttribute("aria-expanded", "false");
  }

  /** @param {number} position */
  function select(position) {
    current = position;
    [...list.children].forEach((option, number) => option.setAttribute("aria-selected", String(number === position)));
    const option = list.children[position];
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else input.removeAttribute("aria-activedescendant");
  }

  function show() {
    list.replaceChildren(...suggestions.map(optionOf));
    list.hidden = !suggestions.length;
    input.setAttribute("aria-expanded", String(Boolean(suggestions.length)));
    select(-1);
  }

  async function ask() {
    round += 1;
    const own = round;
    const caret = [...input.value.slice(0, input.selectionStart ?? input.value.length)].length;
    const parameters = new URLSearchParams({ search: input.value, caret: String(caret) });
    const scope = form.elements.namedItem("scope");
    if (scope instanceof HTMLInputElement) parameters.set("scope", scope.value);
    try {
      const response = await fetch(`${form.dataset.suggestions}?${parameters}`, { headers: { "X-Requested-With": "fetch" } });
      const answer = response.ok ? await response.json() : { suggestions: [], problems: "" };
      if (own !== round || document.activeElement !== input) return;
      suggestions = answer.suggestions;
      show();
      showProblems(answer.problems);
    } catch {
      if (own === round) close(); // the search works without suggestions
    }
  }

  function askSoon() {
    clearTimeout(timer);
    timer = window.setTimeout(ask, WAIT_MS);
  }

  /** @param {number} position */
  function take(position) {
    const [text, caret] = insert(input.value, suggestions[position]);
    close();
    input.value = text;
    input.setSelectionRange(caret, caret);
    input.focus();
    askSoon();
  }

  input.addEventListener("input", askSoon);
  input.addEventListener("focus", askSoon);
  input.addEventListener("click", askSoon);
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const last = suggestions.length - 1;
    if (event.key === "ArrowDown" && last < 0) askSoon();
    else if (last < 0) return;
    else if (event.key === "ArrowDown") select(current < last ? current + 1 : 0);
    else if (event.key === "ArrowUp") select(current > 0 ? current - 1 : last);
    else if (event.key === "Enter" && current >= 0) take(current);
    else if (event.key === "Tab" && current >= 0 && !event.shiftKey) take(current);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
  });
  list.addEventListener("mousedown", (event) => {
    event.preventDefault(); // the focus stays in the search
    const option = event.target instanceof Element ? event.target.closest("[role=option]") : null;
    if (option) take([...list.children].indexOf(option));
  });
}

/**
 * @param {Suggestion} suggestion
 * @param {number} position
 */
function optionOf(suggestion, position) {
  const option = document.createElement("div");
  option.id = `search-suggestion-${position}`;
  option.className = "suggestion";
  option.setAttribute("role", "option");
  option.setAttribute("aria-selected", "false");
  const label = document.createElement("span");
  label.className = "suggestion-text";
  label.textContent = suggestion.text;
  const help = document.createElement("span");
  help.className = "suggestion-help";
  help.textContent = suggestion.help;
  option.append(label, help);
  return option;
}
