// Keyboard shortcuts. Ignored while someone types. A link with data-go is opened by g and that key; the help lists them.

const PAIR_MS = 1500;
const TYPING = "input, textarea, select, [contenteditable], dialog[open]";

let startedAt = -Infinity;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (!(event.target instanceof Element) || event.target.closest(TYPING)) return;

  const isPair = event.timeStamp - startedAt < PAIR_MS;
  startedAt = event.key === "g" && !isPair ? event.timeStamp : -Infinity;
  if (isPair) follow(goLinks().find((link) => link.dataset.go === event.key), event);
  else if (event.key === "n") follow(document.getElementById("nav-new"), event);
  else if (event.key === "?") showHelp();
  else if (event.key === "/") search(event);
});

/** @returns {HTMLAnchorElement[]} */
function goLinks() {
  return [...document.querySelectorAll("a")].filter((link) => link.dataset.go);
}

// The pages that this person has, as the menu names them.
const list = document.querySelector("#help [data-go-list]");
for (const link of list ? goLinks() : []) {
  const row = document.createElement("div");
  const keys = document.createElement("dt");
  for (const key of ["g", link.dataset.go ?? ""]) {
    const cap = document.createElement("kbd");
    cap.textContent = key;
    keys.append(cap, " ");
  }
  const name = document.createElement("dd");
  name.textContent = link.dataset.goName ?? "";
  row.append(keys, name);
  list?.append(row);
}

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
 * @param {HTMLElement | null | undefined} link
 * @param {KeyboardEvent} event
 */
function follow(link, event) {
  if (!link) return;
  event.preventDefault();
  link.click();
}
