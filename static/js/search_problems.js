// Problems below the search of a list, of what has been typed before the caret. They lie above the page, so that it
// doesn't move.

/**
 * Return what shows problems, which the server has rendered, while the focus is in the form. They describe the search,
 * and are announced when they change.
 * @param {HTMLFormElement} form
 * @param {HTMLInputElement} input
 * @param {HTMLElement} area
 * @returns {(html: string) => void}
 */
export function problemsBelow(form, input, area) {
  const descriptionOfPage = input.getAttribute("aria-describedby") ?? "";
  let shownHtml = "";

  /** @param {string} newHtml */
  function show(newHtml) {
    const isSent = input.value === input.defaultValue; // the page has its problems
    const html = isSent ? "" : newHtml;
    const description = isSent ? descriptionOfPage : html && area.id;
    if (description) input.setAttribute("aria-describedby", description);
    else input.removeAttribute("aria-describedby");
    input.setAttribute("aria-invalid", String(Boolean(description)));
    area.hidden = !html;
    if (html === shownHtml) return;
    shownHtml = html;
    area.innerHTML = html; // rendered and escaped by the server
    const text = [...area.querySelectorAll("[data-problem-message]")].map((message) => message.textContent).join(" ");
    if (text) document.dispatchEvent(new CustomEvent("announce", { detail: text }));
  }

  form.addEventListener("focusout", (event) => {
    if (!(event.relatedTarget instanceof Node && form.contains(event.relatedTarget))) area.hidden = true;
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") area.hidden = true;
  });
  area.addEventListener("mousedown", (event) => event.preventDefault()); // the focus stays in the search
  area.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault(); // the search is edited on; the link would run it
    input.value = new URL(link.href).searchParams.get("search") ?? "";
    input.setSelectionRange(input.value.length, input.value.length);
    input.focus();
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return show;
}
