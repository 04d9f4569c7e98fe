// The editor: CodeMirror over the text of a document. It knows nothing of forms.

import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, completionStatus } from "@codemirror/autocomplete";
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
import { about, completions } from "./schema.js";

const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: "light-dark(#1b5cb8, #8fc7ff)" },
  { tag: tags.string, color: "light-dark(#17693a, #7fdca0)" },
  { tag: tags.number, color: "light-dark(#855200, #f3c36f)" },
  { tag: [tags.bool, tags.null], color: "light-dark(#8a2f8f, #e3a6e8)" },
]);

const LOOK = EditorView.theme({
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

/** Puts an editor into `parent`. What happens in it is told to `changed(text)`. */
export function mount(parent, { text, label, hint = "", schema, choices, changed, pasted }) {
  const difference = new Compartment();
  const view = new EditorView({
    parent,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(), foldGutter(), highlightActiveLineGutter(), highlightActiveLine(), drawSelection(),
        history(), indentOnInput(), bracketMatching(), closeBrackets(), search({ top: true }), lintGutter(),
        json(), syntaxHighlighting(COLOURS), LOOK, difference.of([]), hint ? placeholder(hint) : [],
        autocompletion({ override: [completionSource(schema, choices)] }),
        hoverTooltip((at, offset) => tooltip(schema(), at, offset), { hoverTime: 350 }),
        EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", spellcheck: "false", autocapitalize: "off" }),
        // Tab stays the way out of the editor.
        keymap.of([
          ...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...foldKeymap, ...completionKeymap,
          ...lintKeymap,
        ]),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          changed(update.state.doc.toString());
          const paste = update.transactions.find((each) => each.isUserEvent("input.paste") || each.isUserEvent("input.drop"));
          if (paste) pasted(insertedBy(paste), update.state.doc.toString());
        }),
      ],
    }),
  });
  return new Editor(view, difference);
}

export class Editor {
  constructor(view, difference) {
    this.view = view;
    this.difference = difference;
    this.compared = false;
    this.folded = false;
  }

  get text() {
    return this.view.state.doc.toString();
  }

  /** Change the text by an Editing. Answers what `write` answers.
   *
   *  It is one step of the history; what is typed into one field (`by`) without a pause is one step together. */
  edit(write, { by = null, userEvent = "input.type.form" } = {}) {
    const editing = new Editing(this.text);
    const answer = write(editing);
    if (editing.steps.length) {
      const goesOn = by && by === this.by && this.view.state.doc === this.after;
      this.#dispatch(editing.steps, userEvent, goesOn ? [] : [isolateHistory.of("before")]);
      this.by = by;
      this.after = this.view.state.doc;
    }
    return answer;
  }

