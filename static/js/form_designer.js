// Fields of a launch form are moved with their buttons, with Alt and the arrow keys, or with the mouse, within and between
// sections; sections likewise. Their order on the page is the order that is sent, so a move is a change like any other.

import { find } from "./dom.js";

const designer = find(document, "[data-designer]", HTMLElement);
const status = find(designer, "[data-moved]", HTMLElement);
/** @type {HTMLElement | null} */
let dragged = null;
/** Where the dragged field or section was: before this element, or at the end. @type {{ parent: Element, next: Element | null }} */
let origin = { parent: designer, next: null };

/** @type {(target: EventTarget | null) => HTMLElement | null} */
function fieldOf(target) {
  const field = target instanceof Element ? target.closest("[data-field]") : null;
  return field instanceof HTMLElement ? field : null;
}

/** The field, or else the section. @type {(target: EventTarget | null) => HTMLElement | null} */
function itemOf(target) {
  const section = target instanceof Element ? target.closest("[data-section]") : null;
  return fieldOf(target) ?? (section instanceof HTMLElement ? section : null);
}

/** @type {(item: HTMLElement, step: number) => boolean} */
function move(item, step) {
  return item.matches("[data-section]") ? moveSection(item, step) : moveField(item, step);
}

/** @type {(section: HTMLElement, step: number) => boolean} */
function moveSection(section, step) {
  const sections = [...designer.querySelectorAll("[data-section]")];
  const neighbor = sections[sections.indexOf(section) + step];
  if (!neighbor) return false;
  if (step < 0) neighbor.before(section);
  else neighbor.after(section);
  return true;
}

/** @type {(field: HTMLElement, step: number) => boolean} */
function moveField(field, step) {
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

/** @type {(item: HTMLElement) => void} */
function announce(item) {
  const isSection = item.matches("[data-section]");
  const items = [...designer.querySelectorAll(isSection ? "[data-section]" : "[data-field]")];
  const name = isSection ? find(item, "input[data-title]", HTMLInputElement).value || "No title" : item.dataset.name;
  status.textContent = `${name} is ${isSection ? "section" : "field"} ${items.indexOf(item) + 1} of ${items.length}.`;
  designer.dispatchEvent(new Event("change", { bubbles: true }));
}

designer.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-move]") : null;
  const item = itemOf(button);
  if (!(button instanceof HTMLElement) || !item) return;
  event.preventDefault();
  if (move(item, Number(button.dataset.move))) announce(item);
  button.focus();
});

designer.addEventListener("keydown", (event) => {
  const { target } = event;
  if (event.key === "Enter" && target instanceof HTMLInputElement) {
    // Without scripts, Enter checks the form with a new page, on which the open field is closed.
    event.preventDefault();
    if (target.closest("[data-add]")) find(designer, "button[value=add]", HTMLButtonElement).click();
    else target.dispatchEvent(new Event("change", { bubbles: true }));
    return;
  }
  const step = event.key === "ArrowUp" ? -1 : event.key === "ArrowDown" ? 1 : 0;
  const item = itemOf(target);
  // In a list of choices, Alt with an arrow opens the list.
  if (!event.altKey || !step || !item || !(target instanceof HTMLElement) || target.matches("select, [list]")) return;
  event.preventDefault();
  if (move(item, step)) announce(item);
  target.focus();
});

designer.addEventListener("input", ({ target }) => {
  const field = fieldOf(target);
  if (!field || !(target instanceof HTMLInputElement) || !target.matches("[data-label]")) return;
  find(field, "summary > strong", HTMLElement).textContent = target.value.trim() || field.dataset.name || "";
});

const handles = designer.querySelectorAll("[data-field] > summary, [data-section-handle]");
for (const handle of handles) handle.setAttribute("draggable", "true");

designer.addEventListener("dragstart", (event) => {
  dragged = itemOf(event.target);
  if (!dragged || !dragged.parentElement || !event.dataTransfer) return;
  origin = { parent: dragged.parentElement, next: dragged.nextElementSibling };
  dragged.dataset.dragged = "";
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", dragged.dataset.name ?? "section"); // Firefox drags nothing without data.
});

designer.addEventListener("dragover", (event) => {
  if (!dragged || !(event.target instanceof Element)) return;
  event.preventDefault();
  const section = event.target.closest("[data-section]");
  const over = dragged.matches("[data-section]") ? section : fieldOf(event.target);
  if (over && over !== dragged) {
    const box = over.getBoundingClientRect();
    if (event.clientY < box.top + box.height / 2) over.before(dragged);
    else over.after(dragged);
  } else if (!over && section && !section.contains(dragged)) section.append(dragged);
});

// A control would take the name of the field as its text.
designer.addEventListener("drop", (event) => {
  if (dragged) event.preventDefault();
});

designer.addEventListener("dragend", (event) => {
  if (!dragged) return;
  delete dragged.dataset.dragged;
  if (event.dataTransfer?.dropEffect === "none") origin.parent.insertBefore(dragged, origin.next);
  else announce(dragged);
  dragged = null;
});
