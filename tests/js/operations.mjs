// What Python asks of the page's module, to compare it with its own answer: node operations.mjs NAME, with the argument
// as JSON on stdin and the answer as JSON on stdout.

import { readFileSync, writeFileSync } from "node:fs";
import { checkTree, parsed, lenses, schema, text } from "./builder.mjs";

const operations = {
  /** What each text holds, by the names of the fields that fit it. */
  read({ texts, table }) {
    return texts.map((whole) => {
      const document = parsed(whole);
      if (document.error) throw new Error(whole);
      const fitting = table.filter((field) => lenses.fits(document, field));
      return Object.fromEntries(fitting.map((field) => [field.name, lenses.read(document, field)]));
    });
  },

  /** Each text after every field was written with what it holds. */
  save({ texts, table }) {
    return texts.map((whole) => {
      const document = parsed(whole);
      const editing = new text.Editing(whole);
      for (const field of table) {
        if (lenses.fits(document, field)) lenses.write(editing, field, lenses.read(document, field));
      }
      return editing.text;
    });
  },

  /** Each text after one field was written, and where before it the part stood that the field is of. */
  write({ edits, table }) {
    return edits.map(({ text: whole, name, value }) => {
      const field = table.find((each) => each.name === name);
      const editing = new text.Editing(whole);
      const part = editing.node(field.path.slice(0, 1));
      const place = part ? [part.offset, part.offset + part.length] : [0, 0];
      lenses.write(editing, field, value);
      checkTree(editing.text);
      return [editing.text, place];
    });
  },

  /** The labels that are offered at positions in texts. */
  complete({ shape, asked }) {
    return asked.map(([whole, at]) => {
      const found = schema.completions(shape, whole, at, true);
      return (found?.options ?? []).map((option) => option.label);
    });
  },

  /** What is said of a place of a text. */
  explain: ({ shape, whole, at }) => schema.describe(shape, whole, at),
};

const [name] = process.argv.slice(2);
writeFileSync(1, JSON.stringify(operations[name](JSON.parse(readFileSync(0, "utf8")))));
