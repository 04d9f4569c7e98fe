// The editor's bundle as it is shipped: what it exports.

import { load } from "./load.mjs";

export const { fields, lenses, rows, schema, text, toolbar, units, viewSwitch, workflow } = await load("vendor/builder.min.js");

/** A text as the functions of lenses take it. */
export const parsed = (whole) => ({ text: whole, ...text.parse(whole) });
