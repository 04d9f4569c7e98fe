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
