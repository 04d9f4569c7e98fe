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

import { isJobList, offerPairs, selectedJobs, showJobs } from "./job_list.js";
import { nodeAt, parse, split } from "./json_text.js";
import { fits, read, write } from "./lenses.js";
import * as rows from "./rows.js";

/**
 * @import { Editor } from "./editor.js"
 * @import { Control, DependenciesField, Field, ParsedText, Path, RowLine, RowsField, TextField, ValueField }
 *   from "./types.js"
 */

/**
 * @typedef {{base: Path, field: RowsField, group: HTMLElement, value: RowLine[]}} RowsBinding
 * @typedef {{base: Path, field: TextField | DependenciesField, group?: undefined, value: string | string[]}} ControlBinding
 * @typedef {RowsBinding | ControlBinding} Binding a field, and what its controls have
 */

const LOCKED = "Custom value – edit it in the JSON";

export class Fields {
  /**
   * @param {HTMLElement} pane
   * @param {Field[]} descriptions
   * @param {Editor} editor
   * @param {object} options
   * @param {() => Path | null} [options.step] the part of the document that [data-step-fields] shows; null: none
   * @param {typeof write} [options.writeField]
   */
  constructor(pane, descriptions, editor, { step = () => [], writeField = write } = {}) {
    this.pane = pane;
    this.step = step;
    this.writeField = writeField;
    this.fieldsByName = new Map(descriptions.map((field) => [field.name, field]));
    this.editor = editor;
    pane.addEventListener("input", ({ target }) => target instanceof HTMLElement && this.#onInput(target));
    pane.addEventListener("change", ({ target }) => {
      if (target instanceof Element && target.matches("select, [type=checkbox]")) this.refresh();
    });
    pane.addEventListener("focusout", () => setTimeout(() => this.refresh()));
    rows.watch(pane, (group) => this.#onInput(group));
  }

  /**
   * @param {Control} control
   * @returns {Field | undefined}
   */
  #fieldOf(control) {
    if (control.dataset.pointer !== undefined) return ownField(control);
    if (isJobList(control)) return this.fieldsByName.get(control.name);
    return control.id.startsWith("f-") ? this.fieldsByName.get(control.id.slice(2)) : undefined;
  }

  /**
   * The part of the document that a control's pointer starts from.
   * @param {Element} element
   */
  #baseOf(element) {
    return element.closest("[data-step-fields]") ? this.step() : [];
  }

  /** @param {HTMLElement} element a control or a group of rows */
  #onInput(element) {
    const binding = this.pane.inert ? null : this.#bindingOf(element);
    if (binding) this.#write([binding], element);
  }

  /**
   * Return a control's field and value; for one in a row, all rows. Null if it is bound to nothing.
   * @param {HTMLElement} element
   * @returns {Binding | null}
   */
  #bindingOf(element) {
    const base = this.#baseOf(element);
    if (!base) return null;
    /** @type {HTMLElement | null} */
    const group = element.closest("[data-rows]");
    if (group) {
      const field = group.dataset.pointer === undefined ? this.fieldsByName.get(group.dataset.rows) : ownField(group);
      return field && isRows(field) ? { base, field, group, value: rows.rowsOf(group) } : null;
    }
    const field = isControl(element) ? this.#fieldOf(element) : undefined;
    if (!isControl(element) || !field || isRows(field)) return null;
    return { base, field, value: isJobList(element) ? selectedJobs(this.pane, element.name) : valueOf(element) };
  }

  /**
   * @param {Binding[]} bindings
   * @param {HTMLElement | null} source
   */
  #write(bindings, source) {
    const origins = this.editor.edit(
      (editing) => bindings.map(({ base, field, value }) => editing.within(base, () => this.writeField(editing, field, value))),
      { source },
    );
    bindings.forEach(({ group, value }, index) => group && rows.setOrigins(value, origins[index] ?? []));
  }

  /** Write into the text what controls had got before this script ran. */
  adoptValues() {
    const bindings = new Map(); // by what is written at once: rows, the list of jobs to wait for, or one control
    /** @type {NodeListOf<Control>} */
    const controls = this.pane.querySelectorAll("input, select, textarea");
    for (const control of controls) {
      if (control.disabled || !isChanged(control)) continue;
      const binding = this.#bindingOf(control);
      if (binding) bindings.set(binding.group ?? binding.field, binding);
    }
    if (bindings.size) this.#write([...bindings.values()], null);
  }

  /** Set all controls from the text, except the focused one. */
  refresh() {
    const { text } = this.editor;
    const { root, error } = parse(text);
    if (error || (root && root.type !== "object")) return;
    const step = this.step();
    if (step) this.#refreshNamed({ text, root: nodeAt(root, step) });
    /** @type {NodeListOf<HTMLElement>} */
    const elements = this.pane.querySelectorAll("[data-pointer]");
    for (const element of elements) {
      const base = this.#baseOf(element);
      if (!base) continue;
      const parsed = { text, root: nodeAt(root, base) };
      const field = ownField(element);
      if (isRows(field)) refreshRows(element, parsed, field);
      else if (isControl(element)) refreshControl(element, parsed, field);
    }
    this.pane.dispatchEvent(new CustomEvent("fields-shown"));
  }

  /** @param {ParsedText} parsed */
  #refreshNamed(parsed) {
    for (const field of this.fieldsByName.values()) {
      if (isJobs(field)) showJobs(this.pane, field.name ?? "", read(parsed, field));
      else if (isRows(field)) {
        /** @type {HTMLElement | null} */
        const group = this.pane.querySelector(`[data-rows="${field.name}"]`);
        if (group) refreshRows(group, parsed, field);
      } else {
        const control = document.getElementById(`f-${field.name}`);
        if (isControl(control)) refreshControl(control, parsed, field);
      }
    }
    const size = this.fieldsByName.get("array_size");
    if (size) offerPairs(this.pane, String(read(parsed, size)));
  }

  /**
   * Return the choices of the form's field for a path.
   * @param {Path} path
   */
  choices(path) {
    const pathText = path.slice(path[0] === "jobs" ? 2 : 0).join("/");
    for (const field of this.fieldsByName.values()) {
      const control = document.getElementById(`f-${field.name}`);
      if (field.path.join("/") !== pathText || !(control instanceof HTMLSelectElement) || field.lens === "definition-revision") continue;
      return [...control.options].map((option) => option.value).filter(Boolean);
    }
    return [];
  }
}

