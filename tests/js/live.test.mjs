// What is said of jobs that changed, to people who cannot see the page change.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { announcement } = await load("js/live.js");
const page = (...rows) => new Map(rows.map(([key, name, state]) => [key, [name, state]]));

test("a state that changed is said with the name of the job", () => {
  assert.equal(announcement(page(["1", "train", "Starting"]), page(["1", "train", "Running"])), "train: Running.");
});

test("a state that stayed is not said", () => {
  assert.equal(announcement(page(["1", "train", "Running"]), page(["1", "train", "Running"])), "");
});

test("a row that has just come is not said: nothing changed for it", () => {
  assert.equal(announcement(page(), page(["1", "train", "Running"])), "");
});

test("a submission and its only job are said once", () => {
  const before = page(["s", "train", "Starting"], ["j", "train", "Starting"]);
  const after = page(["s", "train", "Running"], ["j", "train", "Running"]);

  assert.equal(announcement(before, after), "train: Running.");
});

test("of many that changed four are said, and how many more there are", () => {
  const rows = (state) => Array.from({ length: 6 }, (_, number) => [`${number}`, `job-${number}`, state]);

  assert.equal(
    announcement(page(...rows("Running")), page(...rows("Succeeded"))),
    "job-0: Succeeded. job-1: Succeeded. job-2: Succeeded. job-3: Succeeded. 2 more jobs changed.",
  );
});
