// Keeps sections beside the form open when the next preview replaces them.
const openFolds = new Set();
document.addEventListener(
  "toggle",
  (event) => {
    const fold = event.target;
    if (!(fold instanceof HTMLDetailsElement) || !fold.dataset.kept) return;
    if (fold.open) openFolds.add(fold.dataset.kept);
    else if (fold.isConnected) openFolds.delete(fold.dataset.kept);
  },
  true,
);
document.addEventListener("htmx:afterSwap", (event) => {
  const { target } = event.detail;
  if (target?.id !== "preview") return;
  /** @type {NodeListOf<HTMLDetailsElement>} */
  const folds = target.querySelectorAll("details[data-fold]");
  for (const fold of folds) fold.open = openFolds.has(fold.dataset.fold);
});
