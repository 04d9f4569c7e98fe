// Which documents a form can show.

import assert from "node:assert/strict";
import { test } from "node:test";
import { viewSwitch } from "./builder.mjs";

const { whyNoForm } = viewSwitch;

test("a job, a definition and a workflow have a form", () => {
  assert.equal(whyNoForm('{"jobName": "a"}', "any"), "");
  assert.equal(whyNoForm('{"jobDefinitionName": "a"}', "any"), "");
  assert.equal(whyNoForm('{"jobs": []}', "any"), "");
  assert.equal(whyNoForm('{"jobs": []}', "workflow"), "");
  assert.match(whyNoForm('{"jobs": {}}', "workflow"), /must be a list/);
  assert.match(whyNoForm('{"jobName": "a"}', "workflow"), /looks like a job/);
});

test("text that is no JSON yet has none, but another format is left to the portal", () => {
  assert.match(whyNoForm('{"jobName": ', "any"), /^Invalid JSON/);
  assert.equal(whyNoForm("  ", "any"), "Write or paste a document first.");
  assert.equal(whyNoForm("aws batch submit-job --job-name a", "any"), "");
});

test("a form shows documents of its own kind only", () => {
  assert.equal(whyNoForm('{"jobName": "a"}', "submission"), "");
  assert.match(whyNoForm('{"jobs": []}', "submission"), /looks like a workflow/);
});
