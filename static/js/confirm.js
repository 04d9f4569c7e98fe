// Asks before something is stopped. The dialog stands outside of the parts that are swapped, so that a refresh
// underneath does not close it. Without scripts the button simply does what it says.

const dialog = document.getElementById("confirm");

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm) {
    event.preventDefault();
    dialog.querySelector("form").action = form.action;
    dialog.querySelector("h2").textContent = `${form.dataset.do}?`;
    dialog.querySelector("#confirm-text").textContent = form.dataset.confirm;
    dialog.querySelector("[data-do]").textContent = form.dataset.do;
    dialog.querySelector("[data-cancel]").textContent = form.dataset.keep || "Keep it running";
    dialog.showModal();
    return;
  }
  // A second click on the same button must not ask twice. The first one's request is on its way.
  if (form.method === "post") {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  }
});

dialog?.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());

// Back from the next page, the browser may show this one as it was left.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
