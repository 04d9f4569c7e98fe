// Drafts in this browser's storage, for texts that the portal could not save.

/** @typedef {{at: string, entries: [name: string, value: string][]}} LocalDraft */

/**
 * Save in this browser. False if its storage is full or forbidden.
 * @param {string} storageKey
 * @param {FormData} data
 */
export function saveLocally(storageKey, data) {
  try {
    const entries = [...data].filter(([name]) => name !== "csrfmiddlewaretoken" && name !== "do");
    sessionStorage.setItem(storageKey, JSON.stringify({ at: new Date().toISOString(), entries }));
    return true;
  } catch {
    return false;
  }
}

/** @param {string} storageKey */
export function removeLocal(storageKey) {
  try {
    sessionStorage.removeItem(storageKey);
  } catch {
    // storage is forbidden
  }
}

/**
 * Return the draft that this browser has, if any.
 * @param {string} storageKey
 * @returns {LocalDraft | null}
 */
export function readLocal(storageKey) {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey) ?? "null");
  } catch {
    return null;
  }
}

/**
 * Whether the page already shows the draft of this browser.
 * @param {HTMLFormElement} form
 * @param {LocalDraft} draft
 */
export function isOnPage(form, draft) {
  const name = form.elements.namedItem("document") ? "document" : "text";
  const localText = draft.entries.find((entry) => entry[0] === name)?.[1];
  const [local, shown] = [localText, new FormData(form).get(name)].map((text) => String(text ?? "").replace(/\r\n?/g, "\n"));
  return local === shown;
}
