// Which choice of the number of jobs a document means.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { choiceOf } = await load("src/builder/how_many.js");

/** @type {[size: string, choice: string, isTyping: boolean, expected: string][]} */
const cases = [
  ["", "single", false, "single"],
  ["10", "single", false, "array"], // the JSON got a size
  ["10", "sweep", false, "array"],
  ["", "array", false, "single"], // the JSON lost its size
  ["", "array", true, "array"], // emptied to type another size
  [" ", "array", false, "single"],
  ["", "sweep", false, "sweep"],
];
for (const [size, choice, isTyping, expected] of cases) {
  test(`size "${size}", ${choice} selected${isTyping ? ", typing" : ""}: ${expected}`, () =>
    assert.equal(choiceOf(size, choice, isTyping), expected));
}