  #dispatch(steps, userEvent, annotations) {
    let changes = null;
    let { length } = this.view.state.doc;
    for (const step of steps) {
      const set = ChangeSet.of(step, length);
      changes = changes ? changes.compose(set) : set;
      length = set.newLength;
    }
    let place = 0;
    changes.iterChangedRanges((_from, _to, start) => (place = start));
    const effects = EditorView.scrollIntoView(Math.min(place, length), { y: "nearest" });
    this.view.dispatch({ changes, userEvent, annotations, effects });
  }

  /** Another text in its place; the step can be undone. */
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
    const known = text.replace(/"(?:[^"\\\r\n]|\\[^\r\n])*"?|\/\/[^\r\n]*|\/\*[\s\S]*?\*\/|#[^\r\n]+/g, (found) =>
      found[0] === "#" ? `//${found.slice(2)}` : found,
    );
    const unit = unitOf(text, parse(text).root);
    const edits = format(known, undefined, { insertSpaces: !unit.includes("\t"), tabSize: unit.length || 2, eol: "\n" });
    this.view.dispatch({
      changes: edits.map((each) => ({ from: each.offset, to: each.offset + each.length, insert: each.content })),
      userEvent: "input.format",
    });
  }

  fold() {
    this.folded = !this.folded;
    (this.folded ? foldAll : unfoldAll)(this.view);
    return this.folded;
  }

  /** Show what is not as in `original`, or no more. */
  compare(original) {
    this.compared = !this.compared;
    const merge = this.compared ? unifiedMergeView({ original, mergeControls: false, syntaxHighlightDeletions: false }) : [];
    this.view.dispatch({ effects: this.difference.reconfigure(merge) });
    return this.compared;
  }

  /** The marks of the judge, at their places. `fix` applies a JSON Patch. */
  mark(marks, fix) {
    const { doc } = this.view.state;
    const { root } = parse(this.text);
    const diagnostics = marks.map((mark) => ({
      ...rangeOf(doc, root, mark),
      severity: mark.severity,
      message: mark.message,
      actions: mark.fix.length ? [{ name: `Fix: ${mark.fix_in_words}`, apply: () => fix(mark.fix) }] : [],
    }));
    this.view.dispatch(setDiagnostics(this.view.state, diagnostics));
  }

  /** Go to a place: to a pointer if the text has it, else to a line. */
  goTo(mark) {
    const { from, to } = rangeOf(this.view.state.doc, parse(this.text).root, mark);
    this.view.dispatch({
      selection: EditorSelection.range(from, to),
      effects: EditorView.scrollIntoView(from, { y: "center" }),
    });
    this.view.focus();
  }
}

/** Where a mark stands: at the key and value of its pointer, at its line, or at the beginning. */
function rangeOf(doc, root, { pointer = "", line = 1, column = 1 }) {
  const node = pointer && root ? nodeAt(root, split(pointer)) : undefined;
  if (node) {
    const whole = node.parent?.type === "property" ? node.parent : node;
    const many = node.type === "object" || node.type === "array";
    // A whole object in red says nothing: its key does.
    const shown = many && whole !== node ? whole.children[0] : whole;
    return { from: shown.offset, to: many && whole === node ? node.offset + 1 : shown.offset + shown.length };
  }
  const at = doc.line(Math.min(Math.max(line, 1), doc.lines));
  const from = Math.min(at.from + Math.max(column - 1, 0), at.to);
  const word = /^(?:"(?:[^"\\]|\\.)*"|[^\s,:[\]{}]+|.)/.exec(doc.sliceString(from, at.to));
  return { from, to: from + (word?.[0].length ?? 0) };
}

function insertedBy(transaction) {
  let words = "";
  transaction.changes.iterChanges((_from, _to, _start, _end, inserted) => (words += inserted.toString()));
  return words;
}

function completionSource(schema, choices) {
  return (context) => {
    const shape = schema();
    if (!shape || completionStatus(context.state) === "pending") return null;
    const found = completions(shape, context.state.doc.toString(), context.pos, context.explicit, choices);
    if (!found) return null;
    const options = found.options.map(({ insert, info, ...option }) => ({
      ...option,
      info: info || undefined,
      apply: (view, _completion, from, to) => {
        const caret = insert.indexOf("\u0000");
        const words = insert.replace("\u0000", "");
        view.dispatch({
          changes: { from, to, insert: words },
          selection: { anchor: from + (caret < 0 ? words.length : caret) },
          userEvent: "input.complete",
        });
      },
    }));
    return { from: found.from, to: found.to, options, validFor: /^["\w-]*$/ };
  };
}

function tooltip(schema, view, offset) {
  const found = schema && about(schema, view.state.doc.toString(), offset);
  if (!found) return null;
  return {
    pos: found.from,
    end: found.to,
    above: true,
    create: () => {
      const dom = document.createElement("div");
      dom.className = "cm-about";
      const paragraph = (tag, words) => {
        const part = document.createElement(tag);
        part.textContent = words;
        dom.append(part);
        return part;
      };
      paragraph("p", `${found.name} · ${found.kind}`);
      if (found.words) paragraph("p", found.words);
      if (found.values.length) paragraph("p", `One of ${found.values.join(", ")}.`);
      return { dom };
    },
  };
}

