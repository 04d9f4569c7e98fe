// Times in words, as the page keeps them fresh: the cases that jobs/templatetags/portal.py is held to too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { load } from "./load.mjs";

const { ago, span } = await load("js/duration.js");
const cases = JSON.parse(readFileSync(new URL("../web/cases/times.json", import.meta.url), "utf8"));

for (const [seconds, words] of cases.ago) {
  test(`${seconds} seconds ago`, () => assert.equal(ago(seconds), words));
}

for (const [seconds, words] of cases.span) {
  test(`a span of ${seconds} seconds`, () => assert.equal(span(seconds), words));
}
