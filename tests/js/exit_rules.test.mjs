// Rules for retries as choices, as the page's module reads and writes them: the cases that jobs.spec.forms is held to too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { lenses, parsed, text } from "./builder.mjs";

const cases = JSON.parse(readFileSync(new URL("../builder/cases/exit_rules.json", import.meta.url), "utf8"));
const document = (rules) => (rules === null ? { jobName: "a" } : { jobName: "a", retryStrategy: { evaluateOnExit: rules } });
const field = (name) => cases.fields.find((each) => each.name === name);

for (const [name, rules, values] of cases.read) {
  test(`read: ${name}`, () => {
    const whole = parsed(JSON.stringify(document(rules)));
    for (const [key, value] of Object.entries(values)) assert.equal(lenses.read(whole, field(key)), value, key);
  });
}

for (const [name, rules, key, value, expected] of cases.write) {
  test(`write: ${name}`, () => {
    const editing = new text.Editing(JSON.stringify(document(rules), null, 2));
    lenses.write(editing, field(key), value);
    assert.deepEqual(JSON.parse(editing.text), document(expected));
  });
}
