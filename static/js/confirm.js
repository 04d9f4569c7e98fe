// Confirmation dialog for forms with data-confirm. It stands outside the parts that htmx swaps, so that a refresh does
// not close it. Without scripts the button acts at once.

const dialog = document.getElementById("confirm");

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm) {
    event.preventDefault();
    dialog.querySelector("form").action = form.action;
    dialog.querySelector("h2").textContent = `${form.dataset.confirmLabel}?`;
    dialog.querySelector("#confirm-text").textContent = form.dataset.confirm;
    dialog.querySelector("[data-confirm-label]").textContent = form.dataset.confirmLabel;
    dialog.querySelector("[data-cancel]").textContent = form.dataset.cancelLabel || "Keep it running";
    dialog.showModal();
    return;
  }
  // A second click must not send the request twice.
  if (form.method === "post") {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  }
});

dialog?.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());

// The back/forward cache restores the page as it was left.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
