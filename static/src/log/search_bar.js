// The search field of a log, its count, and its keys.

import { find } from "../../js/dom.js";
import { MAX_MATCHES, positionFrom } from "./matches.js";

/** @typedef {import("./search.js").LogSearch} LogSearch */
/**
 * @typedef {object} Actions
 * @property {(line: number) => void} show
 * @property {() => number} topLine
 * @property {() => void} restart shows other rows
 */

const TYPING_MS = 250;

/** @param {number} value */
const formatted = (value) => value.toLocaleString("en");

export class SearchBar {
  /**
   * @param {HTMLElement} box
   * @param {LogSearch} search
   * @param {Actions} actions
   */
  constructor(box, search, actions) {
    this.box = box;
    this.search = search;
    this.actions = actions;
    this.announced = "";
    this.field = find(box, "[data-log-search]", HTMLInputElement);
    this.count = find(box, "[data-log-count]", HTMLElement);
    this.cancelButton = find(box, "[data-log-cancel]", HTMLButtonElement);
    this.previousButton = find(box, "[data-log-previous]", HTMLButtonElement);
    this.nextButton = find(box, "[data-log-next]", HTMLButtonElement);
    this.onlyButton = find(box, "[data-log-only]", HTMLButtonElement);
    this.errorsButton = find(box, "[data-log-errors]", HTMLButtonElement);
    this.current = -1;
    this.typing = 0;
    this.field.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = window.setTimeout(() => this.repeat(), TYPING_MS);
    });
    this.previousButton.addEventListener("click", () => this.step(-1));
    this.nextButton.addEventListener("click", () => this.step(1));
    this.cancelButton.addEventListener("click", () => (search.isRunning ? search.cancel() : search.resume()));
    for (const button of [this.onlyButton, this.errorsButton]) {
      button.addEventListener("click", () => {
        button.setAttribute("aria-pressed", String(button.ariaPressed !== "true"));
        if (button === this.errorsButton) this.repeat();
        else actions.restart();
      });
    }
    search.addEventListener("change", () => this.update());
    box.addEventListener("keydown", (event) => this.press(event));
    this.update();
  }

  get showsErrors() {
    return this.errorsButton.ariaPressed === "true";
  }

  /** Whether rows are those that match only. */
  get isFiltering() {
    return this.showsErrors || (this.onlyButton.ariaPressed === "true" && this.search.text !== "");
  }

  /** @param {string} text that the address asks for */
  find(text) {
    if (!text) return;
    this.field.value = text;
    this.repeat();
  }

  /** Search for what is in the field now. */
  repeat() {
    clearTimeout(this.typing);
    this.current = -1;
    this.search.start(this.field.value, this.showsErrors);
    this.actions.restart();
  }

  /** @param {1 | -1} direction */
  step(direction) {
    const { matches } = this.search;
    if (!matches.length) return;
    if (this.current < 0) this.current = positionFrom(matches, this.actions.topLine()) - (direction > 0 ? 1 : 0);
    this.current = (this.current + direction + matches.length) % matches.length;
    this.actions.show(matches[this.current]);
    this.update();
  }

  update() {
    const { search } = this;
    const [isActive, found] = [search.isActive, search.matches.length];
    this.openFirst();
    this.previousButton.disabled = this.nextButton.disabled = !found;
    this.onlyButton.disabled = !search.text;
    this.cancelButton.hidden = !search.isRunning && !search.isCancelled;
    this.cancelButton.textContent = search.isRunning ? "Cancel" : "Continue";
    this.count.textContent = isActive ? this.describe() : "";
    if (isActive && !search.isRunning) this.announce(this.describe());
  }

  /** Go to the first match below the top of the window as soon as it is known, else to the last one. */
  openFirst() {
    const { search } = this;
    if (this.current >= 0 || !search.text || !search.matches.length) return;
    const position = positionFrom(search.matches, this.actions.topLine());
    if (position === search.matches.length && search.isRunning) return;
    this.current = Math.min(position, search.matches.length - 1);
    this.actions.show(search.matches[this.current]);
  }

  describe() {
    const { search } = this;
    const found = search.matches.length;
    const total = found >= MAX_MATCHES ? `${formatted(MAX_MATCHES)}+` : formatted(found);
    if (search.hasFailed) return "The search stopped. Type again to repeat it.";
    if (search.isRunning) return `${total} found, ${formatted(search.next)} of ${formatted(search.total)} lines searched`;
    if (search.isCancelled) return `${total} in the first ${formatted(search.next)} lines`;
    if (!found) return search.text ? "No matches" : "No lines with errors";
    if (this.current >= 0) return `${formatted(this.current + 1)} of ${total}`;
    return search.text ? `${total} match${found === 1 ? "" : "es"}` : `${total} line${found === 1 ? "" : "s"} with errors`;
  }

  /** @param {string} message */
  announce(message) {
    if (message === this.announced) return;
    this.announced = message;
    document.dispatchEvent(new CustomEvent("announce", { detail: message }));
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const isField = event.target === this.field;
    if ((event.ctrlKey || event.metaKey) && event.key === "f" && !isField) this.open(event);
    else if (event.ctrlKey || event.metaKey || event.altKey) return;
    else if (isField) this.pressInField(event);
    else if (event.target instanceof HTMLSelectElement) return;
    else if (event.key === "/") this.open(event);
    else if (event.key === "n" || event.key === "N") {
      event.preventDefault();
      this.step(event.key === "n" ? 1 : -1);
    }
  }

  /** @param {KeyboardEvent} event */
  pressInField(event) {
    if (event.key === "Enter") {
      event.preventDefault();
      if (this.field.value !== this.search.text) this.repeat();
      else this.step(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && this.field.value) {
      event.preventDefault();
      this.field.value = "";
      this.repeat();
      find(this.box, "[data-lines]", HTMLElement).focus();
    }
  }

  /** @param {KeyboardEvent} event */
  open(event) {
    event.preventDefault();
    this.field.focus();
    this.field.select();
  }
}
