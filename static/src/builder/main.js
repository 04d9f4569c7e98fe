// One document, two panes. The text in the editor is the document; the fields of a form are views of places in it.
// A change of a field changes that place of the text, as a step of the editor's history; a change of the text sets the
// other fields. While the text is no JSON the form waits. The server judges, and supplies fields, choices and marks.
//
//     json_text  the parsed text and minimal edits     lenses       read and write a field's value in the text
//     units      values as people type them            fields       controls bound to lenses
//     rows       names and values: environment, tags   editor       CodeMirror
//     schema     completion and help from AWS's schema feedback     the server's validation result
//     paste      pasted, dropped and opened texts      toolbar      the buttons above the editor
//     local_draft  the draft of the JSON page in this browser
//     view_switch  Form, Both or JSON                 workflow_document  steps of a workflow and changes to them
//     workflow_form  the steps of a workflow           workflow_list  as a list
//     workflow_picture  and as a picture
//     how_many   one job, an array or a sweep

import { announcer, markFields, readMarkers, watchFailures } from "./feedback.js";
import * as localDraft from "./local_draft.js";
import { mount } from "./editor.js";
import { Fields, whyNotShown } from "./fields.js";
import { Inbox, watchFiles } from "./paste.js";
import { announce } from "./announce.js";
import { closest, find } from "./elements.js";
import { join, parse, split } from "./json_text.js";
import { watchHowMany } from "./how_many.js";
import { kindOf, watchTools } from "./toolbar.js";
import { ViewSwitch } from "./view_switch.js";
import { WorkflowForm } from "./workflow_form.js";

export * as fields from "./fields.js";
export * as lenses from "./lenses.js";
export * as rows from "./rows.js";
export * as schema from "./schema.js";
export * as text from "./json_text.js";
export * as toolbar from "./toolbar.js";
export * as units from "./units.js";
export * as viewSwitch from "./view_switch.js";
export * as workflow from "./workflow_document.js";

/**
 * @import { Editor } from "./editor.js"
 * @import { Operation, Path, Schema } from "./types.js"
 */

/** @type {Record<string, string>} */
const KIND_NAMES = { definition: "job definition", submission: "job", workflow: "workflow" };
const SIZE_DELAY_MS = 300; // for what need not follow each key stroke
const LARGE_TEXT = 100_000; // characters, from which the form follows in tasks of their own
const LARGE_DELAY_MS = 200; // after the last key stroke

class Page {
  /** @type {number | undefined} */
  #sizeTimer;
  /** @type {number | undefined} */
  #showTimer;

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.form = form;
    this.kind = form.dataset.builder ?? "";
    this.area = find(form, "textarea.json-text", HTMLTextAreaElement);
    /** @type {HTMLInputElement | null} */
    this.key = form.querySelector("[name=request_key]");
    /** @type {HTMLElement | null} */
    this.pane = form.querySelector("[data-fields]");
    this.requester = this.pane ?? this.area; // the element whose request asks the judge
    this.messageBox = find(form, "[data-editor-message]", HTMLElement);
    this.initialText = this.area.defaultValue;
    /** @type {Map<string, Promise<Schema | null>>} */
    this.schemas = new Map();
    /** @type {Editor} */
    this.editor = this.#mount();
    this.viewSwitch = new ViewSwitch(form);
    this.inbox = new Inbox(form, this.editor, this.messageBox);
    this.#takeOverArea();
    this.#addFollowsField();
    this.workflow = this.kind === "workflow" ? new WorkflowForm(form, this.editor, () => this.#revalidate()) : null;
    /** @type {Fields | null} */
    this.fields = this.pane && this.#initFields(this.pane);
    if (form.dataset.draftKey) this.#initDrafts();
    this.#watchResults();
    this.#watchLinks();
    /** @type {HTMLInputElement | null} */
    const base = form.querySelector("[name=base]");
    watchTools(form, this.editor, {
      original: base?.value || this.initialText,
      api: (kind) => (kind === "definition" ? form.dataset.apiDefinitionUrl : null) ?? form.dataset.apiUrl ?? "",
      showMessage: (text) => this.showMessage(text),
    });
    this.#start();
  }

