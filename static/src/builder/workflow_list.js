// The list of steps on the form of a workflow. A short list has a row for each step; of a long one only the rows in view
// are on the page, at a fixed height, and a field finds steps by name.

import { find } from "./elements.js";

/** @import { WorkflowStep } from "./types.js" */

export const LONG_ABOVE = 60; // steps
const ROWS_AROUND = 6; // rows drawn above and below what is in view
const DEFAULT_ROW_HEIGHT = 56;

export class StepList {
  /** @type {WorkflowStep[]} */
  #steps = [];
  /** @type {number[]} steps that the search leaves, in order */
  #found = [];
  /** @type {Map<number, HTMLElement>} rows on the page by their steps */
  #rows = new Map();
  #isRendering = false;
  #revealed = -1;
  // Of the list as it was last measured: to read them after a change lays out the page.
  #rowHeight = 0;
  #boxHeight = 0;
  #top = 0;

  /**
   * @param {HTMLElement} form
   * @param {(row: HTMLElement, step: number) => void} fill
   */
  constructor(form, fill) {
    this.fill = fill;
    this.list = find(form, "[data-step-list]", HTMLElement);
    this.box = find(form, "[data-step-scroll]", HTMLElement);
    this.template = find(form, "[data-step-template]", HTMLTemplateElement);
    this.search = find(form, "[data-step-search]", HTMLInputElement);
    this.noMatch = find(form, "[data-step-no-match]", HTMLElement);
    this.box.addEventListener(
      "scroll",
      () => {
        this.#top = this.box.scrollTop;
        this.#renderSoon();
      },
      { passive: true },
    );
    this.search.addEventListener("input", (event) => {
      event.stopPropagation(); // it is no field of the document
      this.#scrollTo(0);
      this.show(this.#steps);
      if (!this.search.value) this.reveal(this.#revealed);
    });
    new ResizeObserver(() => {
      if (!this.isLong) return;
      this.#measure();
      this.#renderSoon();
    }).observe(this.box);
  }

  get isLong() {
    return this.#steps.length > LONG_ABOVE;
  }

  /** @param {WorkflowStep[]} steps */
  show(steps) {
    this.#steps = steps;
    this.search.hidden = !this.isLong;
    const wanted = this.isLong ? this.search.value.trim().toLowerCase() : "";
    this.#found = [...steps.keys()].filter((step) => !wanted || steps[step].name.toLowerCase().includes(wanted));
    this.noMatch.hidden = this.#found.length > 0 || !steps.length;
    this.box.classList.toggle("is-long", this.isLong);
    if (this.isLong && !this.#rowHeight) this.#measure();
    this.#render();
  }

  /**
   * The row of a step, which comes into view; null if the search leaves it out.
   * @param {number} step
   */
  reveal(step) {
    this.#revealed = step;
    const place = this.#found.indexOf(step);
    if (place < 0) return null;
    if (this.isLong) {
      const top = place * this.#rowHeight;
      const lowest = top + this.#rowHeight - this.#boxHeight;
      this.#scrollTo(Math.min(top, Math.max(this.#top, lowest)));
      this.#render();
    }
    return this.#rows.get(step) ?? null;
  }

  /**
   * The step of a row, or of anything in it; -1 if it is in none.
   * @param {Element | null} element
   */
  stepOf(element) {
    const row = element?.closest("[data-step-list] > *");
    for (const [step, other] of this.#rows) if (other === row) return step;
    return -1;
  }

  #measure() {
    this.#rowHeight = parseFloat(getComputedStyle(this.list).getPropertyValue("--step-row")) || DEFAULT_ROW_HEIGHT;
    this.#boxHeight = this.box.clientHeight;
    this.#top = this.box.scrollTop;
  }

  /** @param {number} top */
  #scrollTo(top) {
    if (top === this.#top) return;
    this.#top = top;
    this.list.style.height = `${this.#found.length * this.#rowHeight}px`; // else it can't scroll there yet
    this.box.scrollTop = top;
  }

  #renderSoon() {
    if (this.#isRendering) return;
    this.#isRendering = true;
    requestAnimationFrame(() => {
      this.#isRendering = false;
      this.#render();
    });
  }

  #render() {
    const { isLong } = this;
    const height = isLong ? this.#rowHeight : 0;
    const inView = isLong ? this.#placesInView(height) : [...this.#found.keys()];
    const wanted = new Map(inView.map((place) => [this.#found[place], place]));
    for (const [step, row] of this.#rows) {
      if (wanted.has(step)) continue;
      const place = this.#found.indexOf(step);
      if (place >= 0 && row.contains(document.activeElement)) {
        wanted.set(step, place); // the focus stays where it is
        continue;
      }
      row.remove();
      this.#rows.delete(step);
    }
    /** @type {Element | null} */
    let next = this.list.firstElementChild;
    for (const [step, place] of [...wanted].sort(([, first], [, second]) => first - second)) {
      const row = this.#rows.get(step) ?? this.#newRow(step);
      if (row === next) next = row.nextElementSibling;
      else this.list.insertBefore(row, next);
      row.style.top = isLong ? `${place * height}px` : "";
      row.ariaSetSize = isLong ? String(this.#found.length) : null;
      row.ariaPosInSet = isLong ? String(place + 1) : null;
      this.fill(row, step);
    }
    this.list.style.height = isLong ? `${this.#found.length * height}px` : "";
  }

  /** @param {number} height of a row */
  #placesInView(height) {
    const first = Math.max(0, Math.floor(this.#top / height) - ROWS_AROUND);
    const rows = Math.ceil((this.#boxHeight || height) / height) + 2 * ROWS_AROUND;
    const last = Math.min(this.#found.length, first + rows);
    return Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
  }

  /** @param {number} step */
  #newRow(step) {
    const { firstElementChild } = document.importNode(this.template.content, true);
    if (!(firstElementChild instanceof HTMLElement)) throw new Error("The template has no row.");
    this.#rows.set(step, firstElementChild);
    return firstElementChild;
  }
}
