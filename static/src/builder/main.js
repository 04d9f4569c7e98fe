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

import { announcer, markFields, marks, watchFailures } from "./feedback.js";
import * as localDraft from "./local_draft.js";
import { mount } from "./editor.js";
import { Fields, cannotShow } from "./fields.js";
import { Inbox, watchFiles } from "./paste.js";
import { randomKey, announce } from "./announce.js";
import { split } from "./json_text.js";
import { kindOf, watchPanes, watchTools } from "./toolbar.js";

export * as fields from "./fields.js";
export * as lenses from "./lenses.js";
export * as rows from "./rows.js";
export * as schema from "./schema.js";
export * as text from "./json_text.js";
export * as toolbar from "./toolbar.js";
export * as units from "./units.js";

const SLOW = 300; // for what need not follow each key stroke

class Page {
  constructor(form) {
    this.form = form;
    this.kind = form.dataset.builder;
    this.area = form.querySelector("textarea.json-text");
    this.key = form.querySelector("[name=request_key]");
    this.pane = form.querySelector("[data-fields]");
    this.asking = this.pane ?? this.area; // the element whose request asks the judge
    this.said = form.querySelector("[data-editor-message]");
    this.served = this.area.defaultValue;
    this.original = form.querySelector("[name=base]")?.value || this.served;
    this.schemas = new Map();
    this.#mount();
    this.#follows();
    if (this.pane) this.#withFields();
    else this.#withDrafts();
    this.#judged();
    this.#links();
    watchTools(form, this.editor, {
      original: () => this.original,
      api: (kind) => (kind === "definition" ? form.dataset.apiDefinitionUrl : null) ?? form.dataset.apiUrl,
      told: (words) => this.tell(words),
    });
    watchPanes(form);
    this.#begin();
  }

