// How many jobs a form submits: one, an array, or a sweep, whose values have a page of their own. The document says it:
// it has an array size or none. Only a sweep is a choice of the page.

/** @typedef {"single" | "array" | "sweep"} Choice */

export const MIN_SIZE = "2";

/**
 * The choice that a document's array size means.
 * @param {string} size
 * @param {Choice} choice what is selected
 * @param {boolean} isTyping whether the size is being typed, and may be empty meanwhile
 * @returns {Choice}
 */
export function choiceOf(size, choice, isTyping) {
  if (size.trim()) return "array";
  return choice === "array" && !isTyping ? "single" : choice;
}

/** @param {HTMLElement} pane with the fields of a form */
export function watchHowMany(pane) {
  const size = pane.querySelector("#f-array_size");
  const sequential = pane.querySelector("#f-sequential");
  /** @type {HTMLInputElement[]} */
  const radios = [...pane.querySelectorAll("input[data-how-many]")].filter((radio) => radio instanceof HTMLInputElement);
  if (!(size instanceof HTMLInputElement) || !(sequential instanceof HTMLInputElement) || !radios.length) return;
  /** @type {Map<string, string>} what the size was before another choice, by the step of a workflow */
  const sizes = new Map();
  const step = () => {
    const index = pane.closest("form")?.querySelector("[data-step-index]");
    return index instanceof HTMLInputElement ? index.value : "";
  };

  /** @returns {Choice} */
  const selected = () => /** @type {Choice} */ (radios.find((radio) => radio.checked)?.value ?? "single");
  const show = () => {
    if (size.value.trim()) sizes.set(step(), size.value);
    const choice = choiceOf(size.value, selected(), document.activeElement === size);
    for (const radio of radios) radio.checked = radio.value === choice;
  };
  /** @param {HTMLInputElement} control */
  const notify = (control) => control.dispatchEvent(new Event("input", { bubbles: true }));

  pane.addEventListener("change", ({ target }) => {
    if (!(target instanceof HTMLInputElement) || !radios.includes(target)) return;
    const isArray = target.value === "array";
    if (Boolean(size.value.trim()) !== isArray) {
      size.value = isArray ? (sizes.get(step()) ?? MIN_SIZE) : "";
      notify(size);
    }
    if (isArray) {
      size.focus();
      size.select();
    } else if (sequential.checked) {
      sequential.checked = false;
      notify(sequential);
    }
  });
  pane.addEventListener("fields-shown", show);
  show();
}
