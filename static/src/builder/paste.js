// What comes in from elsewhere: pasted, dropped or opened as a file. The server reads it as whatever it is; the page says
// what it was and what was changed, and one step takes that back.

import { announce } from "./announce.js";
import { closest, find } from "./elements.js";

/** @import { Editor } from "./editor.js" */

/** @typedef {{kind: string, text: string | null, headline: string, changes: string[]}} ReadResult the server's answer */

const DOCUMENT_PATTERN = /[{[]|^\s*(?:\$\s*)?aws\s/;
const MIN_LENGTH = 12;

export class Inbox {
  /** @type {string | undefined} */
  #textBefore;

  /**
   * @param {HTMLFormElement} form
   * @param {Editor} editor
   * @param {HTMLElement} message
   */
  constructor(form, editor, message) {
    this.form = form;
    this.editor = editor;
    this.message = message;
    message.addEventListener("click", (event) => {
      if (!closest(event, "[data-undo]")) return;
      if (this.#textBefore !== undefined) editor.replace(this.#textBefore, "undo");
      this.clear();
    });
  }

  /**
   * Read what was pasted; `text` is the whole document after it.
   * @param {string} pasted
   * @param {string} text
   */
  async readPaste(pasted, text) {
    if (!this.form.dataset.pasteUrl || pasted.trim().length < MIN_LENGTH || !DOCUMENT_PATTERN.test(pasted)) return;
    const result = await this.#request({ pasted, whole: text });
    if (!result?.kind || this.editor.text !== text) return;
    if (result.text !== null && result.text !== text) {
      this.#textBefore = text;
      this.editor.replace(result.text, "input.read");
    } else {
      this.#textBefore = undefined;
    }
    this.#show(result);
  }

  /**
   * @param {Record<string, string>} fields
   * @returns {Promise<ReadResult | null>}
   */
  async #request(fields) {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    body.append("csrfmiddlewaretoken", find(this.form, "[name=csrfmiddlewaretoken]", HTMLInputElement).value);
    try {
      const response = await fetch(this.form.dataset.pasteUrl ?? "", { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
      return response.ok ? await response.json() : null;
    } catch {
      return null; // the preview shows what is wrong with the text
    }
  }

  /** @param {ReadResult} result */
  #show({ headline, changes }) {
    const label = document.createElement("span");
    label.textContent = `Read as: ${headline}.`;
    this.message.replaceChildren(label);
    if (this.#textBefore !== undefined) {
      const undoButton = document.createElement("button");
      undoButton.type = "button";
      undoButton.className = "jump";
      undoButton.dataset.undo = "";
      undoButton.textContent = "Undo";
      this.message.append(undoButton);
    }
    if (changes.length) {
      const list = document.createElement("ul");
      for (const change of changes) list.append(Object.assign(document.createElement("li"), { textContent: change }));
      this.message.append(list);
    }
    announce(`Read as: ${headline}. ${changes.join(" ")}`);
  }

  clear() {
    this.message.replaceChildren();
    this.#textBefore = undefined;
  }
}

/**
 * Open a file by its button or a drop on the form. `openText(text)` gets its content.
 * @param {HTMLFormElement} form
 * @param {(text: string) => void} openText
 * @param {(text: string) => void} showMessage
 */
export function watchFiles(form, openText, showMessage) {
  /** @type {HTMLInputElement | null} */
  const input = form.querySelector("input[type=file]");
  if (!input) return;
  const maxBytes = Number(form.dataset.maxBytes);
  /** @param {File | undefined} file */
  const open = async (file) => {
    if (!file) return;
    if (file.size > maxBytes) {
      showMessage(`${file.name} is too large. The limit is ${Math.round(maxBytes / 1024)} KiB.`);
    } else {
      try {
        openText(new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()));
        announce(`Opened ${file.name}.`);
      } catch {
        showMessage(`${file.name} isn't UTF-8 text.`);
      }
    }
    input.value = ""; // from here on the text in the editor is what counts
  };
  input.addEventListener("change", () => open(input.files?.[0]));
  for (const kind of /** @type {const} */ (["dragover", "dragleave", "drop"])) {
    form.addEventListener(
      kind,
      (event) => {
        if (!event.dataTransfer?.types.includes("Files")) return;
        event.preventDefault();
        event.stopPropagation();
        form.classList.toggle("dropping", kind === "dragover");
        if (kind === "drop") open(event.dataTransfer.files[0]);
      },
      true, // before the editor, which would put a file's text in the middle of the document
    );
  }
}
