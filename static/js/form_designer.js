// Fields of a launch form are moved with their buttons, with Alt and the arrow keys, or with the mouse, within and between
// sections. Their order on the page is the order that is sent, so a move is a change like any other.

import { find } from "./dom.js";

const designer = find(document, "[data-designer]", HTMLElement);
const status = find(designer, "[data-moved]", HTMLElement);
/** @type {HTMLElement | null} */
let dragged = null;

/** @type {(target: EventTarget | null) => HTMLElement | null} */
function fieldOf(target) {
  const field = target instanceof Element ? target.closest("[data-field]") : null;
  return field instanceof HTMLElement ? field : null;
}

/** @type {(field: HTMLElement, step: number) => boolean} */
function move(field, step) {
  const fields = [...designer.querySelectorAll("[data-field]")];
  const section = field.closest("[data-section]");
  const neighbor = fields[fields.indexOf(field) + step];
  if (neighbor && neighbor.closest("[data-section]") === section) {
    if (step < 0) neighbor.before(field);
    else neighbor.after(field);
    return true;
  }
  const sections = [...designer.querySelectorAll("[data-section]")];
  const target = section && sections[sections.indexOf(section) + step];
  if (!target) return false;
  const first = step > 0 && target.querySelector("[data-field]");
  if (first) first.before(field);
  else target.append(field);
  return true;
}

/** @type {(field: HTMLElement) => void} */
function announce(field) {
  const fields = [...designer.querySelectorAll("[data-field]")];
  status.textContent = `${field.dataset.name} is field ${fields.indexOf(field) + 1} of ${fields.length}.`;
  designer.dispatchEvent(new Event("change", { bubbles: true }));
}

designer.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-move]") : null;
  const field = fieldOf(button);
  if (!(button instanceof HTMLElement) || !field) return;
  event.preventDefault();
  if (move(field, Number(button.dataset.move))) announce(field);
  button.focus();
});

designer.addEventListener("keydown", (event) => {
  const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
  const field = fieldOf(event.target);
  if (!event.altKey || !step || !field || !(event.target instanceof HTMLElement)) return;
  event.preventDefault();
  if (move(field, step)) announce(field);
  event.target.focus();
});

for (const summary of designer.querySelectorAll("[data-field] > summary")) summary.setAttribute("draggable", "true");

designer.addEventListener("dragstart", (event) => {
  dragged = fieldOf(event.target);
  if (dragged) dragged.dataset.dragged = "";
});

designer.addEventListener("dragover", (event) => {
  if (!dragged || !(event.target instanceof Element)) return;
  event.preventDefault();
  const over = fieldOf(event.target);
  const section = event.target.closest("[data-section]");
  if (over && over !== dragged) {
    const box = over.getBoundingClientRect();
    if (event.clientY < box.top + box.height / 2) over.before(dragged);
    else over.after(dragged);
  } else if (!over && section && !section.contains(dragged)) section.append(dragged);
});

designer.addEventListener("dragend", () => {
  if (!dragged) return;
  delete dragged.dataset.dragged;
  announce(dragged);
  dragged = null;
});
