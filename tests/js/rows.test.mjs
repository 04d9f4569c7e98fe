// Rows that are pasted: KEY=value, as env files and shells have it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { rows } from "./builder.mjs";

const PASTED = {
  "lines of an env file are rows": ["A=1\r\nB = two words \n", [["A", "1"], ["B", "two words"]]],
  "export, quotes and comments are the shell's": [
    "# of the shell\nexport A='it is'\n\n  export B=\"x\"\n",
    [["A", "it is"], ["B", "x"]],
  ],
  "a quote that is not closed is of the value": [`A="x'`, [["A", `"x'`]]],
  "an equals sign in a value is of the value": ["A=b=c", [["A", "b=c"]]],
  "a value may be empty": ["A=", [["A", ""]]],
  "one line that is none makes all of it plain text": ["A=1\nand more", []],
  "a name begins with a letter": ["1A=1", []],
  "nothing is no row": ["", []],
};

for (const [name, [pasted, expected]] of Object.entries(PASTED)) {
  test(name, () => assert.deepEqual(rows.pairs(pasted), expected));
}

test("two hundred rows are pasted at most", () => {
  const pasted = Array.from({ length: 201 }, (_, number) => `A${number}=x`).join("\n");

  assert.equal(rows.pairs(pasted).length, 200);
});
