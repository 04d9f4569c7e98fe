// The editor: CodeMirror over the text of a document. It knows nothing of forms.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, isolateHistory, undo } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import {
  HighlightStyle, bracketMatching, foldAll, foldGutter, foldKeymap, indentOnInput, syntaxHighlighting, unfoldAll,
} from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { unifiedMergeView } from "@codemirror/merge";
import { openSearchPanel, search, searchKeymap } from "@codemirror/search";
import { ChangeSet, Compartment, EditorSelection, EditorState } from "@codemirror/state";
import {
  EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, hoverTooltip, keymap, lineNumbers, placeholder,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { format } from "jsonc-parser";
import { Editing, nodeAt, parse, split, unitOf } from "./json_text.js";
import { completions, describe } from "./schema.js";

/**
 * @import { CompletionSource } from "@codemirror/autocomplete"
 * @import { Annotation, Text, Transaction } from "@codemirror/state"
 * @import { Tooltip } from "@codemirror/view"
 * @import { Edit, Marker, Operation, Path, Schema, TextPosition, ValueNode } from "./types.js"
 */

const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: "light-dark(#1b5cb8, #8fc7ff)" },
  { tag: tags.string, color: "light-dark(#17693a, #7fdca0)" },
  { tag: tags.number, color: "light-dark(#855200, #f3c36f)" },
  { tag: [tags.bool, tags.null], color: "light-dark(#8a2f8f, #e3a6e8)" },
]);

const THEME = EditorView.theme({
  "&": { color: "var(--ink)", backgroundColor: "var(--sheet)", fontSize: "0.8125rem", height: "100%" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6" },
  ".cm-content": { caretColor: "var(--ink)", padding: "0.5rem 0" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--ink)" },
  ".cm-gutters": { backgroundColor: "var(--sheet-2)", color: "var(--ink-2)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "light-dark(rgb(27 92 184 / 5%), rgb(125 180 255 / 7%))" },
  ".cm-activeLineGutter": { backgroundColor: "var(--brand-soft)", color: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    backgroundColor: "light-dark(#cfe0f7, #28436b)",
  },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--brand-soft)", outline: "1px solid var(--line-2)" },
  ".cm-placeholder": { color: "var(--ink-2)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--sheet-2)", border: "1px solid var(--line-2)", color: "var(--ink-2)" },
  ".cm-tooltip": {
    backgroundColor: "var(--sheet)", color: "var(--ink)", border: "1px solid var(--line-2)", borderRadius: "8px",
    boxShadow: "0 6px 20px rgb(0 0 0 / 18%)", maxWidth: "min(34rem, 90vw)",
  },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "14rem" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--brand-fill)", color: "#fff" },
  ".cm-completionDetail": { marginLeft: "1em", fontStyle: "normal", opacity: "0.85" },
  ".cm-completionInfo": { maxWidth: "24rem", fontFamily: "var(--tblr-font-sans-serif)", padding: "0.5rem 0.625rem" },
  ".cm-about": { padding: "0.5rem 0.75rem", fontFamily: "var(--tblr-font-sans-serif)", lineHeight: "1.45" },
  ".cm-about p + p": { marginTop: "0.25rem" },
  ".cm-diagnostic": { fontFamily: "var(--tblr-font-sans-serif)", borderLeftWidth: "3px", overflowWrap: "anywhere" },
  ".cm-diagnosticAction": { backgroundColor: "var(--brand-fill)", color: "#fff", borderRadius: "6px", padding: "0.125rem 0.5rem" },
  ".cm-panels": { backgroundColor: "var(--sheet-2)", color: "var(--ink)" },
  ".cm-panels.cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: "0.375rem 0.5rem", fontFamily: "var(--tblr-font-sans-serif)" },
  ".cm-textfield": { backgroundColor: "var(--sheet)", color: "var(--ink)", border: "1px solid var(--line-2)", borderRadius: "6px" },
  ".cm-button": { backgroundImage: "none", backgroundColor: "var(--sheet)", color: "var(--ink)", border: "1px solid var(--line-2)", borderRadius: "6px" },
  ".cm-changedLine, &.cm-merge-b .cm-changedLine": { backgroundColor: "var(--good-soft)" },
  ".cm-deletedChunk": { backgroundColor: "var(--bad-soft)" },
  "&.cm-merge-b .cm-changedText, .cm-deletedChunk .cm-deletedText": { background: "none", textDecoration: "underline" },
});

/**
 * Put an editor into `parent`. Changes call `onChange(text)`, pastes `onPaste(pasted, text)`.
 * @param {HTMLElement} parent
 * @param {object} options
 * @param {string} options.text
 * @param {string} options.label
 * @param {string} [options.hint]
 * @param {() => Promise<Schema | null>} options.schema
 * @param {(path: Path) => string[]} options.choices
 * @param {(text: string) => void} options.onChange
 * @param {(pasted: string, text: string) => void} options.onPaste
 */
