// Keeps sections beside the form open when the next preview replaces them.
const open = new Set();
document.addEventListener(
  "toggle",
  (event) => {
    const name = event.target.dataset?.kept;
    if (!name) return;
    if (event.target.open) open.add(name);
    else if (event.target.isConnected) open.delete(name);
  },
  true,
);
document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target?.id !== "preview") return;
  for (const fold of event.detail.target.querySelectorAll("[data-fold]")) fold.open = open.has(fold.dataset.fold);
});