/**
 * Return the field of an element that names its pointer.
 * @param {HTMLElement} element
 * @returns {ValueField | RowsField}
 */
function ownField(element) {
  const { pointer = "", valueType = "text" } = element.dataset;
  const path = split(pointer);
  if (valueType === "members" || valueType === "entries") return { lens: valueType, path };
  return { lens: "value", path, value_type: valueType };
}

/**
 * @param {Field} field
 * @returns {field is RowsField}
 */
const isRows = (field) => field.lens === "members" || field.lens === "entries";

/**
 * @param {Field} field
 * @returns {field is DependenciesField}
 */
const isJobs = (field) => field.lens === "dependencies" || field.lens === "pairs";

/**
 * @param {Element | null} element
 * @returns {element is Control}
 */
const isControl = (element) =>
  element instanceof HTMLInputElement || element instanceof HTMLSelectElement || element instanceof HTMLTextAreaElement;

/**
 * @param {Control} control
 * @returns {control is HTMLInputElement}
 */
const isCheckbox = (control) => control.type === "checkbox";

/** @param {Control} control */
function valueOf(control) {
  if (isCheckbox(control)) return control.checked ? "true" : "";
  return control.value;
}

/**
 * Return whether a control differs from its initial value, which a form's reset brings back.
 * @param {Control} control
 */
function isChanged(control) {
  const form = document.createElement("form");
  const initial = document.importNode(control, true);
  form.append(initial);
  form.reset();
  if (initial instanceof HTMLInputElement && control instanceof HTMLInputElement && initial.checked !== control.checked) return true;
  return initial.value !== control.value;
}

/**
 * @param {HTMLElement} group
 * @param {ParsedText} parsed
 * @param {RowsField} field
 */
function refreshRows(group, parsed, field) {
  const isFitting = fits(parsed, field);
  if (group instanceof HTMLFieldSetElement) group.disabled = !isFitting;
  if (isFitting && group.querySelector("[data-list]")) rows.refresh(group, read(parsed, field));
}

/**
 * @param {Control} control
 * @param {ParsedText} parsed
 * @param {TextField} field
 */
function refreshControl(control, parsed, field) {
  const isFitting = fits(parsed, field);
  if (!isFitting) {
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

/**
 * @param {Control} control
 * @param {string} value
 */
function show(control, value) {
  if (isCheckbox(control)) {
    control.checked = value === "true";
    return;
  }
  if (control instanceof HTMLSelectElement && ![...control.options].some((option) => option.value === value)) {
    const label = value ? `${value} – current value, not in this list` : "Choose…";
    const option = new Option(label, value);
    if (value) control.append(option);
    else control.prepend(option);
  }
  if (control.value !== value) control.value = value;
}

const NO_LIST = "“jobs” must be a list in [ ]. Fix it to continue editing the form.";
/** @type {Record<string, string[]>} */
const KEYS_OF_OTHERS = {
  submission: ["jobDefinitionName", "jobs"],
  definition: ["jobName", "jobs"],
  workflow: ["jobDefinitionName", "jobName"],
};
/** @type {Record<string, string>} */
const KINDS = { submission: "a job", definition: "a definition", workflow: "a workflow" };

/**
 * Return why a form cannot show a text, or "".
 * @param {string} text
 * @param {string} kind
 */
export function whyNotShown(text, kind) {
  const { root, error } = parse(text);
  if (error) {
    const lines = text.slice(0, error.offset).split("\n");
    return `Invalid JSON (line ${lines.length}, column ${lines[lines.length - 1].length + 1}). Fix it to continue editing the form.`;
  }
  if (root && root.type !== "object") return "The document must be a JSON object in { }. Fix it to continue editing the form.";
  if (!root) return "";
  /** @param {string} key */
  const has = (key) => nodeAt(root, [key]) !== undefined;
  if (kind === "workflow" && has("jobs")) return nodeAt(root, ["jobs"])?.type === "array" ? "" : NO_LIST;
  if ((KEYS_OF_OTHERS[kind] ?? []).some(has)) {
    const actualKind = has("jobs") ? "a workflow" : has("jobName") ? "a job" : "a definition";
    return `This looks like ${actualKind}, but the form is for ${KINDS[kind]}.`;
  }
  return "";
}
