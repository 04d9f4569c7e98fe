// The switch Form · Both · JSON. A form shows its panes; the JSON page opens the form of its document.

import { whyNotShown } from "./fields.js";
import { kindOf } from "./toolbar.js";

const VIEWS = ["form", "both", "json"];

/**
 * Return why no form can show the text; "" if one can. `kind` is "any" on the JSON page.
 * @param {string} text
 * @param {string} kind
 */
export function whyNoForm(text, kind) {
  if (kind !== "any") return whyNotShown(text, kind);
  if (!text.trim()) return "Write or paste a document first.";
  const documentKind = kindOf(text);
  if (!documentKind && !/^\s*[{[]/.test(text)) return ""; // another format, which the portal reads
  return whyNotShown(text, documentKind || "submission");
}

export class ViewSwitch {
  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.kind = form.dataset.builder ?? "";
    this.choice = document.querySelector("[data-panes-choice]");
    const stored = readChoice();
    if (form.dataset.panes && VIEWS.includes(stored)) this.show(stored);
    this.choice?.addEventListener("change", (event) => {
      if (event.target instanceof HTMLInputElement) this.#choose(event.target.value);
    });
  }

  /**
   * Show the panes of a view, without storing the choice.
   * @param {string} view
   */
  show(view) {
    this.form.dataset.panes = view;
    for (const radio of this.#radios) radio.checked = radio.value === view;
  }

  /**
   * Offer the views that can show the text, and say why not the others.
   * @param {string} text
   */
  update(text) {
    if (!this.choice) return;
    const reason = whyNoForm(text, this.kind);
    const isAny = this.kind === "any";
    for (const radio of this.#radios) {
      radio.disabled = Boolean(reason) && (radio.value === "form" || (isAny && radio.value === "both"));
      radio.title = radio.disabled ? reason : "";
    }
    const note = this.choice.querySelector("[data-panes-reason]");
    if (!note) return;
    note.textContent = reason;
  }

  get #radios() {
    return this.choice?.querySelectorAll("input") ?? [];
  }

  /** @param {string} view */
  #choose(view) {
    storeChoice(view);
    if (this.form.dataset.panes) this.show(view);
    /** @type {HTMLButtonElement | null} */
    const openForm = this.form.querySelector("[data-open-form]");
    if (openForm && view !== "json") this.form.requestSubmit(openForm);
  }
}

function readChoice() {
  try {
    return localStorage.getItem("panes") ?? "";
  } catch {
    return ""; // storage can be forbidden; the page still has panes
  }
}

/** @param {string} view */
function storeChoice(view) {
  try {
    localStorage.setItem("panes", view);
  } catch {
    // it holds for this page only
  }
}
