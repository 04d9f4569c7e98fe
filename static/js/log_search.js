// Stops a search in logs between two of its steps, and continues it, also after a step that failed.

const CONTINUE = "Continue";

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-search-stop]") : null;
  const row = button?.closest("[data-log-search]");
  if (!button || !row) return;
  const isStopped = button.textContent === CONTINUE;
  button.textContent = isStopped ? "Stop" : CONTINUE;
  row.dispatchEvent(new CustomEvent(isStopped ? "continue" : "htmx:abort", { bubbles: true, detail: { elt: row } }));
  announce(isStopped ? "The search continues." : "The search has stopped.");
});

for (const name of ["htmx:responseError", "htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, (event) => {
    const button = event.target instanceof Element ? event.target.querySelector("[data-search-stop]") : null;
    if (!button) return;
    button.textContent = CONTINUE;
    announce("The search has stopped. Continue to try again.");
  });
}

/** @param {string} message */
function announce(message) {
  document.dispatchEvent(new CustomEvent("announce", { detail: message }));
}