  /** The panes as they were served, or with what was written into them before this script ran. */
  #begin() {
    const { text } = this.editor;
    if (text === this.served && !cannotShow(text, this.kind)) this.fields?.adopt();
    if (this.editor.text === text) this.#changed(text, { first: text === this.served });
  }

  tell(words) {
    this.said.textContent = words;
    announce(words);
  }

  #mount() {
    const label = document.querySelector(`label[for="${this.area.id}"]`);
    this.editor = mount(this.form.querySelector("[data-editor-mount]"), {
      text: this.area.value,
      label: `${label?.textContent ?? "Document"}: the document as JSON`,
      hint: this.area.placeholder,
      schema: () => this.#schema(),
      choices: (path) => this.fields?.choices(path) ?? [],
      changed: (text) => this.#changed(text),
      pasted: (words, whole) => this.inbox.pasted(words, whole),
    });
    this.inbox = new Inbox(this.form, this.editor, this.said);
    label?.addEventListener("click", (event) => {
      event.preventDefault();
      this.editor.view.focus();
    });
    const focused = this.area.autofocus || document.activeElement === this.area;
    const { selectionStart: anchor, selectionEnd: head } = this.area;
    this.area.hidden = true;
    this.area.tabIndex = -1;
    if (!focused) return;
    this.editor.view.dispatch({ selection: { anchor, head } });
    this.editor.view.focus();
  }

  /** Say to the server that the text alone counts: the fields have nothing that it has not. */
  #follows() {
    if (!this.pane) return;
    const marker = Object.assign(document.createElement("input"), { type: "hidden", name: "follows", value: "1" });
    this.form.append(marker);
    this.pane.addEventListener("htmx:configRequest", (event) => {
      // What a preview does not need is not sent at each key stroke.
      if (event.target === this.pane) delete event.detail.parameters.base;
    });
  }

  #withFields() {
    this.fields = new Fields(this.pane, JSON.parse(document.getElementById("fields").textContent), this.editor);
    markFields(this.form);
    this.form.addEventListener("submit", (event) => {
      // Enter looks, and sends nothing. The word "check" would load the page again; the preview does not.
      if (!event.submitter?.matches("[data-enter-button]")) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      this.#again();
    });
    const wrong = this.form.querySelector("[autofocus]");
    if (wrong !== this.area) wrong?.focus();
  }

  #withDrafts() {
    const { form } = this;
    watchFiles(form, (text) => this.#open(text), (words) => this.tell(words));
    form.addEventListener("submit", () => {
      localDraft.save(form, this.editor.text);
      localDraft.markSent(form);
    });
    const kept = this.area.value ? "" : localDraft.load(form);
    if (kept) {
      this.editor.replace(kept);
      this.tell("Your unsent text is back.");
    }
    document.querySelector(".feedback [autofocus]")?.focus();
  }

  #open(text) {
    this.editor.replace(text.replace(/\r\n?/g, "\n"));
    this.editor.view.dispatch({ selection: { anchor: 0 }, scrollIntoView: true });
    this.editor.view.focus();
    this.inbox.pasted(text, this.editor.text);
  }

  #changed(text, { first = false } = {}) {
    this.area.value = text;
    if (this.pane) {
      const why = cannotShow(text, this.kind);
      const notice = this.form.querySelector("[data-frozen]");
      notice.hidden = !why;
      notice.querySelector("[data-frozen-reason]").textContent = why;
      for (const part of this.pane.querySelectorAll(":scope > section")) part.inert = Boolean(why);
      this.pane.classList.toggle("is-frozen", Boolean(why));
      if (!why) this.fields?.follow();
    }
    if (first) return;
    this.key.value = randomKey(); // another text is another wish; the same text sent twice is one
    this.#again();
    clearTimeout(this.late);
    this.late = setTimeout(() => {
      this.#size(text);
      if (!this.pane) localDraft.save(this.form, text);
    }, SLOW);
  }

  #size(text) {
    const shown = this.form.querySelector("[data-size]");
    const largest = Number(this.form.dataset.maxBytes || Infinity);
    const bytes = new Blob([text]).size;
    shown.textContent = bytes < 10240 ? "" : `${(bytes / 1024).toFixed(0)} KiB`;
    shown.classList.toggle("too-large", bytes > largest);
    if (bytes > largest) shown.textContent += ` – ${Math.round(largest / 1024)} KiB are read at most`;
  }

  #again() {
    this.asking.dispatchEvent(new CustomEvent("revalidate"));
  }

  #judged() {
    const panel = this.form.querySelector(this.pane ? "#preview" : "#feedback");
    const announceResult = announcer(panel, () => this.form.querySelector("#submit-label"));
    const shown = () => {
      this.editor.mark(marks(), (patch) => this.fix(patch));
      announceResult();
    };
    shown();
    // A part that someone is writing in stays as it is: what the answer has is older than what is typed.
    document.addEventListener("htmx:oobBeforeSwap", (event) => {
      const writing = document.activeElement;
      const typed = writing?.matches("input:not([type=radio], [type=checkbox]), textarea");
      if (typed && event.detail.target.contains(writing)) event.detail.shouldSwap = false;
    });
    document.addEventListener("htmx:afterSettle", (event) => {
      if (!this.form.contains(event.target)) return;
      this.fields?.follow();
      if (event.target === panel || panel.contains(event.target)) {
        markFields(this.form);
        shown();
      }
    });
    watchFailures(this.asking, panel, () => {
      const sentence = this.form.querySelector("#submit-label");
      if (sentence) sentence.textContent = "Check and submit";
      const button = panel.querySelector("button[type=submit]");
      if (button) button.disabled = false;
    });
  }

  /** Apply the fix of a problem to the text: one step, which undo takes back. */
  fix(patch) {
    const done = this.editor.edit((editing) => patch.every((operation) => editing.patch(operation) !== false), { userEvent: "input.fix" });
    if (done) announce("The fix is in the text.");
    else this.tell("The fix does not fit the text any more.");
  }

  #links() {
    this.form.addEventListener("click", (event) => {
      const fix = event.target.closest("[data-fix]");
      if (fix?.dataset.fix) {
        event.preventDefault(); // without scripts the button sends the form, and the portal applies it
        this.fix(JSON.parse(fix.dataset.fix));
      }

      const take = event.target.closest("[data-remove-pointer]");
      if (take) this.editor.edit((editing) => editing.remove(split(take.dataset.removePointer)));

      const jump = event.target.closest(".jump[data-line]");
      if (jump) this.editor.goTo({ line: Number(jump.dataset.line), column: Number(jump.dataset.column) });

      const pointer = event.target.closest("[data-goto-pointer]");
      if (pointer) this.editor.goTo({ pointer: pointer.dataset.gotoPointer });

      const link = event.target.closest("[data-goto-field]");
      if (!link) return;
      event.preventDefault();
      const said = document.getElementById(`problems-${link.dataset.gotoField}`);
      const first = said?.closest("fieldset")?.querySelector("input:not([type=hidden])");
      const field = document.getElementById(`f-${link.dataset.gotoField}`) ?? first;
      if (this.form.dataset.panes === "json") this.form.dataset.panes = "both";
      field?.focus();
      field?.scrollIntoView({ block: "center" });
    });
  }

  /** The schema of what the text is, once it has come. It is asked for when it is first wanted. */
  #schema() {
    const kind = this.kind === "any" ? kindOf(this.editor.text) || "submission" : this.kind;
    if (!this.schemas.has(kind)) {
      this.schemas.set(kind, null);
      const address = this.kind === "any" ? this.form.getAttribute(`data-schema-${kind}`) : this.form.dataset.schema;
      fetch(address)
        .then((answer) => (answer.ok ? answer.json() : null))
        .then((schema) => this.schemas.set(kind, schema))
        .catch(() => this.schemas.delete(kind));
    }
    return this.schemas.get(kind);
  }
}

// Not before htmx listens: what it is asked sooner is never answered.
document.addEventListener("DOMContentLoaded", () => {
  const form = document.querySelector("[data-builder]");
  if (form) new Page(form);
});