export function mount(parent, { text, label, hint = "", schema, choices, onChange, onPaste }) {
  const difference = new Compartment();
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), foldGutter(), highlightActiveLineGutter(), highlightActiveLine(), drawSelection(),
        history(), indentOnInput(), bracketMatching(), closeBrackets(), search({ top: true }), lintGutter(),
        json(), syntaxHighlighting(COLOURS), THEME, difference.of([]), hint ? placeholder(hint) : [],
        autocompletion({ override: [completionSource(schema, choices)], icons: false }), // its icons are in few fonts
        hoverTooltip(async (at, offset) => tooltip(await schema(), at, offset), { hoverTime: 350 }),
        EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", spellcheck: "false", autocapitalize: "off" }),
        // Tab stays the way out of the editor.
        keymap.of([
          ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap,
          ...lintKeymap,
        ]),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          onChange(textOf(update.state.doc));
          const paste = update.transactions.find((part) => part.isUserEvent("input.paste") || part.isUserEvent("input.drop"));
          if (paste) onPaste(insertedText(paste), textOf(update.state.doc));
        }),
      ],
    }),
  });
  return new Editor(view, difference);
}

export class Editor {
  /** @type {unknown} */
  #lastSource = null;
  /** @type {Text | null} */
  #lastDoc = null;

  /**
   * @param {EditorView} view
   * @param {Compartment} difference
   */
  constructor(view, difference) {
    this.view = view;
    this.difference = difference;
    this.isComparing = false;
    this.isFolded = false;
  }

  get text() {
    return textOf(this.view.state.doc);
  }

  /**
   * Change the text by an Editing and return what `write` returns.
   *
   * It is one step of the history; what is typed into one field (`source`) without a pause is one step together.
   * @template T
   * @param {(editing: Editing) => T} write
   * @param {{source?: HTMLElement | null, userEvent?: string}} options
   */
  edit(write, { source = null, userEvent = "input.type.form" } = {}) {
    const editing = new Editing(this.text);
    const result = write(editing);
    if (editing.steps.length) {
      const isContinued = source && source === this.#lastSource && this.view.state.doc === this.#lastDoc;
      this.#dispatch(editing.steps, userEvent, isContinued ? [] : [isolateHistory.of("before")]);
      this.#lastSource = source;
      this.#lastDoc = this.view.state.doc;
    }
    return result;
  }

  /**
   * @param {Edit[][]} steps
   * @param {string} userEvent
   * @param {Annotation<unknown>[]} annotations
   */
  #dispatch(steps, userEvent, annotations) {
    let { length } = this.view.state.doc;
    let changes = ChangeSet.empty(length);
    for (const step of steps) {
      const changeSet = ChangeSet.of(step, length);
      changes = changes.compose(changeSet);
      length = changeSet.newLength;
    }
    let position = 0;
    changes.iterChangedRanges((_from, _to, start) => (position = start));
    this.view.dispatch({ changes, userEvent, annotations });
    this.#reveal(Math.min(position, length));
  }

  /**
   * Scroll the editor to a position, and nothing around it: CodeMirror's scrollIntoView scrolls the page as well, away
   * from the field that someone types into.
   * @param {number} position
   */
  #reveal(position) {
    this.view.requestMeasure({
      read: (view) => view.lineBlockAt(position),
      write: ({ top, bottom }, { scrollDOM }) => {
        const lowest = bottom - scrollDOM.clientHeight;
        scrollDOM.scrollTop = Math.min(top, Math.max(scrollDOM.scrollTop, lowest));
      },
    });
  }

  /**
   * Replace the text, as a step that can be undone.
   * @param {string} text
   */
  replace(text, userEvent = "input.replace") {
    const changes = { from: 0, to: this.view.state.doc.length, insert: text };
    this.view.dispatch({ changes, userEvent, annotations: [isolateHistory.of("full")] });
  }

  undo() {
    undo(this.view);
  }

  search() {
    openSearchPanel(this.view);
  }

  format() {
    const { text } = this;
    // The formatter knows // and no #; both have the same length, so that its edits fit. It only moves blanks.
    const plain = text.replace(/"(?:[^"\\\r\n]|\\[^\r\n])*"?|\/\/[^\r\n]*|\/\*[\s\S]*?\*\/|#[^\r\n]+/g, (match) =>
      match[0] === "#" ? `//${match.slice(2)}` : match,
    );
    const unit = unitOf(text, parse(text).root);
    const edits = format(plain, undefined, { insertSpaces: !unit.includes("\t"), tabSize: unit.length || 2, eol: "\n" });
    this.view.dispatch({
      changes: edits.map((edit) => ({ from: edit.offset, to: edit.offset + edit.length, insert: edit.content })),
      userEvent: "input.format",
    });
  }

  fold() {
    this.isFolded = !this.isFolded;
    (this.isFolded ? foldAll : unfoldAll)(this.view);
    return this.isFolded;
  }

  /**
   * Show the differences from `original`, or hide them.
   * @param {string} original
   */
  compare(original) {
    this.isComparing = !this.isComparing;
    const merge = this.isComparing ? unifiedMergeView({ original, mergeControls: false, syntaxHighlightDeletions: false }) : [];
    this.view.dispatch({ effects: this.difference.reconfigure(merge) });
    return this.isComparing;
  }

  /**
   * Show the markers of the validation. `applyFix` applies a JSON Patch.
   * @param {Marker[]} markers
   * @param {(patch: Operation[]) => void} applyFix
   */
  showMarkers(markers, applyFix) {
    const { doc } = this.view.state;
    const { root } = parse(this.text);
    const diagnostics = markers.map((marker) => ({
      ...rangeOf(doc, root, marker),
      severity: marker.severity,
      message: marker.message,
      actions: marker.fix.length ? [{ name: `Fix: ${marker.fix_in_words}`, apply: () => applyFix(marker.fix) }] : [],
    }));
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
  }

  /**
   * Go to a pointer if the text has it, else to a line.
   * @param {TextPosition} location
   */
  goTo(location) {
    const { from, to } = rangeOf(this.view.state.doc, parse(this.text).root, location);
    this.view.dispatch({
      selection: EditorSelection.range(from, to),
      effects: EditorView.scrollIntoView(from, { y: "center" }),
    });
    this.view.focus();
  }
}

