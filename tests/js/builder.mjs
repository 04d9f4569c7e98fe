// The editor's bundle as it is shipped: what it exports.

import assert from "node:assert/strict";
import { load } from "./load.mjs";

export const { fields, lenses, rows, schema, text, toolbar, units, viewSwitch, workflow } = await load("vendor/builder.min.js");

/** The tree that is kept of a text, moved along with its edits, is the one that parsing it again gives. */
export function checkTree(whole) {
  const { root } = text.parse(whole);
  text.parse("0"); // forgets it
  assert.deepEqual(root, text.parse(whole).root);
}

/** A text as the functions of lenses take it. */
export const parsed = (whole) => ({ text: whole, ...text.parse(whole) });
