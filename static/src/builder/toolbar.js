// The tools above the editor: undo, search, format, fold, difference, copy as.

import { announce } from "./announce.js";
import { closest, find } from "./elements.js";
import { blankComments, parse } from "./json_text.js";
import { shellQuote } from "./units.js";

/** @import { Editor } from "./editor.js" */

const LOCAL_FORMATS = new Set(["json", "aws", "curl"]);

/** @type {Record<string, string>} */
const COMMANDS = { definition: "register-job-definition", submission: "submit-job" };

/**
 * Return the kind of a document by its keys; "" if they tell none.
 * @param {string} text
 */
export function kindOf(text) {
  const { root } = parse(text);
  const keys = new Set(root?.type === "object" ? root.children.map((property) => property.children[0].value) : []);
  if (keys.has("jobs")) return "workflow";
  if (keys.has("jobDefinitionName") || keys.has("containerProperties")) return "definition";
  return keys.size ? "submission" : "";
}

/**
 * Return the document as a command of another tool. `api` gives the URL of the portal's API by kind.
 * @param {string} format
 * @param {string} text
 * @param {(kind: string) => string} api
 */
export function copyAs(format, text, api) {
  const kind = kindOf(text);
  if (format === "aws") {
    if (!COMMANDS[kind]) return null;
    return `aws batch ${COMMANDS[kind]} --cli-input-json ${shellQuote(compact(text))}\n`;
  }
  if (format === "curl") {
    const url = new URL(api(kind), location.origin).href;
    return `curl -H "Authorization: Bearer $BATCH_PORTAL_TOKEN" --data-binary ${shellQuote(compact(text))} ${shellQuote(url)}\n`;
  }
  return text;
}

/**
 * Return the document in a form that only the portal writes, or why it has none.
 * @param {HTMLFormElement} form
 * @param {string} format
 * @param {string} text
 * @returns {Promise<{ copied: string | null, message: string }>}
 */
async function copyRemotely(form, format, text) {
  const body = new FormData();
  body.append("copy_as", format);
  body.append("whole", text);
  body.append("csrfmiddlewaretoken", find(form, "[name=csrfmiddlewaretoken]", HTMLInputElement).value);
  try {
    const response = await fetch(form.dataset.pasteUrl ?? "", { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
    if (response.ok) return await response.json();
  } catch {
    // the message says so
  }
  return { copied: null, message: "The portal didn't answer. Try again." };
}

/**
 * Return the text in one line, without comments; strings and numbers stay as they are.
 * @param {string} text
 */
function compact(text) {
  return blankComments(text).replace(/"(?:[^"\\\r\n]|\\[^\r\n])*"|\s+/g, (match) => (match[0] === '"' ? match : "")).trim();
}

/**
 * @param {HTMLFormElement} form
 * @param {Editor} editor
 * @param {object} options
 * @param {string} options.original
 * @param {(kind: string) => string} options.api
 * @param {(text: string) => void} options.showMessage
 */
export function watchTools(form, editor, { original, api, showMessage }) {
  const tools = find(form, "[data-tools]", HTMLElement);
  tools.addEventListener("click", (event) => {
    const button = closest(event, "button");
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
        announce("Formatted.");
        break;
      case "fold":
        button.setAttribute("aria-pressed", String(editor.fold()));
        break;
      case "difference":
        button.setAttribute("aria-pressed", String(editor.compare(original)));
        break;
    }
    if (button.dataset.copyAs) {
      const menu = button.closest("details");
      if (menu) menu.open = false;
      const format = button.dataset.copyAs;
      if (!LOCAL_FORMATS.has(format)) {
        void copyRemotely(form, format, editor.text).then(({ copied, message }) => {
          if (copied === null) showMessage(message);
          else document.dispatchEvent(new CustomEvent("copy-text", { detail: { button, text: copied } }));
        });
        return;
      }
      const copied = copyAs(format, editor.text, api);
      if (copied === null) showMessage("The AWS CLI has no command for workflows. The portal submits the jobs one by one.");
      else document.dispatchEvent(new CustomEvent("copy-text", { detail: { button, text: copied } })); // copy.js does it
    }
  });
  if (form.dataset.compare !== undefined) tools.querySelector("[data-tool=difference]")?.setAttribute("aria-pressed", String(editor.compare(original)));
  document.addEventListener("click", (event) => {
    const menu = tools.querySelector("details");
    if (menu && !(event.target instanceof Node && menu.contains(event.target))) menu.open = false;
  });
  tools.addEventListener("keydown", (event) => {
    const menu = closest(event, "details[open]");
    if (event.key !== "Escape" || !menu) return;
    menu.removeAttribute("open");
    menu.querySelector("summary")?.focus();
  });
}
