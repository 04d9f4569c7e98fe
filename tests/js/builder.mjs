// The editor's bundle as it is shipped: what it exports.

import { load } from "./load.mjs";

export const { fields, places, rows, schema, text, tools, units } = await load("vendor/builder.min.js");

/** A text as the functions of places take it. */
export const parsed = (whole) => ({ text: whole, ...text.parse(whole) });
