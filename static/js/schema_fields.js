// Schema fields that a person adds to a form: inserting, removing, focus. The builder binds their values to the text.

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

/** @param {string} text */
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));

// By now the builder has removed the value from the text: the form's own listener runs before this one.
document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  /** @type {HTMLElement | null | undefined} */
  const field = event.target.closest("[data-remove-pointer]")?.closest("[data-group]");
  if (!field) return;
  const section = field.closest(".build-section:not([data-schema-fields])");
  const list = field.parentElement?.closest("[data-group]");
  /** @type {HTMLElement | null | undefined} */
  const refetch = list?.querySelector(":scope > [data-refetch]");
  announce(`Removed ${field.querySelector("legend")?.textContent?.trim()}.`);
  if (refetch) refetch.click(); // the indexes of the entries after it have changed
  else {
    /** @type {HTMLElement | null} */
    const part = field.closest("[data-part]");
    (part?.dataset.part === field.dataset.group ? part : field)?.remove();
  }
  /** @type {HTMLElement | null | undefined} */
  const addButton = section?.querySelector("[data-next]");
  (addButton ?? document.getElementById("schema-search"))?.focus();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const button = event.detail.elt;
  if (event.detail.successful && button?.matches("[data-single-use]")) button.remove();
});

// An empty last entry is filled in first; no second one is added.
document.addEventListener("htmx:beforeRequest", (event) => {
  const button = event.detail.elt;
  if (!button?.matches("[data-next]")) return;
  const lastEntry = [...(button.closest("[data-group]")?.querySelectorAll(":scope > [data-group]") ?? [])].at(-1);
  if (!lastEntry) return;
  const controls = boundControls(lastEntry);
  if (!controls.length || controls.some((control) => control.value)) return;
  event.preventDefault();
  controls[0].focus();
});

// Focus the field that was added.
document.addEventListener("htmx:afterSettle", (event) => {
  const button = event.detail.requestConfig?.elt;
  if (!(button instanceof HTMLButtonElement) || !button.matches("[name=at]:not([data-refetch])")) return;
  const pointer = button.value.replace(/-$/, "");
  const added = boundControls(document.getElementById("schema-fields")).filter((control) => control.dataset.pointer?.startsWith(pointer));
  const target = button.matches("[data-next]") ? added.find((control) => !control.value) : added[0];
  target?.focus();
  target?.closest(".field, fieldset")?.scrollIntoView({ block: "nearest" });
});

/** @param {Element | null} root */
function boundControls(root) {
  /** @type {NodeListOf<Control> | undefined} */
  const controls = root?.querySelectorAll("[data-pointer]");
  return [...(controls ?? [])];
}
