// The fields of a form, bound to places of the text.
//
// The fields that the server names (jobs/spec/forms/form_fields.py, as `fields` on the page) are found by their ids, f-NAME,
// and by data-rows="NAME". Any other control is bound by what it says itself, so that the server may send more of them in
// a fragment of HTML, whenever it likes:
//
//     data-pointer="/containerProperties/user" data-value-type="text"
//         one value: an input, a select, a text area or a check box. `data-value-type` is text, number, whole, seconds,
//         memory, command, boolean, lines (a list of texts, one on each) or json. Empty removes the value, and every
//         object or list that is empty without it.
//     data-rows data-pointer="/parameters" data-value-type="members"
//         rows of names and values: `members` of an object, or `entries` of a list of {name, value}. Within:
//         [data-list] of [data-line], each with two controls; a <template> of one; [data-add] and [data-remove] if
//         there are such.
//
// Nothing needs to be announced: after htmx has settled, all controls take what the text has. A button with
// data-fix="[JSON Patch]" applies it to the text, one with data-remove-pointer="/a/b" removes that from it, with whatever
// is empty without it, and one with data-goto-pointer="/a/b" goes there. Nothing is written into the control that has the
// focus.

import { nodeAt, parse, split } from "./json_text.js";
import { fits, read, write } from "./lenses.js";
import * as rows from "./rows.js";

const LOCKED = "written otherwise; change it in the JSON";

export class Fields {
  constructor(pane, described, editor) {
    this.pane = pane;
    this.described = new Map(described.map((field) => [field.name, field]));
    this.editor = editor;
    pane.addEventListener("input", (event) => this.#written(event.target));
    pane.addEventListener("change", (event) => event.target.matches("select, [type=checkbox]") && this.follow());
    pane.addEventListener("focusout", () => setTimeout(() => this.follow()));
    rows.watch(pane, (group) => this.#written(group));
  }

  /** What a control is bound to, or null. */
  #fieldOf(control) {
    const group = control.closest("[data-rows]");
    if (group) return { group, field: group.dataset.pointer === undefined ? this.described.get(group.dataset.rows) : own(group) };
    if (control.dataset.pointer !== undefined) return { field: own(control) };
    if (control.name === "waits") return { field: this.described.get("waits") };
    const name = control.id.startsWith("f-") ? control.id.slice(2) : "";
    return this.described.has(name) ? { field: this.described.get(name) } : null;
  }

  #written(control) {
    const held = this.pane.inert ? null : this.#held(control);
    if (held) this.#write([held], control);
  }

  /** What a control holds, and the field that it is of; for one in a row, all rows. Null if it is bound to nothing. */
  #held(control) {
    const found = this.#fieldOf(control);
    if (!found?.field) return null;
    const { field, group } = found;
    if (group) return { field, group, value: rows.rowsOf(group) };
    return { field, value: field.place === "waits" ? this.#waits() : valueOf(control) };
  }

