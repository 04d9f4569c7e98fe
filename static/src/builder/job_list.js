// The list of jobs that a job waits for. Each has a check box, and an array a second one: whether the child jobs of both
// are paired. That is offered for a selected array of the same size.

/**
 * @param {Element} control
 * @returns {control is HTMLInputElement}
 */
export const isJobList = (control) => control instanceof HTMLInputElement && (control.name === "waits" || control.name === "n_to_n");

/**
 * @param {HTMLElement} pane
 * @param {string} name
 * @returns {NodeListOf<HTMLInputElement>}
 */
const boxesIn = (pane, name) => pane.querySelectorAll(`#dependencies input[name=${name}]`);

/**
 * Return the ids of the jobs that are checked.
 * @param {HTMLElement} pane
 * @param {string} name
 */
export const selectedJobs = (pane, name) => [...boxesIn(pane, name)].filter((box) => box.checked).map((box) => box.value);

/**
 * Check these jobs and no others. One that the list doesn't have is added.
 * @param {HTMLElement} pane
 * @param {string} name
 * @param {string[]} ids
 */
export function showJobs(pane, name, ids) {
  const list = pane.querySelector("#dependencies");
  if (!list) return;
  const boxes = boxesIn(pane, name);
  for (const box of boxes) box.checked = ids.includes(box.value);
  const known = new Set([...boxes].map((box) => box.value));
  for (const id of ids) if (!known.has(id)) (name === "waits" ? addJob : addPair)(list, id);
}

/**
 * @param {HTMLElement} pane
 * @param {string} size of the array that waits; "" if it is none
 */
export function offerPairs(pane, size) {
  const selected = selectedJobs(pane, "waits");
  for (const box of boxesIn(pane, "n_to_n")) {
    const label = box.closest("label");
    if (label) label.hidden = !box.checked && !(size && label.dataset.pairs === size && selected.includes(box.value));
  }
}

/**
 * @param {Element} place
 * @param {string} id
 */
function addJob(place, id) {
  let list = place.querySelector("ul.dependencies");
  if (!list) {
    list = document.createElement("ul");
    list.className = "dependencies";
    place.replaceChildren(list);
  }
  const entry = document.createElement("li");
  entry.append(labelOf("waits", id, id, "dependency-name"));
  list.prepend(entry);
}

/**
 * @param {Element} place
 * @param {string} id
 */
function addPair(place, id) {
  const label = labelOf("n_to_n", id, "Child by child, as each succeeds");
  label.className = "dependency-pairs";
  place.querySelector(`input[name=waits][value="${id}"]`)?.closest("li")?.append(label);
}

/**
 * @param {string} name
 * @param {string} value
 * @param {string} text
 * @param {string} [className]
 */
function labelOf(name, value, text, className = "") {
  const label = document.createElement("label");
  const box = Object.assign(document.createElement("input"), { type: "checkbox", className: "form-check-input", name, value, checked: true });
  label.append(box, Object.assign(document.createElement("span"), { className, textContent: text }));
  return label;
}
