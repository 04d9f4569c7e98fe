// Keyboard shortcuts. Ignored while someone types.

let first = "";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;

  const pair = first + event.key;
  first = event.key === "g" ? "g" : "";
  if (pair === "gj") return go("nav-jobs", event);
  if (event.key === "n") return go("nav-new", event);
  if (event.key === "?") return document.getElementById("help")?.showModal();
  if (event.key === "/") {
    const search = document.querySelector("[data-search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  }
});

function go(id, event) {
  const link = document.getElementById(id);
  if (!link) return;
  event.preventDefault();
  link.click();
}
