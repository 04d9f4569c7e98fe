// Keeps sections beside the form open when the next preview replaces them.

/** @type {NodeListOf<HTMLDetailsElement>} */
const servedOpen = document.querySelectorAll("details[data-fold][open]");
const openFolds = new Set([...servedOpen].map((fold) => fold.dataset.fold));

document.addEventListener(
  "toggle",
  (event) => {
    const fold = event.target;
    if (!(fold instanceof HTMLDetailsElement) || !fold.dataset.fold) return;
    if (fold.open) openFolds.add(fold.dataset.fold);
    else if (fold.isConnected) openFolds.delete(fold.dataset.fold);
  },
  true,
);
document.addEventListener("htmx:afterSwap", (event) => {
  const { target } = event.detail;
  if (target?.id !== "preview" && target?.id !== "feedback") return;
  /** @type {NodeListOf<HTMLDetailsElement>} */
  const folds = target.querySelectorAll("details[data-fold]");
  for (const fold of folds) fold.open = openFolds.has(fold.dataset.fold);
});
