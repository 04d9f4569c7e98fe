// The tools above the editor: undo, search, format, fold, difference, copy as; and which panes are seen.

import { announce } from "./announce.js";
import { bare, parse } from "./json_text.js";
import { shellQuoted } from "./units.js";

const COMMANDS = { definition: "register-job-definition", submission: "submit-job" };

/** What a text is, by its keys, or "" where nobody knows. */
export function kindOf(text) {
  const { root } = parse(text);
  const keys = new Set(root?.type === "object" ? root.children.map((each) => each.children[0].value) : []);
  if (keys.has("jobs")) return "workflow";
  if (keys.has("jobDefinitionName") || keys.has("containerProperties")) return "definition";
  return keys.size ? "submission" : "";
}

/** The document in the words of another tool. `api` says where the portal takes it, by its kind. */
export function copyAs(form, text, api) {
  const kind = kindOf(text);
  if (form === "aws") {
    if (!COMMANDS[kind]) return null;
    return `aws batch ${COMMANDS[kind]} --cli-input-json ${shellQuoted(compact(text))}\n`;
  }
  if (form === "curl") {
    const address = new URL(api(kind), location.origin).href;
    return `curl -H "Authorization: Bearer $BATCH_PORTAL_TOKEN" --data-binary ${shellQuoted(compact(text))} ${shellQuoted(address)}\n`;
  }
  return text;
}

/** In one line, without comments; strings and numbers as they were written. */
function compact(text) {
  return bare(text).replace(/"(?:[^"\\\r\n]|\\[^\r\n])*"|\s+/g, (found) => (found[0] === '"' ? found : "")).trim();
}

export function watchTools(form, editor, { original, api, told }) {
  const tools = form.querySelector("[data-tools]");
  tools.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    switch (button.dataset.tool) {
      case "undo":
        editor.undo();
        break;
      case "search":
        editor.search();
        break;
      case "format":
        editor.format();
        announce("The text is laid out anew.");
        break;
      case "fold":
        button.setAttribute("aria-pressed", String(editor.fold()));
        break;
      case "difference":
        button.setAttribute("aria-pressed", String(editor.compare(original())));
        break;
    }
    if (button.dataset.copyAs) {
      button.closest("details").open = false;
      const words = copyAs(button.dataset.copyAs, editor.text, api);
      if (words === null) told("The AWS CLI has no command for a workflow: the portal sends its jobs one by one.");
      else document.dispatchEvent(new CustomEvent("copy-text", { detail: { button, text: words } })); // copy.js does it
    }
  });
  document.addEventListener("click", (event) => {
    const open = tools.querySelector("details[open]");
    if (open && !open.contains(event.target)) open.open = false;
  });
  tools.addEventListener("keydown", (event) => {
    const open = event.target.closest("details[open]");
    if (event.key !== "Escape" || !open) return;
    open.open = false;
    open.querySelector("summary").focus();
  });
}

/** Form, both or JSON: a person's choice is kept. */
export function watchPanes(form) {
  const choice = document.querySelector("[data-panes-choice]");
  if (!choice) return;
  const show = (panes) => {
    form.dataset.panes = panes;
    for (const radio of choice.querySelectorAll("input")) radio.checked = radio.value === panes;
  };
  try {
    const kept = localStorage.getItem("panes");
    if (["form", "both", "json"].includes(kept)) show(kept);
  } catch {
    // storage can be forbidden; the page still has panes
  }
  choice.addEventListener("change", (event) => {
    show(event.target.value);
    try {
      localStorage.setItem("panes", event.target.value);
    } catch {
      // it holds for this page only
    }
  });
}

