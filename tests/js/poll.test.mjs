// When a page asks the portal again: while something changes and the tab is seen.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { load } from "./load.mjs";

const { poll } = await load("js/poll.js");

/** @type {(() => void)[]} */
let listeners;
/** @type {(() => void) | null} */
let timer;
let count;
/** @type {number[]} */
let errors;

globalThis.window = { setTimeout: (/** @type {() => void} */ next) => ((timer = next), 1) };
globalThis.clearTimeout = () => (timer = null);

beforeEach(() => {
  [listeners, timer, count, errors] = [[], null, 0, []];
  document.hidden = false;
  document.addEventListener = (_, listener) => listeners.push(listener);
});

const settle = () => new Promise((resolve) => setImmediate(resolve));
const begin = (fields = {}) =>
  poll({ ask: async () => void (count += 1), goesOn: () => true, onError: (status) => errors.push(status), interval: 1, ...fields });
const refuse = (message) => ({ ask: async () => Promise.reject(new Error(message)) });

test("it asks at once, and again after each answer", async () => {
  begin();
  await settle();
  timer();
  await settle();
  assert.equal(count, 2);
  assert.ok(timer);
});

test("it ends when nothing changes any more", async () => {
  begin({ goesOn: () => false });
  await settle();
  assert.equal(timer, null);
  listeners.forEach((listen) => listen());
  assert.equal(count, 1);
});

test("a hidden tab asks when it is seen again", async () => {
  document.hidden = true;
  begin();
  await settle();
  assert.deepEqual([count, timer], [0, null]);
  document.hidden = false;
  listeners.forEach((listen) => listen());
  await settle();
  assert.equal(count, 1);
});

for (const [message, status, isLast] of [["401", 401, true], ["404", 404, true], ["503", 503, false], ["Failed to fetch", 0, false]]) {
  test(`after ${message} it ${isLast ? "ends" : "tries again"}`, async () => {
    begin(refuse(message));
    await settle();
    assert.deepEqual(errors, [status]);
    assert.equal(timer === null, isLast);
  });
}

test("an answer that comes after another round has begun starts no second timer", async () => {
  /** @type {(() => void)[]} */
  const answers = [];
  let rounds = 0;
  const again = begin({ ask: () => new Promise((resolve) => answers.push(resolve)), goesOn: () => ((rounds += 1), true) });
  again();
  answers[1]();
  await settle();
  answers[0]();
  await settle();
  assert.equal(rounds, 1);
});
