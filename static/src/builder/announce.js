/**
 * Announce a text to screen readers. static/js/announce.js is the live region that listens; the scripts of static/js send
 * the event by themselves, since an import of this module would lack the hash in its name.
 * @param {string} text
 */
export const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));
