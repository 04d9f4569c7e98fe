// The draft of the JSON page in this browser: text that was not submitted is there when the page is opened again.

// server_drafts.js keeps another one, of all fields, for what the portal could not save; it also works without this bundle.

/** @param {HTMLFormElement} form */
const key = (form) => `draft:${form.dataset.draftKey}`;

/**
 * @param {HTMLFormElement} form
 * @param {string} text
 */
export function save(form, text) {
  try {
    if (text) sessionStorage.setItem(key(form), text);
    else sessionStorage.removeItem(key(form));
  } catch {
    // too large for the browser's storage, or storage is forbidden: there is no draft
  }
}

/** @param {HTMLFormElement} form */
export function load(form) {
  try {
    return sessionStorage.getItem(key(form)) ?? "";
  } catch {
    return "";
  }
}

/**
 * Mark the draft for removal by the next page, which shows that the text was accepted (menu.js).
 * @param {HTMLFormElement} form
 */
export function markSent(form) {
  try {
    sessionStorage.setItem("sent", form.dataset.draftKey ?? "");
  } catch {
    // storage is forbidden: there is no draft
  }
}
