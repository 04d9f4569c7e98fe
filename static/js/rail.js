// The buttons beside a problem. What edits the text hears of the fix first, as an event with JSON Patch operations, and
// takes it by preventing the default; else the button does what it does without scripts: it sends the form, and the
// portal applies the fix.

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fix]");
  if (!button) return;
  const asks = new CustomEvent("apply-fix", {
    bubbles: true,
    cancelable: true,
    detail: { patch: JSON.parse(button.dataset.fix), words: button.textContent.trim() },
  });
  if (!button.dispatchEvent(asks)) event.preventDefault();
});

// What someone opened beside the form stays open when the answer to the next letter takes its place.
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
  if (event.detail.target?.id !== "beside") return;
  for (const fold of event.detail.target.querySelectorAll("[data-kept]")) fold.open = open.has(fold.dataset.kept);
});
