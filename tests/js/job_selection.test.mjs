// The buttons of selected jobs say how many there are.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

globalThis.addEventListener ??= () => {};
const { buttonText } = await load("js/job_selection.js");

const BUTTONS = {
  "Stop 3 jobs": ["Stop", "", 3],
  "Stop 1 job": ["Stop", "", 1],
  "Run 1,200 jobs again": ["Run", "again", 1200],
  "Stop all jobs that match": ["Stop", "", null],
};

for (const [text, given] of Object.entries(BUTTONS)) {
  test(text, () => assert.equal(buttonText(...given), text));
}
