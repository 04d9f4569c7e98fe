// What a suggestion makes of the search that is typed.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { insert } = await load("js/search_box.js");

const TAKEN = {
  "a key is followed by its value": ["sta", { text: "status:", start: 0, end: 3 }, ["status:", 7]],
  "a comparison too": ["cost", { text: "cost>", start: 0, end: 4 }, ["cost>", 5]],
  "a value is followed by a space": ["status:fa", { text: "failed", start: 7, end: 9 }, ["status:failed ", 14]],
  "what follows stays, one space behind": ["status:fa  x", { text: "failed", start: 7, end: 9 }, ["status:failed x", 14]],
  "characters of two code units count once": ["🚀 sta x", { text: "status:", start: 2, end: 5 }, ["🚀 status: x", 10]],
  "a key in the middle keeps what follows": ["sta x", { text: "status:", start: 0, end: 3 }, ["status: x", 7]],
};

for (const [name, [text, suggestion, expected]] of Object.entries(TAKEN)) {
  test(name, () => assert.deepEqual(insert(text, suggestion), expected));
}
