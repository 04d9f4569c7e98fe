// What a poll changes in the list of jobs: what is read stays where it is.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { changesText, compare } = await load("js/job_list.js");

const POLLS = {
  "nothing changed": [["c", "b", "a"], ["c", "b", "a"], false, [], []],
  "a new job moves none away from the only page": [["b", "a"], ["c", "b", "a"], false, ["c"], []],
  "a new job moves the last one to the next page": [["c", "b", "a"], ["d", "c", "b"], true, ["d"], []],
  "a job that no longer matches is gone": [["c", "b", "a"], ["c", "a"], false, [], ["b"]],
  "one goes while another comes": [["c", "b", "a"], ["d", "c", "a"], true, ["d"], ["b"]],
  "more come than a page holds": [["b", "a"], ["d", "c"], true, ["d", "c"], []],
  "the last one goes and none comes": [["c", "b", "a"], ["c", "b"], true, [], ["a"]],
};

for (const [name, [before, after, hasNext, added, gone]] of Object.entries(POLLS)) {
  test(name, () => assert.deepEqual(compare(before, after, hasNext), { added, gone }));
}

test("the button counts new jobs, and is there for those that are gone", () => {
  assert.deepEqual([changesText(0, 0), changesText(1, 0), changesText(3, 2), changesText(0, 1)], [
    "",
    "Show 1 new job",
    "Show 3 new jobs",
    "Update the list",
  ]);
});
