// The server's validation result: markers in the editor and at fields, announcements for screen readers, and a message
// when no result came.

import { announce } from "./announce.js";

/** @import { Marker } from "./types.js" */

/**
 * Return the markers of the page, or of the last response.
 * @returns {Marker[]}
 */
export function readMarkers() {
  const element = document.getElementById("markers");
  return JSON.parse(element?.textContent ?? "[]");
}

/**
 * Mark invalid fields as such, and show the value of the definition as placeholder.
 * @param {HTMLFormElement} form
 */
export function markFields(form) {
  for (const problems of form.querySelectorAll(".field-problems")) {
    const control = document.getElementById(problems.id.replace("problems-", "f-"));
    if (!control) continue;
    if (problems.querySelector(".field-problem:not(.is-warning)")) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
    const hint = document.getElementById(problems.id.replace("problems-", "help-"))?.querySelector(".hint-value");
    if (hint && "placeholder" in control) control.placeholder = hint.textContent;
  }
}

/**
 * Return a function that announces what the panel shows, if it has changed.
 * @param {HTMLElement} panel
 * @param {() => Element | null} sentence
 */
export function announcer(panel, sentence) {
  let previous = "";
  return () => {
    const texts = [panel.querySelector(".st"), panel.querySelector("h2"), sentence()].map((element) => element?.textContent?.trim());
    const summary = texts.filter(Boolean).join(". ");
    if (summary && summary !== previous && previous) announce(summary);
    previous = summary;
  };
}

/** @type {Record<number, string>} */
const MESSAGES_BY_STATUS = {
  401: "You're signed out. Sign in in another tab; your text stays here.",
  403: "This page has expired. Reload it; your text stays in this browser.",
  413: "The document is too large to validate.",
  429: "Too many checks in the last minute. Your next change is checked again.",
};
const NOT_VALIDATED = "The portal couldn't validate this version. It's validated again when you submit.";

/**
 * Show in the panel that a version was not validated, so that it does not go on praising it.
 * @param {HTMLElement} requester
 * @param {HTMLElement} panel
 * @param {() => void} onFailure
 */
export function watchFailures(requester, panel, onFailure) {
  for (const failure of /** @type {const} */ (["htmx:responseError", "htmx:sendError"])) {
    document.addEventListener(failure, (event) => {
      if (event.target !== requester) return;
      let note = panel.querySelector(".feedback-rejection");
      if (!note) {
        note = document.createElement("p");
        note.className = "feedback-rejection";
        const head = panel.querySelector(".feedback-head");
        if (head) head.after(note);
        else panel.prepend(note);
      }
      note.textContent = MESSAGES_BY_STATUS[event.detail.xhr?.status ?? 0] ?? NOT_VALIDATED;
      onFailure();
    });
  }
}
