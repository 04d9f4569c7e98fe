// Copy buttons: an id, the text of an element, or a text from another script (event "copy-text"). The result is announced
// to screen readers too.

/** @param {string} text */
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  /** @type {HTMLElement | null} */
  const button = event.target.closest("[data-copy], [data-copy-from]");
  if (!button) return;
  const { copy: text, copyFrom: id = "" } = button.dataset;
  copy(button, text ?? document.getElementById(id)?.textContent ?? "");
});
document.addEventListener("copy-text", ({ detail: { button, text } }) => copy(button, text));

/**
 * @param {HTMLElement} button
 * @param {string} text
 */
async function copy(button, text) {
  const copied = await writeClipboard(text);
  button.classList.toggle("copied", copied);
  announce(copied ? "Copied." : "Couldn't copy. Select the text and copy it manually.");
  setTimeout(() => button.classList.remove("copied"), 1500);
}

/** @param {string} text */
async function writeClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Browsers hide the clipboard over plain HTTP except on localhost; execCommand still works there.
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "visually-hidden";
    document.body.append(area);
    area.select();
    const copied = document.execCommand("copy");
    area.remove();
    return copied;
  }
}
