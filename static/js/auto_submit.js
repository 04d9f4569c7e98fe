// Submits the form of the page as soon as the revision is registered. A request key makes a second submit harmless.

function submitWhenReady() {
  /** @type {HTMLFormElement | null} */
  const form = document.querySelector("form[data-auto-submit]:not([data-submitted])");
  if (!form) return;
  form.dataset.submitted = "";
  form.requestSubmit();
}

document.addEventListener("htmx:afterSettle", submitWhenReady);
submitWhenReady();
