// As soon as the revision is registered, the page presses its own button. Pressed twice, the job is submitted once.

function goOn() {
  const form = document.querySelector("form[data-goes-on]:not([data-gone])");
  if (!form) return;
  form.dataset.gone = "";
  form.requestSubmit();
}

document.addEventListener("htmx:afterSettle", goOn);
goOn();
