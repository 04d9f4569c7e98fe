// Keyboard shortcuts. Ignored while someone types.

let first = "";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;

  const pair = first + event.key;
  first = event.key === "g" ? "g" : "";
  if (pair === "gj") follow("nav-jobs", event);
  else if (event.key === "n") follow("nav-new", event);
  else if (event.key === "?") document.getElementById("help")?.showModal();
  else if (event.key === "/") search(event);
});

function search(event) {
  const input = document.querySelector("[data-search]");
  if (!input) return;
  event.preventDefault();
  input.focus();
  input.select();
}

function follow(id, event) {
  const link = document.getElementById(id);
  if (!link) return;
  event.preventDefault();
  link.click();
}