  /** The panes as they were served, or with what was written into them before this script ran. */
  #start() {
    const { text } = this.editor;
    if (text === this.initialText && !whyNotShown(text, this.kind)) this.fields?.adoptValues();
    if (this.editor.text === text) this.#onChange(text, { first: text === this.initialText });
  }

  /** @param {string} text */
  showMessage(text) {
    this.messageBox.textContent = text;
    announce(text);
  }

  /** The label of the document's field. */
  get label() {
    return document.querySelector(`label[for="${this.area.id}"]`);
  }

  #mount() {
    return mount(find(this.form, "[data-editor-mount]", HTMLElement), {
      text: this.area.value,
      label: `${this.label?.textContent ?? "Document"}: document as JSON`,
      hint: this.area.placeholder,
      schema: () => this.#schema(),
      choices: (path) => this.fields?.choices(path) ?? [],
      onChange: (text) => this.#onChange(text),
      onPaste: (pasted, newText) => this.inbox.readPaste(pasted, newText),
    });
  }

  /** Put the editor in the place of the document's field, with its focus and selection. */
  #takeOverArea() {
    this.label?.addEventListener("click", (event) => {
      event.preventDefault();
      this.editor.view.focus();
    });
    const focused = this.area.autofocus || document.activeElement === this.area;
    const { selectionStart: anchor, selectionEnd: head } = this.area;
    this.area.hidden = true;
    this.area.tabIndex = -1;
    // Writing a large text into the field takes as long as showing it would.
    this.form.addEventListener("formdata", ({ formData }) => formData.set(this.area.name, this.editor.text));
    if (!focused) return;
    this.editor.view.dispatch({ selection: { anchor, head } });
    this.editor.view.focus();
  }

  /** Say to the server that the text alone counts: the fields have nothing that it has not. */
  #addFollowsField() {
    if (!this.pane) return;
    const marker = Object.assign(document.createElement("input"), { type: "hidden", name: "follows", value: "1" });
    this.form.append(marker);
    this.pane.addEventListener("htmx:configRequest", (event) => {
      // What a preview does not need is not sent at each key stroke.
      if (event.target === this.pane) delete event.detail.parameters.base;
    });
  }

  /** @param {HTMLElement} pane */
  #initFields(pane) {
    const descriptions = JSON.parse(document.getElementById("fields")?.textContent ?? "[]");
    const { workflow } = this;
    const options = workflow ? { step: () => workflow.base, writeField: workflow.writeField } : {};
    const fields = new Fields(pane, descriptions, this.editor, options);
    if (workflow) workflow.onSelect = () => fields.refresh();
    watchHowMany(pane);
    markFields(this.form);
    this.form.addEventListener("submit", (event) => {
      // Enter looks, and sends nothing. The word "check" would load the page again; the preview does not.
      if (!event.submitter?.matches("[data-enter-button]")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      this.#revalidate();
    });
    /** @type {HTMLElement | null} */
    const invalidControl = this.form.querySelector("[autofocus]");
    if (invalidControl !== this.area) invalidControl?.focus();
    return fields;
  }

  #initDrafts() {
    const { form } = this;
    watchFiles(form, (text) => this.#open(text), (message) => this.showMessage(message));
    form.addEventListener("submit", () => {
      localDraft.save(form, this.editor.text);
      localDraft.markSent(form);
    });
    form.addEventListener("draft-saved", ({ detail }) => {
      if (localDraft.load(form) === detail) localDraft.save(form, ""); // the portal has it, and lists it
    });
    const draft = this.area.value ? "" : localDraft.load(form);
    if (draft) {
      this.editor.replace(draft);
      this.showMessage("Restored your unsaved changes.");
    }
    /** @type {HTMLElement | null} */
    const invalidControl = document.querySelector(".feedback [autofocus]");
    invalidControl?.focus();
  }

  /** @param {string} text */
  #open(text) {
    this.editor.replace(text.replace(/\r\n?/g, "\n"));
    this.editor.view.dispatch({ selection: { anchor: 0 }, scrollIntoView: true });
    this.editor.view.focus();
    this.inbox.readPaste(text, this.editor.text);
  }

  /** @param {string} text */
  #onChange(text, { first = false } = {}) {
    const isLarge = text.length > LARGE_TEXT;
    if (!isLarge) this.area.value = text;
    clearTimeout(this.#showTimer);
    if (isLarge) this.#showSoon(text);
    else this.#showDocument(text);
    if (first) return;
    if (this.key) this.key.value = randomKey(); // another text is another wish; the same text sent twice is one
    this.#revalidate();
    clearTimeout(this.#sizeTimer);
    this.#sizeTimer = window.setTimeout(() => {
      this.#showSize(text);
      if (this.form.dataset.draftKey) localDraft.save(this.form, text);
    }, SIZE_DELAY_MS);
  }

  /**
   * Show a large document in several tasks, so that none blocks the page.
   * @param {string} text
   */
  #showSoon(text) {
    this.#showTimer = window.setTimeout(() => {
      parse(text); // which keeps it
      this.#showTimer = window.setTimeout(() => this.#showDocument(text));
    }, LARGE_DELAY_MS);
  }

  /**
   * Show in the form what the document has.
   * @param {string} text
   */
  #showDocument(text) {
    if (this.pane) {
      const reason = whyNotShown(text, this.kind);
      const notice = find(this.form, "[data-frozen]", HTMLElement);
      notice.hidden = !reason;
      find(notice, "[data-frozen-reason]", HTMLElement).textContent = reason;
      this.#offerOtherPage(reason ? kindOf(text) : "");
      /** @type {NodeListOf<HTMLElement>} */
      const sections = this.pane.querySelectorAll("section");
      for (const section of sections) section.inert = Boolean(reason);
      this.pane.classList.toggle("is-frozen", Boolean(reason));
      if (!reason) {
        this.workflow?.update();
        this.fields?.refresh();
      }
    }
    this.viewSwitch.update(text);
  }

  /**
   * Offer to open a document of another kind where it can be edited.
   * @param {string} kind
   */
  #offerOtherPage(kind) {
    const offer = find(this.form, "[data-elsewhere]", HTMLElement);
    offer.hidden = !kind || kind === this.kind;
    find(offer, "button", HTMLButtonElement).textContent = `Open as ${KIND_NAMES[kind] ?? "document"}`;
  }

  /** @param {string} text */
  #showSize(text) {
    const label = find(this.form, "[data-size]", HTMLElement);
    const maxBytes = Number(this.form.dataset.maxBytes || Infinity);
    const bytes = new Blob([text]).size;
    label.textContent = bytes < 10240 ? "" : `${(bytes / 1024).toFixed(0)} KiB`;
    label.classList.toggle("too-large", bytes > maxBytes);
    if (bytes > maxBytes) label.textContent += ` – ${Math.round(maxBytes / 1024)} KiB allowed`;
  }

  #revalidate() {
    this.requester.dispatchEvent(new CustomEvent("revalidate"));
  }

  #watchResults() {
    const panel = find(this.form, this.pane ? "#preview" : "#feedback", HTMLElement);
    const announceResult = announcer(panel, () => this.form.querySelector("#submit-label"));
    const showResult = () => {
      this.editor.showMarkers(readMarkers(), (patch) => this.applyFix(patch));
      announceResult();
    };
    showResult();
    // A part that someone is writing in stays as it is: what the answer has is older than what is typed.
    document.addEventListener("htmx:oobBeforeSwap", (event) => {
      const active = document.activeElement;
      const isTextInput = active?.matches("input:not([type=radio], [type=checkbox]), textarea");
      if (isTextInput && event.detail.target.contains(active)) event.detail.shouldSwap = false;
    });
    document.addEventListener("htmx:afterSettle", (event) => {
      if (!this.form.contains(event.target)) return;
      this.fields?.refresh();
      this.workflow?.showFeedback();
      if (event.target === panel || panel.contains(event.target)) {
        markFields(this.form);
        showResult();
      }
    });
    watchFailures(this.requester, panel, () => {
      const sentence = this.form.querySelector("#submit-label");
      if (sentence) sentence.textContent = "Check and submit";
      find(this.form, "#submit-button", HTMLButtonElement).disabled = false;
    });
  }

  /**
   * Apply the fix of a problem to the text: one step, which undo takes back.
   * @param {Operation[]} patch
   * @param {Path} base that its pointers start from
   */
  applyFix(patch, base = []) {
    const isApplied = this.editor.edit(
      (editing) => editing.within(base, () => patch.every((operation) => editing.patch(operation) !== false)),
      { userEvent: "input.fix" },
    );
    if (isApplied) announce("Fix applied.");
    else this.showMessage("The fix no longer applies: the text has changed.");
  }

  #watchLinks() {
    this.form.addEventListener("click", (event) => {
      const base = closest(event, "[data-step-fields]") ? (this.workflow?.base ?? []) : [];
      const fixButton = closest(event, "[data-fix]");
      if (fixButton?.dataset.fix) {
        event.preventDefault(); // without scripts the button sends the form, and the portal applies it
        this.applyFix(JSON.parse(fixButton.dataset.fix), base);
      }

      const removedPointer = closest(event, "[data-remove-pointer]")?.dataset.removePointer;
      if (removedPointer) this.editor.edit((editing) => editing.within(base, () => editing.remove(split(removedPointer))));

      if (closest(event, "[data-convert]")) this.inbox.readPaste(this.editor.text, this.editor.text);

      const lineButton = closest(event, ".jump[data-line]");
      if (lineButton) this.editor.goTo({ line: Number(lineButton.dataset.line), column: Number(lineButton.dataset.column) });

      const pointerButton = closest(event, "[data-goto-pointer]");
      if (pointerButton) this.editor.goTo({ pointer: join(base) + pointerButton.dataset.gotoPointer });

      const link = closest(event, "[data-goto-field]");
      if (!link) return;
      event.preventDefault();
      const problems = document.getElementById(`problems-${link.dataset.gotoField}`);
      /** @type {HTMLElement | null | undefined} */
      const firstInput = problems?.closest("fieldset")?.querySelector("input:not([type=hidden])");
      const field = document.getElementById(`f-${link.dataset.gotoField}`) ?? firstInput;
      if (this.form.dataset.panes === "json") this.viewSwitch.show("both");
      field?.focus();
      field?.scrollIntoView({ block: "center" });
    });
  }

  /**
   * The schema of what the text is. It is asked for when it is first wanted, and again if it did not come.
   * @returns {Promise<Schema | null>}
   */
  #schema() {
    const kind = this.kind === "any" ? kindOf(this.editor.text) || "submission" : this.kind;
    const url = this.kind === "any" ? this.form.getAttribute(`data-schema-${kind}`) : this.form.dataset.schema;
    const schema = this.schemas.get(kind) ?? fetchSchema(url ?? "");
    this.schemas.set(kind, schema);
    schema.then((loaded) => loaded ?? this.schemas.delete(kind));
    return schema;
  }
}

/**
 * @param {string} url
 * @returns {Promise<Schema | null>}
 */
async function fetchSchema(url) {
  try {
    const response = await fetch(url);
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** A random key. crypto.randomUUID is not available over plain HTTP. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Not before htmx listens: what it is asked sooner is never answered.
document.addEventListener("DOMContentLoaded", () => {
  /** @type {HTMLFormElement | null} */
  const form = document.querySelector("[data-builder]");
  if (form) new Page(form);
});
