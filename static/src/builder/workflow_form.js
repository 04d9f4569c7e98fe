// The steps of a workflow on its page: a list and a picture of the document, and what the selected step waits for. Fields
// of the selected step are those of the job form (fields.js), at the step's place in the document.

import { announce } from "./announce.js";
import { closest, find } from "./elements.js";
import { parse } from "./json_text.js";
import { write } from "./lenses.js";
import * as rows from "./rows.js";
import * as documents from "./workflow_document.js";
import { StepList } from "./workflow_list.js";
import { StepPicture } from "./workflow_picture.js";

/**
 * @import { Editor } from "./editor.js"
 * @import { Editing } from "./json_text.js"
 * @import { Field, FieldValue, Path, StepFeedback, WaitCondition, Workflow } from "./types.js"
 */

/** @type {Record<WaitCondition, string>} */
const CONDITIONS = {
  "": "after it succeeds",
  N_TO_N: "child by child, as each succeeds",
  failure: "if it fails",
  always: "when it ends, whether it succeeds or fails",
  success: "after it succeeds, started by the portal",
};
const MAX_NAMES = 4;

/**
 * @param {string} value
 * @returns {value is WaitCondition}
 */
const isCondition = (value) => value in CONDITIONS;

export class WorkflowForm {
  /** @type {ReturnType<typeof documents.placesOfName> | null} */
  #places = null;
  #feedbackText = "";
  /** @type {boolean | null} */
  #isEmpty = null;
  /** @type {WeakMap<HTMLElement, string>} what each row shows */
  #rowFacts = new WeakMap();

