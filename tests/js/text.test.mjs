// Changes to a text: what is meant, and nothing beside it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { checkTree, fields, text } from "./builder.mjs";

/** The text after a change. What the editor is told, one step after the other, makes the same text. */
function changed(before, [method, ...given]) {
  const editing = new text.Editing(before);
  editing[method](...given);
  let stepwise = before;
  for (const step of editing.steps) {
    for (const edit of [...step].reverse()) stepwise = stepwise.slice(0, edit.from) + edit.insert + stepwise.slice(edit.to);
  }
  assert.equal(stepwise, editing.text);
  checkTree(editing.text);
  return editing.text;
}

const [LONG, LONGER] = ["x".repeat(40), "y".repeat(40)];

const CHANGES = {
  "a value is replaced where it stands": [
    '{ "a" : 1,  // one\n\t"b": 12345678901234567890 }',
    ["set", ["a"], "x"],
    '{ "a" : "x",  // one\n\t"b": 12345678901234567890 }',
  ],
  "a member is added as the others are": ['{\n    "a": 1\n}\n', ["set", ["b"], "x"], '{\n    "a": 1,\n    "b": "x"\n}\n'],
  "what is said of the last member stays with it": [
    '{\n  "a": 1 // one\n}',
    ["set", ["b"], 2],
    '{\n  "a": 1, // one\n  "b": 2\n}',
  ],
  "one line stays one line": ['{"a": 1}', ["set", ["b", "c"], [{ d: 1 }]], '{"a": 1, "b": {"c": [{"d": 1}]}}'],
  "an empty document gets lines": ["", ["set", ["a"], "x"], '{\n  "a": "x"\n}\n'],
  "an empty object gets lines, indented as the text is": [
    '{\n\t"a": {}\n}',
    ["set", ["a", "b"], 1],
    '{\n\t"a": {\n\t\t"b": 1\n\t}\n}',
  ],
  "objects on the way are made": ['{\n  "a": 1\n}', ["set", ["b", "c"], "x"], '{\n  "a": 1,\n  "b": {"c": "x"}\n}'],
  "a number on the way is a list": [
    '{\n  "a": 1\n}',
    ["set", ["b", "0", "c"], "x"],
    '{\n  "a": 1,\n  "b": [\n    {"c": "x"}\n  ]\n}',
  ],
  "what is no object on the way is left alone": ['{"a": "text"}', ["set", ["a", "b"], 1], '{"a": "text"}'],
  "a long list has a line for each": [
    '{\n  "a": []\n}',
    ["set", ["a"], [LONG, LONGER]],
    `{\n  "a": [\n    "${LONG}",\n    "${LONGER}"\n  ]\n}`,
  ],
  "a list that had lines keeps them": [
    '{\n  "a": [\n    1\n  ]\n}',
    ["set", ["a"], [2, 3]],
    '{\n  "a": [\n    2,\n    3\n  ]\n}',
  ],
  "a member in the middle goes with its line": [
    '{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}',
    ["remove", ["b"]],
    '{\n  "a": 1,\n  "c": 3\n}',
  ],
  "the last member takes the comma before it along": ['{\n  "a": 1,\n  "b": 2\n}', ["remove", ["b"]], '{\n  "a": 1\n}'],
  "the first of a line goes alone": ['{"a": 1, "b": 2}', ["remove", ["a"]], '{"b": 2}'],
  "a comment stays when its neighbour goes": [
    '{\n  "a": 1, // one\n  "b": 2\n}',
    ["remove", ["b"]],
    '{\n  "a": 1 // one\n}',
  ],
  "a comment in an object that becomes empty stays": [
    '{\n  "a": {\n    // why\n    "b": 1\n  }\n}',
    ["remove", ["a", "b"], { prune: false }],
    '{\n  "a": {\n    // why\n  }\n}',
  ],
  "what is empty without it goes too": ['{"a": 1, "b": {"c": {"d": 1}}}', ["remove", ["b", "c", "d"]], '{"a": 1}'],
  "a key that stands twice goes twice": ['{"a": 1, "b": 2, "a": 3}', ["remove", ["a"]], '{"b": 2}'],
  "of a key that stands twice the last is changed": ['{"a": 1, "a": 2}', ["set", ["a"], 3], '{"a": 1, "a": 3}'],
  "an entry of a list goes": ['{"a": [1, 2, 3]}', ["remove", ["a", 1]], '{"a": [1, 3]}'],
  "comments of every sort are no JSON": [
    '# one\n{ /* two */ "a": 1, # "b": 2\n "c": 3 } // end',
    ["remove", ["a"]],
    '# one\n{ /* two */ # "b": 2\n "c": 3 } // end',
  ],
  "a brace in a string is no brace": ['{"a": "}//{", "b": 1}', ["set", ["b"], 2], '{"a": "}//{", "b": 2}'],
  "a list of lines grows by a line": [
    '{\n  "a": [\n    {"n": 1}\n  ]\n}',
    ["patch", { op: "add", path: "/a/-", value: { n: 2 } }],
    '{\n  "a": [\n    {"n": 1},\n    {"n": 2}\n  ]\n}',
  ],
  "a patch puts an entry before another": [
    '{"a": [1]}',
    ["patch", { op: "add", path: "/a/0", value: 0 }],
    '{"a": [0, 1]}',
  ],
  "a patch replaces": [
    '{"a": {"b/c": 1}}',
    ["patch", { op: "replace", path: "/a/b~1c", value: "x" }],
    '{"a": {"b/c": "x"}}',
  ],
  "a patch takes away, and leaves what is empty": [
    '{"a": {"b": 1}}',
    ["patch", { op: "remove", path: "/a/b" }],
    '{"a": {}}',
  ],
  "a patch moves what is written as it is written": [
    '{"a": 1e2, "b": {}}',
    ["patch", { op: "move", from: "/a", path: "/b/c" }],
    '{"b": {"c": 1e2}}',
  ],
};

for (const [name, [before, change, after]] of Object.entries(CHANGES)) {
  test(name, () => assert.equal(changed(before, change), after));
}

const NO_JSON = ["{", '{"a": }', '{"a": 1,}', "{a: 1}", '{"a": 1} x', "[".repeat(5000), '{"a": "\\x"}', "{'a': 1}", '{"a": 01}'];

for (const whole of NO_JSON) {
  test(`what is no JSON is no document and breaks nothing: ${whole.slice(0, 12)}`, () => {
    assert.notEqual(text.parse(whole).error, null);
    assert.match(fields.whyNotShown(whole, "submission"), /^Invalid JSON \(line \d+, column \d+\)/);
  });
}

const FORMS = [
  ['{"jobName": "a"}', "submission", ""],
  ["", "submission", ""],
  ['{"jobName": "a"}', "definition", "looks like a job"],
  ['{"jobs": []}', "submission", "a workflow"],
  ['{"jobDefinitionName": "a"}', "submission", "a definition"],
  ['{"jobDefinitionName": "a", "ecsProperties": {}}', "definition", ""],
  ["[]", "submission", "a JSON object"],
];

for (const [whole, kind, reason] of FORMS) {
  test(`a form waits for what it can show: ${whole || "nothing"} in that of a ${kind}`, () => {
    const sentence = fields.whyNotShown(whole, kind);
    if (reason) assert.ok(sentence.includes(reason), sentence);
    else assert.equal(sentence, "");
  });
}
