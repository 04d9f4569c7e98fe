// Confirmation dialog for forms with data-confirm. It stands outside the parts that htmx swaps, so that a refresh does
// not close it. Without scripts the button acts at once.

/** @type {HTMLDialogElement | null} */
const dialog = document.querySelector("#confirm");

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement)) return;
  if (dialog && form.dataset.confirm) {
    event.preventDefault();
    ask(dialog, form);
    return;
  }
  // A second click must not send the request twice.
  if (form.method === "post") {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  }
});

/**
 * Show the dialog with the question of a form. Its own form then sends the request.
 * @param {HTMLDialogElement} box
 * @param {HTMLFormElement} form
 */
function ask(box, form) {
  const { confirm: text = "", confirmLabel: label = "", cancelLabel } = form.dataset;
  const confirmation = box.querySelector("form");
  if (confirmation) confirmation.action = form.action;
  setText(box, "h2", `${label}?`);
  setText(box, "#confirm-text", text);
  setText(box, "[data-confirm-label]", label);
  setText(box, "[data-cancel]", cancelLabel || "Cancel");
  box.showModal();
}

/**
 * @param {HTMLElement} box
 * @param {string} selector
 * @param {string} text
 */
function setText(box, selector, text) {
  const element = box.querySelector(selector);
  if (element) element.textContent = text;
}

dialog?.querySelector("[data-cancel]")?.addEventListener("click", () => dialog.close());

// The back/forward cache restores the page as it was left.
addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
