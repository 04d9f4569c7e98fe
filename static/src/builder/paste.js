// What comes in from elsewhere: pasted, dropped or opened as a file. The server reads it as whatever it is; the page says
// what it was and what was changed, and one step takes that back.

import { announce } from "./announce.js";

const LIKE_A_DOCUMENT = /[{[]|^\s*(?:\$\s*)?aws\s/;
const SHORTEST = 12;

export class Inbox {
  constructor(form, editor, said) {
    this.form = form;
    this.editor = editor;
    this.said = said;
    said.addEventListener("click", (event) => {
      if (!event.target.closest("[data-undo]")) return;
      if (this.before !== undefined) editor.replace(this.before, "undo");
      this.quiet();
    });
  }

  /** Something was pasted; `whole` is the text that it made. */
  async pasted(words, whole) {
    if (words.trim().length < SHORTEST || !LIKE_A_DOCUMENT.test(words)) return;
    const found = await this.#ask({ pasted: words, whole });
    if (!found?.kind || this.editor.text !== whole) return;
    if (found.text !== null && found.text !== whole) {
      this.before = whole;
      this.editor.replace(found.text, "input.read");
    } else {
      this.before = undefined;
    }
    this.#tell(found);
  }

  async #ask(fields) {
    const body = new FormData();
    for (const [name, value] of Object.entries(fields)) body.append(name, value);
    body.append("csrfmiddlewaretoken", this.form.querySelector("[name=csrfmiddlewaretoken]").value);
    try {
      const answer = await fetch(this.form.dataset.pasteUrl, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null; // the judge says what is wrong with the text as it stands
    }
  }

  #tell({ what, changes }) {
    const words = document.createElement("span");
    words.textContent = `Read as: ${what}.`;
    this.said.replaceChildren(words);
    if (this.before !== undefined) {
      const back = document.createElement("button");
      back.type = "button";
      back.className = "jump";
      back.dataset.undo = "";
      back.textContent = "Take it back";
      this.said.append(back);
    }
    if (changes.length) {
      const list = document.createElement("ul");
      for (const change of changes) list.append(Object.assign(document.createElement("li"), { textContent: change }));
      this.said.append(list);
    }
    announce(`Read as: ${what}. ${changes.join(" ")}`);
  }

  quiet() {
    this.said.replaceChildren();
    this.before = undefined;
  }
}

/** Opening a file, by its button or by dropping it on the form. `put(text)` takes what is in it. */
export function watchFiles(form, put, told) {
  const file = form.querySelector("input[type=file]");
  if (!file) return;
  const largest = Number(form.dataset.maxBytes);
  const open = async (chosen) => {
    if (!chosen) return;
    if (chosen.size > largest) {
      told(`${chosen.name} is too large: ${Math.round(largest / 1024)} KiB are read at most`);
    } else {
      try {
        put(new TextDecoder("utf-8", { fatal: true }).decode(await chosen.arrayBuffer()));
        announce(`${chosen.name} is open.`);
      } catch {
        told(`${chosen.name} is not text in UTF-8`);
      }
    }
    file.value = ""; // from here on the text in the editor is what counts
  };
  file.addEventListener("change", () => open(file.files[0]));
  for (const kind of ["dragover", "dragleave", "drop"]) {
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