  /**
   * @param {HTMLFormElement} form
   * @param {Editor} editor
   * @param {() => void} revalidate
   */
  constructor(form, editor, revalidate) {
    this.form = form;
    this.editor = editor;
    this.revalidate = revalidate;
    this.onSelect = () => {};
    this.selected = -1; // no step: what all share
    /** @type {Workflow} */
    this.workflow = { steps: [], waits: [] };
    /** @type {number[][]} */
    this.parents = [];
    /** @type {StepFeedback[]} */
    this.feedback = [];
    this.list = new StepList(form, (row, step) => this.#fillStep(row, step));
    this.fields = find(form, "[data-step-fields]", HTMLElement);
    this.settings = find(form, "[data-workflow-settings]", HTMLElement);
    this.picture = new StepPicture(form, {
      select: (step) => this.select(step, { focus: false }),
      connect: (parent, step) => this.#connect(parent, step),
      disconnect: (parent, step) => this.#disconnect(parent, step),
    });
    form.addEventListener("click", (event) => this.#onClick(event));
    form.addEventListener("change", (event) => this.#onChange(event));
    this.settings.addEventListener("keydown", (event) => this.#onKey(event));
    find(form, "#f-name", HTMLInputElement).readOnly = "fixedSteps" in form.dataset;
    find(form, "#f-name", HTMLInputElement).addEventListener("blur", () => (this.#places = null));
    this.showFeedback();
  }

  /** The selected step's place in the document; null if none is. @returns {Path | null} */
  get base() {
    return this.selected < 0 ? null : ["jobs", this.selected];
  }

  get root() {
    return parse(this.editor.text).root;
  }

  /** Show what the document has now. */
  update() {
    this.#read();
    if (document.activeElement?.id !== "f-name") this.#places = null;
    this.#show();
    this.#showShared(this.root);
  }

  #read() {
    this.workflow = documents.readWorkflow(this.root);
    this.parents = documents.parentLists(this.workflow);
    if (this.selected >= this.workflow.steps.length) this.selected = this.workflow.steps.length - 1;
  }

  /** Show what the last validation says of each step. */
  showFeedback() {
    const text = document.getElementById("step-feedback")?.textContent ?? "[]";
    if (text === this.#feedbackText) return;
    this.#feedbackText = text;
    this.feedback = JSON.parse(text);
    this.#show();
  }

  /**
   * Show a step's fields; with -1 what all steps share.
   * @param {number} step
   */
  select(step, { focus = true } = {}) {
    this.selected = Math.min(step, this.workflow.steps.length - 1);
    this.#places = null;
    // What the page has of the step before: fields that were added to it, and problems, which come with the next preview.
    this.form.querySelector("#schema-fields")?.replaceChildren();
    this.form.querySelector("#retry-rules")?.replaceChildren();
    for (const problems of this.fields.querySelectorAll(".field-problems")) problems.replaceChildren();
    for (const control of this.fields.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
    this.#show();
    if (this.selected >= 0) this.list.reveal(this.selected);
    this.onSelect();
    /** @type {NodeListOf<HTMLElement>} */
    const groups = this.fields.querySelectorAll("[data-rows]");
    for (const group of groups) if (group.querySelector("[data-list]") && !rows.lines(group).length) rows.addLine(group);
    this.revalidate();
    if (focus) find(this.form, this.selected < 0 ? "#workflow-name" : "[data-step-title]", HTMLElement).focus();
  }

  /**
   * Write a field of the selected step. A new name is followed by all that waits for the step: while it is typed, also at
   * places that another step's name stands at for a moment.
   * @param {Editing} editing
   * @param {Field} field
   * @param {FieldValue} value
   */
  writeField = (editing, field, value) => {
    if (field.name === "name" && typeof value === "string" && this.selected >= 0) {
      this.#places ??= documents.placesOfName(this.root, this.selected);
      // Its own name at once with the others, so that the text is parsed once more and not twice.
      const own = { path: ["jobs", this.selected, "jobName"], isReference: false };
      const places = value.trim() ? [own, ...this.#places] : this.#places;
      editing.within([], () => documents.writeName(editing, places, value));
    }
    return write(editing, field, value);
  };

  // -- What is shown
  #show() {
    const { steps } = this.workflow;
    const isStep = this.selected >= 0;
    find(this.form, "[data-step-index]", HTMLInputElement).value = isStep ? String(this.selected) : "";
    this.fields.hidden = !isStep;
    this.settings.hidden = isStep || !steps.length;
    find(this.form, "[data-no-steps]", HTMLElement).hidden = steps.length > 0;
    this.#offerFirstStep(!steps.length);
    this.list.show(steps);
    const all = find(this.form, "[data-open-step='-1']", HTMLElement);
    all.hidden = !steps.length;
    all.setAttribute("aria-pressed", String(!isStep));
    if (isStep) {
      find(this.form, "[data-step-title]", HTMLElement).textContent = this.#name(this.selected);
      this.#showWaits();
    }
    this.picture.show(this.workflow, this.feedback, this.selected);
  }

  /**
   * Open *Add step* where there is none, and close it once there is one.
   * @param {boolean} isEmpty
   */
  #offerFirstStep(isEmpty) {
    if (isEmpty === this.#isEmpty) return;
    this.#isEmpty = isEmpty;
    find(this.form, "[data-step-add]", HTMLDetailsElement).open = isEmpty;
  }

  /** @param {number} step */
  #name(step) {
    return documents.namesOf(this.workflow, [step])[0];
  }

  /**
   * Give a list as many rows of its template as needed, and fill each. Rows stay, and with them the focus.
   * @param {HTMLElement} list
   * @param {string} template
   * @param {number} count
   * @param {(row: HTMLElement, index: number) => void} fill
   */
  #fillList(list, template, count, fill) {
    while (list.children.length > count) list.lastElementChild?.remove();
    const { content } = find(this.form, template, HTMLTemplateElement);
    while (list.children.length < count) list.append(document.importNode(content, true));
    [...list.children].forEach((row, index) => row instanceof HTMLElement && fill(row, index));
  }

  /**
   * @param {HTMLElement} row
   * @param {number} step
   */
  #fillStep(row, step) {
    const { steps } = this.workflow;
    const { definition, queue, size } = steps[step];
    const name = this.#name(step);
    const after = this.parents[step];
    const names = after.length > MAX_NAMES ? `${after.length} steps` : documents.namesOf(this.workflow, after).join(", ");
    const { errors = 0, warnings = 0, message = "", cost = "" } = this.feedback[step] ?? {};
    const facts = [definition, queue, size ? `array of ${size.toLocaleString("en")}` : "", names && `after ${names}`, cost];
    const shape = JSON.stringify([step, step === this.selected, name, facts, errors, warnings, message, steps.length]);
    if (this.#rowFacts.get(row) === shape) return;
    this.#rowFacts.set(row, shape);
    row.classList.toggle("is-selected", step === this.selected);
    const open = find(row, "[data-open-step]", HTMLElement);
    open.dataset.openStep = String(step);
    open.setAttribute("aria-pressed", String(step === this.selected));
    setText(row, ".step-name", name);
    setText(row, ".step-facts", facts.filter(Boolean).join(" · "));
    const more = errors + warnings > 1 ? ` (${errors + warnings} problems)` : "";
    setText(row, ".step-problem", message && `${errors ? "Error" : "Warning"}: ${message}${more}`);
    find(row, ".step-problem", HTMLElement).classList.toggle("is-warning", !errors);
    /** @type {NodeListOf<HTMLButtonElement>} */
    const tools = row.querySelectorAll("[data-step-tool]");
    for (const tool of tools) {
      const { stepTool = "", label = "" } = tool.dataset;
      tool.setAttribute("aria-label", label.replace("STEP", name));
      tool.disabled = (stepTool === "up" && step === 0) || (stepTool === "down" && step === steps.length - 1);
    }
  }

  #showWaits() {
    const { workflow, selected } = this;
    const own = workflow.waits.filter((wait) => wait.step === selected);
    const waits = own.filter((wait, index) => own.findIndex((other) => other.parent === wait.parent) === index);
    find(this.form, "[data-no-waits]", HTMLElement).hidden = waits.length > 0;
    this.#fillList(find(this.form, "[data-wait-list]", HTMLElement), "[data-wait-template]", waits.length, (row, index) => {
      const { parent, condition } = waits[index];
      const name = this.#name(parent);
      row.dataset.parent = String(parent);
      setText(row, ".wait-name", name);
      const choice = find(row, "select", HTMLSelectElement);
      choice.setAttribute("aria-label", `When to start after ${name}`);
      const values = new Set([...documents.conditionChoices(workflow, selected, parent), condition]);
      setOptions(choice, [...values].map((value) => [value, CONDITIONS[value]]), condition);
      find(row, "[data-remove-wait]", HTMLElement).setAttribute("aria-label", `Don't wait for ${name}`);
    });
    const choices = documents.parentChoices(workflow, selected);
    find(this.form, "[data-wait-offer]", HTMLElement).hidden = !choices.length;
    const select = find(this.form, "#wait-parent", HTMLSelectElement);
    setOptions(select, choices.map((step) => [String(step), this.#name(step)]), select.value);
  }

  /** @param {ReturnType<typeof parse>["root"]} root */
  #showShared(root) {
    const { queue, tags, environment } = documents.sharedValues(root);
    const choice = find(this.form, "#all-queue", HTMLSelectElement);
    if (document.activeElement !== choice) choice.value = [...choice.options].some((option) => option.value === queue) ? queue : "";
    for (const [kind, values] of /** @type {const} */ ([["tag", tags], ["variable", environment]])) {
      const list = find(this.form, `[data-shared-values=${kind}] [data-shared-list]`, HTMLElement);
      this.#fillList(list, "[data-shared-template]", values.length, (row, index) => {
        const [name, value] = values[index];
        row.dataset.name = name;
        setText(row, "code", `${name}=${value}`);
        find(row, "[data-remove-shared]", HTMLElement).setAttribute("aria-label", `Remove ${name} from all steps`);
      });
    }
  }

  // -- What a person does
  /** @param {Event} event */
  #onClick(event) {
    const open = closest(event, "[data-open-step], [data-goto-step]");
    if (open) {
      const isKeyboard = event instanceof MouseEvent && event.detail === 0;
      this.select(Number(open.dataset.openStep ?? open.dataset.gotoStep), { focus: isKeyboard || open.dataset.gotoStep !== undefined });
    }
    const tool = closest(event, "[data-step-tool]");
    if (tool) this.#useTool(tool.dataset.stepTool ?? "", this.list.stepOf(tool));
    if (closest(event, "[data-step-undo]")) this.editor.undo();
    const source = closest(event, "[data-add-step]")?.dataset.addStep;
    if (source) this.#add(source);
    if (closest(event, "[data-add-wait]")) {
      const { value } = find(this.form, "#wait-parent", HTMLSelectElement);
      if (value) this.#wait(Number(value), "");
    }
    const wait = closest(event, "[data-remove-wait]")?.closest("li");
    if (wait) {
      const parent = Number(wait.dataset.parent);
      this.#disconnect(parent, this.selected);
      find(this.form, "#wait-parent", HTMLElement).focus();
    }
    const kind = closest(event, "[data-set-all]")?.dataset.setAll;
    if (kind === "queue" || kind === "tag" || kind === "variable") this.#setForAll(kind);
    const shared = closest(event, "[data-remove-shared]")?.closest("li");
    if (shared) this.#removeShared(shared);
  }

  /**
   * Enter in a line that sets a value for all steps sets it.
   * @param {KeyboardEvent} event
   */
  #onKey(event) {
    const kind = event.key === "Enter" ? closest(event, "input")?.closest("[data-shared-values]")?.getAttribute("data-shared-values") : "";
    if (kind !== "tag" && kind !== "variable") return;
    event.preventDefault();
    this.#setForAll(kind);
  }