/** @type {WeakMap<Text, string>} */
const texts = new WeakMap();

/**
 * The text of a document, which CodeMirror keeps in pieces: put together once.
 * @param {Text} doc
 */
function textOf(doc) {
  const text = texts.get(doc) ?? doc.toString();
  texts.set(doc, text);
  return text;
}

/**
 * Return the range of a marker: the key and value of its pointer, its line, or the beginning.
 * @param {Text} doc
 * @param {ValueNode | undefined} root
 * @param {TextPosition} marker
 */
function rangeOf(doc, root, { pointer = "", line = 1, column = 1 }) {
  const node = pointer && root ? nodeAt(root, split(pointer)) : undefined;
  if (node) {
    const property = node.parent?.type === "property" ? node.parent : null;
    const isContainer = node.type === "object" || node.type === "array";
    // A whole object in red says nothing: its key does.
    const target = (isContainer ? property?.children[0] : property) ?? node;
    return { from: target.offset, to: isContainer && !property ? node.offset + 1 : target.offset + target.length };
  }
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const from = Math.min(at.from + Math.max(column - 1, 0), at.to);
  const word = /^(?:"(?:[^"\\]|\\.)*"|[^\s,:[\]{}]+|.)/.exec(doc.sliceString(from, at.to));
  return { from, to: from + (word?.[0].length ?? 0) };
}

/** @param {Transaction} transaction */
function insertedText(transaction) {
  let text = "";
  transaction.changes.iterChanges((_from, _to, _start, _end, inserted) => (text += inserted.toString()));
  return text;
}

/**
 * @param {() => Promise<Schema | null>} schema
 * @param {(path: Path) => string[]} choices
 * @returns {CompletionSource}
 */
function completionSource(schema, choices) {
  return async (context) => {
    // What is typed while the schema is on its way asks anew: an answer without options to the text before would stand.
    context.addEventListener("abort", () => {}, { onDocChange: true });
    const shape = await schema();
    if (!shape || context.aborted) return null;
    const completion = completions(shape, textOf(context.state.doc), context.pos, context.explicit, choices);
    if (!completion) return null;
    const options = completion.options.map(({ insert, info, ...option }) => ({
      ...option,
      info: info || undefined,
      /**
       * @param {EditorView} view
       * @param {unknown} _completion
       * @param {number} from
       * @param {number} to
       */
      apply: (view, _completion, from, to) => {
        const caret = insert.indexOf("\u0000");
        const text = insert.replace("\u0000", "");
        view.dispatch({
          changes: { from, to: Math.min(to + completion.tail, view.state.doc.length), insert: text },
          selection: { anchor: from + (caret < 0 ? text.length : caret) },
          userEvent: "input.complete",
        });
      },
    }));
    // Without the tail: CodeMirror ranks by all of the range, and no label begins with a closing quote after a few letters.
    return { from: completion.from, options, validFor: /^["\w-]*$/ };
  };
}

/**
 * @param {Schema | null} schema
 * @param {EditorView} view
 * @param {number} offset
 * @returns {Tooltip | null}
 */
function tooltip(schema, view, offset) {
  const description = schema && describe(schema, textOf(view.state.doc), offset);
  if (!description) return null;
  return {
    pos: description.from,
    end: description.to,
    above: true,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "cm-about";
      /** @param {string} text */
      const addParagraph = (text) => dom.append(Object.assign(document.createElement("p"), { textContent: text }));
      addParagraph(`${description.name} · ${description.kind}`);
      if (description.help) addParagraph(description.help);
      if (description.values.length) addParagraph(`One of ${description.values.join(", ")}.`);
      return { dom };
    },
  };
}

