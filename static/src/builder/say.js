/** Words for those who do not see the page change. */
export const say = (words) => document.dispatchEvent(new CustomEvent("say", { detail: words }));

/** A random key, where crypto.randomUUID is missing too: browsers hide it over plain HTTP. */
export function freshKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
