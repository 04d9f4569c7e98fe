/** Announce a text to screen readers. */
export const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

/** A random key. crypto.randomUUID is not available over plain HTTP. */
export function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
