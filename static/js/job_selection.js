// Jobs of a list that are selected, to stop them or to run them again together. A poll replaces the boxes, and they are
// checked again. Without this script the boxes and the buttons are a plain form.

const MAX_COMPARED = 4;
/** @type {Set<string>} */
const selection = new Set();
let isAllThatMatch = false;

/**
 * "Stop 3 jobs", "Run 1 job again"
 * @param {string} verb
 * @param {string} end
 * @param {number | null} count null if it isn't known
 */
export function buttonText(verb, end, count) {
  const jobs = count === null ? "all jobs that match" : `${count.toLocaleString("en")} ${count === 1 ? "job" : "jobs"}`;
  return [verb, jobs, end].filter(Boolean).join(" ");
}

/** @returns {HTMLInputElement[]} */
const boxes = () => [...document.querySelectorAll("input")].filter((box) => box.form?.id === "bulk" && box.name === "job");

function update() {
  const bar = document.querySelector("#bulk");
  if (!bar) return;
  const rows = boxes();
  const pageBox = document.querySelector("[data-bulk-page]");
  /** @type {HTMLElement | null} */
  const matching = bar.querySelector("[data-bulk-matching]");
  const ids = rows.map((box) => box.value);
  for (const id of selection) if (!ids.includes(id)) selection.delete(id);
  for (const box of rows) {
    box.checked = isAllThatMatch || selection.has(box.value);
    box.disabled = isAllThatMatch;
  }
  if (pageBox instanceof HTMLInputElement) {
    pageBox.checked = rows.length > 0 && (isAllThatMatch || selection.size === rows.length);
    pageBox.indeterminate = !pageBox.checked && selection.size > 0;
  }
  matching?.setAttribute("aria-pressed", String(isAllThatMatch));
  if (matching) matching.hidden = !isAllThatMatch && selection.size < rows.length;
  /** @type {NodeListOf<HTMLInputElement>} */
  const fields = bar.querySelectorAll("[data-bulk-search]");
  for (const field of fields) field.disabled = !isAllThatMatch;
  const count = isAllThatMatch ? Number(matching?.dataset.bulkNumber) || null : selection.size;
  bar.classList.toggle("bulk-empty", !isAllThatMatch && !selection.size);
  /** @type {HTMLElement | null} */
  const compare = bar.querySelector("[data-bulk-compare]");
  if (compare) compare.hidden = isAllThatMatch || selection.size < 2 || selection.size > MAX_COMPARED;
  const words = bar.querySelector("[data-bulk-count]");
  if (words) words.textContent = count === null ? "All that match" : `${count.toLocaleString("en")} selected`;
  /** @type {NodeListOf<HTMLElement>} */
  const buttons = bar.querySelectorAll("[data-bulk-label]");
  for (const button of buttons) {
    const label = button.querySelector("span");
    if (label) label.textContent = buttonText(button.dataset.bulkLabel ?? "", button.dataset.bulkEnd ?? "", count);
  }
}

document.addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement)) return;
  if (box.matches("[data-bulk-page]")) {
    isAllThatMatch = false;
    for (const { value } of boxes()) {
      if (box.checked) selection.add(value);
      else selection.delete(value);
    }
  } else if (box.form?.id === "bulk" && box.name === "job") {
    if (box.checked) selection.add(box.value);
    else selection.delete(box.value);
  } else return;
  update();
});

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  if (event.target.closest("[data-bulk-matching]")) isAllThatMatch = !isAllThatMatch;
  else if (event.target.closest("[data-bulk-clear]")) {
    isAllThatMatch = false;
    selection.clear();
  } else return;
  update();
});

// Boxes that the browser checked again, after Back
function start() {
  for (const box of boxes()) if (box.checked) selection.add(box.value);
  update();
}

document.addEventListener("htmx:afterSwap", update);
if (document.querySelector("#bulk")) start();
addEventListener("pageshow", update);
