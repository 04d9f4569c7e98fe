// What the buttons above the editor make of a document.

import assert from "node:assert/strict";
import { test } from "node:test";
import { toolbar } from "./builder.mjs";

test("a document is copied in the words of other tools", () => {
  const whole = '{\n  "jobName": "it\'s # no comment", // a comment\n  "n": 12345678901234567890\n}\n';
  const oneLine = `'{"jobName":"it'"'"'s # no comment","n":12345678901234567890}'`;
  const copied = (form) => toolbar.copyAs(form, whole, (kind) => `/api/${kind}`);

  assert.equal(copied("json"), whole);
  assert.equal(copied("aws"), `aws batch submit-job --cli-input-json ${oneLine}\n`);
  assert.equal(
    copied("curl"),
    `curl -H "Authorization: Bearer $BATCH_PORTAL_TOKEN" --data-binary ${oneLine} http://builder.test/api/submission\n`,
  );
});

test("the AWS CLI has no command for a workflow", () => {
  assert.equal(toolbar.copyAs("aws", '{"jobs": []}', () => "/"), null);
});