  #write(all, by) {
    const origins = this.editor.edit((editing) => all.map(({ field, value }) => write(editing, field, value)), { by });
    all.forEach(({ group, value }, index) => group && rows.settle(value, origins[index]));
  }

  /** Take into the text what the controls were not served with: it was written before this script ran. */
  adopt() {
    const found = new Map(); // by what is written at once: rows, the list of jobs to wait for, or one control
    for (const control of this.pane.querySelectorAll("input, select, textarea")) {
      if (control.disabled || !isChanged(control)) continue;
      const held = this.#held(control);
      if (held) found.set(held.group ?? held.field, held);
    }
    if (found.size) this.#write([...found.values()], null);
  }

  #waits() {
    return [...this.pane.querySelectorAll("input[name=waits]:checked")].map((each) => each.value);
  }

  /** Let all controls hold what the text has, but the one that someone is in. */
  follow() {
    const { text } = this.editor;
    const parsed = { text, ...parse(text) };
    if (parsed.error || (parsed.root && parsed.root.type !== "object")) return;
    for (const field of this.described.values()) {
      if (field.kind === "jobs") this.#followWaits(read(parsed, field));
      else if (field.kind === "variables" || field.kind === "tags") {
        const group = this.pane.querySelector(`[data-rows="${field.name}"]`);
        if (group) followRows(group, parsed, field);
      } else {
        const control = document.getElementById(`f-${field.name}`);
        if (control) followOne(control, parsed, field);
      }
    }
    for (const control of this.pane.querySelectorAll("[data-pointer]")) {
      if (control.matches("[data-rows]")) followRows(control, parsed, own(control));
      else followOne(control, parsed, own(control));
    }
  }

  #followWaits(ids) {
    const box = this.pane.querySelector("#dependencies");
    if (!box) return;
    for (const each of box.querySelectorAll("input[name=waits]")) each.checked = ids.includes(each.value);
    for (const id of ids) {
      if (box.querySelector(`input[name=waits][value="${id}"]`)) continue;
      let list = box.querySelector("ul.dependencies");
      if (!list) {
        list = document.createElement("ul");
        list.className = "dependencies";
        box.replaceChildren(list);
      }
      const entry = document.createElement("li");
      const label = document.createElement("label");
      const check = document.createElement("input");
      Object.assign(check, { type: "checkbox", className: "form-check-input", name: "waits", value: id, checked: true });
      const name = document.createElement("span");
      name.className = "dependency-name";
      name.textContent = id;
      label.append(check, name);
      entry.append(label);
      list.prepend(entry);
    }
  }

  /** What may stand at a path, as far as a field of the form has choices. */
  choices(path) {
    const at = path.join("/");
    for (const field of this.described.values()) {
      const control = document.getElementById(`f-${field.name}`);
      if (field.path.join("/") !== at || !(control instanceof HTMLSelectElement) || field.place === "definition-revision") continue;
      return [...control.options].map((option) => option.value).filter(Boolean);
    }
    return [];
  }
}

function own(element) {
  const { pointer, valueType = "text" } = element.dataset;
  const path = split(pointer);
  const isRows = valueType === "members" || valueType === "entries";
  return isRows ? { place: valueType, path } : { place: "at", path, sort: valueType };
}

function valueOf(control) {
  if (control.type === "checkbox") return control.checked ? "true" : "";
  return control.value;
}

/** Whether a control holds something else than it was served with, which is what a form's reset brings back. */
function isChanged(control) {
  const form = document.createElement("form");
  const served = control.cloneNode(true);
  form.append(served);
  form.reset();
  return served.value !== control.value || served.checked !== control.checked;
}

function followRows(group, parsed, field) {
  const fitting = fits(parsed, field);
  if (group instanceof HTMLFieldSetElement) group.disabled = !fitting;
  if (fitting && group.querySelector("[data-list]")) rows.follow(group, read(parsed, field));
}

function followOne(control, parsed, field) {
  const fitting = fits(parsed, field);
  if (!fitting) {
    if (control.dataset.locked === undefined) control.dataset.locked = "";
    control.disabled = true;
    show(control, LOCKED);
    return;
  }
  if (control.dataset.locked !== undefined || control.value === LOCKED) {
    delete control.dataset.locked;
    control.disabled = false;
  }
  if (control === document.activeElement) return;
  show(control, read(parsed, field));
}

function show(control, value) {
  if (control.type === "checkbox") {
    control.checked = value === "true";
    return;
  }
  if (control instanceof HTMLSelectElement && ![...control.options].some((option) => option.value === value)) {
    const words = value ? `${value} – as it is in the document, and none of these` : "Choose…";
    const option = new Option(words, value);
    if (value) control.append(option);
    else control.prepend(option);
  }
  if (control.value !== value) control.value = value;
}

/** Why a form cannot show a text, or "". A form is for one object, and that of a definition for one container. */
export function cannotShow(text, kind) {
  const { root, error } = parse(text);
  if (error) {
    const before = text.slice(0, error.offset).split("\n");
    return `The text is no JSON now (line ${before.length}, column ${before.at(-1).length + 1}), so the form waits. Nothing is lost.`;
  }
  if (root && root.type !== "object") return "A document is an object in { }; the form waits until it is one.";
  if (!root) return "";
  const has = (key) => nodeAt(root, [key]) !== undefined;
  const others = { submission: ["jobDefinitionName", "jobs"], definition: ["jobName", "jobs"] }[kind] ?? [];
  if (others.some(has)) {
    const what = has("jobs") ? "a workflow" : has("jobName") ? "a job" : "a definition";
    return `This looks like ${what}, and the form is that of ${kind === "definition" ? "a definition" : "a job"}.`;
  }
  return "";
}
