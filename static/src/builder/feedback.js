// What the judge answers: marks in the editor and at fields, words for those who do not see the page change, and the
// truth about an answer that did not come.

import { announce } from "./announce.js";

/** The marks that came with the page, or with the last answer. */
export function marks() {
  const found = document.getElementById("markers");
  return found ? JSON.parse(found.textContent) : [];
}

/** Let fields that are wrong announce so, and hint at what the definition has. */
export function markFields(form) {
  for (const said of form.querySelectorAll(".field-problems")) {
    const control = document.getElementById(said.id.replace("problems-", "f-"));
    if (!control) continue;
    if (said.querySelector(".field-problem:not(.is-warning)")) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
    const hint = document.getElementById(said.id.replace("problems-", "help-"))?.querySelector(".hint-value");
    if (hint && "placeholder" in control) control.placeholder = hint.textContent;
  }
}

/** Say what the panel shows now, if that is news. */
export function announcer(panel, sentence) {
  let before = "";
  return () => {
    const words = [panel.querySelector(".st"), panel.querySelector("h2"), sentence()].map((each) => each?.textContent.trim());
    const news = words.filter(Boolean).join(". ");
    if (news && news !== before && before) announce(news);
    before = news;
  };
}

const WHY = {
  401: "You are signed out. Sign in in another tab; what you wrote stays here.",
  413: "The text is too large to be judged.",
  429: "This was checked too often in the last minute. Wait a little; your next change is checked again.",
};
const NOT_JUDGED = "The portal could not judge this version. It is judged again when you send it.";

/** The panel must not go on praising what it has not seen. */
export function watchFailures(asking, panel, failed) {
  for (const failure of ["htmx:responseError", "htmx:sendError"]) {
    document.addEventListener(failure, (event) => {
      if (event.target !== asking) return;
      let note = panel.querySelector(".feedback-rejection");
      if (!note) {
        note = document.createElement("p");
        note.className = "feedback-rejection";
        const head = panel.querySelector(".feedback-head");
        if (head) head.after(note);
        else panel.prepend(note);
      }
      note.textContent = WHY[event.detail.xhr?.status] ?? NOT_JUDGED;
      failed();
    });
  }
}
