// Keyboard shortcuts. Ignored while someone types.

let first = "";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (!(event.target instanceof Element) || event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;

  const pair = first + event.key;
  first = event.key === "g" ? "g" : "";
  if (pair === "gj") follow("nav-jobs", event);
  else if (event.key === "n") follow("nav-new", event);
  else if (event.key === "?") showHelp();
  else if (event.key === "/") search(event);
});

function showHelp() {
  const dialog = document.getElementById("help");
  if (dialog instanceof HTMLDialogElement) dialog.showModal();
}

/** @param {KeyboardEvent} event */
function search(event) {
  /** @type {HTMLInputElement | null} */
  const input = document.querySelector("[data-search]");
  if (!input) return;
  event.preventDefault();
  input.focus();
  input.select();
}

/**
 * @param {string} id
 * @param {KeyboardEvent} event
 */
function follow(id, event) {
  const link = document.getElementById(id);
  if (!link) return;
  event.preventDefault();
  link.click();
}
