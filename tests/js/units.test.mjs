// What people write in fields, as the page's module understands it: the cases that jobs.spec.fields.units is held to too.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { text, units } from "./builder.mjs";

const cases = JSON.parse(readFileSync(new URL("../builder/cases/units.json", import.meta.url), "utf8"));

for (const [typed, seconds, words] of cases.seconds) {
  test(`a time span: ${typed}`, () => {
    assert.equal(units.parseSeconds(typed), seconds);
    if (seconds !== null) assert.equal(units.formatSeconds(seconds), words);
  });
}

for (const [typed, mib, words] of cases.memory) {
  test(`a size of memory: ${typed}`, () => {
    assert.equal(units.parseMib(typed), mib);
    if (mib !== null) assert.equal(units.formatMib(mib), words);
  });
}

for (const [typed, list] of cases.commands) {
  test(`a command line: ${JSON.stringify(typed)}`, () => {
    const command = units.parseCommand(typed);
    assert.deepEqual(command && JSON.parse(text.serialize(command)), list);
  });
}

for (const [list, line] of cases.lines) {
  test(`a command as one line: ${JSON.stringify(list)}`, () => {
    const whole = JSON.stringify(list);
    assert.equal(units.display("command", whole, text.parse(whole).root), line);
  });
}