  /** @param {Event} event */
  #onChange({ target }) {
    const row = target instanceof HTMLSelectElement ? target.closest("[data-wait-list] > li") : null;
    if (target instanceof HTMLSelectElement && row instanceof HTMLElement && isCondition(target.value)) {
      this.#wait(Number(row.dataset.parent), target.value);
    }
  }

  /**
   * Change the document: one step, which undo takes back.
   * @template T
   * @param {(editing: Editing) => T} change
   * @param {string} [message]
   */
  #edit(change, message = "") {
    const result = this.editor.edit(change, { userEvent: "input.steps" });
    this.#read(); // a large document is shown a moment later
    if (message) announce(message);
    return result;
  }

  /**
   * @param {number} parent
   * @param {WaitCondition} condition
   */
  #wait(parent, condition) {
    const step = this.selected;
    this.#edit((editing) => documents.setWait(editing, step, parent, condition), `${this.#name(step)} waits for ${this.#name(parent)}: ${CONDITIONS[condition]}.`);
  }

  /**
   * Let a step wait for another, as an edge that was drawn says it.
   * @param {number} parent
   * @param {number} step
   */
  #connect(parent, step) {
    if (documents.parentChoices(this.workflow, step).includes(parent)) {
      this.#say("");
      this.#edit((editing) => documents.setWait(editing, step, parent, ""), `${this.#name(step)} waits for ${this.#name(parent)}.`);
    } else if (parent !== step) {
      const isKnown = this.parents[step].includes(parent);
      this.#say(isKnown ? `${this.#name(step)} waits for ${this.#name(parent)} already.` : `${this.#name(parent)} waits for ${this.#name(step)}. A dependency in the other direction would be circular.`);
    }
  }

  /**
   * Let a step no longer wait for another, as a cut edge says it.
   * @param {number} parent
   * @param {number} step
   */
  #disconnect(parent, step) {
    this.#say("");
    this.#edit((editing) => documents.removeWait(editing, step, parent), `${this.#name(step)} no longer waits for ${this.#name(parent)}.`);
  }

  /**
   * @param {string} tool
   * @param {number} step
   */
  #useTool(tool, step) {
    const name = this.#name(step);
    if (tool === "copy") {
      const copy = this.#edit((editing) => documents.copyStep(editing, step), `Copied ${name}.`);
      this.select(copy);
    } else if (tool === "remove") {
      if (this.selected >= step) this.selected -= 1;
      this.#edit((editing) => documents.removeStep(editing, step), `Removed ${name}.`);
      this.select(this.selected, { focus: false });
      const next = this.list.reveal(Math.min(step, this.workflow.steps.length - 1));
      /** @type {HTMLElement | null} */
      const control = next?.querySelector("[data-open-step]") ?? this.form.querySelector("[data-step-add] > summary");
      control?.focus();
    } else {
      const to = tool === "up" ? step - 1 : step + 1;
      const isMoved = this.#edit((editing) => documents.moveStep(editing, step, to), `Moved ${name} ${tool}.`);
      if (!isMoved) return;
      if (this.selected === step) this.select(to, { focus: false });
      else if (this.selected === to) this.select(step, { focus: false });
      /** @type {NodeListOf<HTMLButtonElement> | undefined} */
      const tools = this.list.reveal(to)?.querySelectorAll("[data-step-tool]");
      const same = [...(tools ?? [])].find((button) => button.dataset.stepTool === tool && !button.disabled);
      (same ?? tools?.[tool === "up" ? 1 : 0])?.focus();
    }
  }

  /** @param {string} source */
  async #add(source) {
    if (source === "definition") {
      const { value } = find(this.form, "#add-definition", HTMLSelectElement);
      if (!value) return;
      const { steps } = this.workflow;
      const queue = (steps[this.selected] ?? steps[steps.length - 1])?.queue || (this.form.dataset.defaultQueue ?? "");
      const job = { jobName: value, jobQueue: queue, jobDefinition: value };
      this.#added([this.#edit((editing) => documents.addStep(editing, job))]);
      return;
    }
    const pasted = find(this.form, "#add-pasted", HTMLTextAreaElement);
    const text = source === "pasted" ? await this.#readPasted(pasted.value) : await this.#readSubmission();
    const root = text ? parse(text).root : undefined;
    if (!text || root?.type !== "object") return;
    this.#added(this.#edit((editing) => documents.addDocument(editing, text, root)));
    pasted.value = "";
  }

  /** @param {number[]} steps */
  #added(steps) {
    if (!steps.length) return;
    find(this.form, "[data-step-add]", HTMLDetailsElement).open = false;
    this.#say("");
    announce(`Added ${documents.namesOf(this.workflow, steps.slice(0, MAX_NAMES)).join(", ")}.`);
    this.select(steps[0]);
  }

  async #readSubmission() {
    const { value } = find(this.form, "#add-submission", HTMLSelectElement);
    try {
      const response = await fetch(`${this.form.dataset.sourceUrl}?submission=${encodeURIComponent(value)}`, { headers: { "X-Requested-With": "fetch" } });
      if (response.ok) return (await response.json()).text;
    } catch {
      // the message says so
    }
    this.#say("The portal didn't answer. Try again.");
    return "";
  }

  /**
   * The text of a job or a workflow, from whatever format it was pasted in.
   * @param {string} pasted
   */
  async #readPasted(pasted) {
    if (!pasted.trim()) {
      this.#say("Paste a job or a workflow first.");
      return "";
    }
    const body = new FormData();
    body.append("pasted", pasted);
    body.append("whole", "");
    body.append("csrfmiddlewaretoken", find(this.form, "[name=csrfmiddlewaretoken]", HTMLInputElement).value);
    try {
      const response = await fetch(this.form.dataset.pasteUrl ?? "", { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
      const { kind, text } = await response.json();
      if (kind === "submission" || kind === "workflow") return text ?? pasted;
      this.#say(kind ? "This is a job definition. Register it first, then add a step from it." : "The portal can't read this text as a job or a workflow.");
    } catch {
      this.#say("The portal didn't answer. Try again.");
    }
    return "";
  }

  /** @param {"queue" | "tag" | "variable"} kind */
  #setForAll(kind) {
    const name = kind === "queue" ? find(this.form, "#all-queue", HTMLSelectElement) : find(this.form, `#all-${kind}-name`, HTMLInputElement);
    const value = kind === "queue" ? name.value : find(this.form, `#all-${kind}-value`, HTMLInputElement).value;
    if (!name.value.trim() || !value) {
      name.focus();
      return;
    }
    const key = kind === "queue" ? "" : name.value.trim();
    this.#edit((editing) => documents.setForAll(editing, kind, key, value), `Set ${key || "the queue"} for all steps.`);
    if (kind === "queue") return;
    name.value = "";
    find(this.form, `#all-${kind}-value`, HTMLInputElement).value = "";
    name.focus();
  }

  /** @param {HTMLElement} row */
  #removeShared(row) {
    const group = row.closest("[data-shared-values]");
    const kind = group?.getAttribute("data-shared-values") === "tag" ? "tag" : "variable";
    const name = row.dataset.name ?? "";
    this.#edit((editing) => documents.setForAll(editing, kind, name, ""), `Removed ${name} from all steps.`);
    find(this.form, `#all-${kind}-name`, HTMLElement).focus();
  }

  /** @param {string} text */
  #say(text) {
    find(this.form, "[data-step-message]", HTMLElement).textContent = text;
  }
}

/**
 * @param {HTMLElement} row
 * @param {string} selector
 * @param {string} text
 */
function setText(row, selector, text) {
  const element = find(row, selector, HTMLElement);
  if (element.textContent !== text) element.textContent = text;
}

/**
 * @param {HTMLSelectElement} select
 * @param {[value: string, label: string][]} options
 * @param {string} value
 */
function setOptions(select, options, value) {
  const isSame = select.options.length === options.length && options.every(([own, label], index) => select.options[index].value === own && select.options[index].label === label);
  if (!isSame) select.replaceChildren(...options.map(([own, label]) => new Option(label, own)));
  if (options.some(([own]) => own === value)) select.value = value;
}
