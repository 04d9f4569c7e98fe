// Where the rows of a log are, which lines are fetched, and what a search marks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { MAX_HEIGHT, anchorAt, isScaled, moveBy, rowsAround, scrollTopOf, spaceHeight } = await load("src/log/scroll.js");
const { markedParts, positionFrom } = await load("src/log/matches.js");
const { LineStore, MAX_STORED_LINES } = await load("src/log/line_store.js");

const short = { count: 500, rowHeight: 20, windowHeight: 400 };
const long = { count: 1_000_000, rowHeight: 20, windowHeight: 400 };

test("a short log is as high as its rows, a long one not higher than a browser can draw", () => {
  assert.equal(spaceHeight(short), 10_000);
  assert.equal(isScaled(short), false);
  assert.equal(spaceHeight(long), MAX_HEIGHT);
  assert.equal(isScaled(long), true);
});

test("the scroll bar leads to a row and back, from the first to the last", () => {
  for (const measures of [short, long]) {
    assert.deepEqual(anchorAt(0, measures), { index: 0, offset: 0 });
    assert.equal(anchorAt(spaceHeight(measures) - 400, measures).index, measures.count - 20);
    for (const index of [0, 7, 123, measures.count - 20]) {
      const found = anchorAt(scrollTopOf({ index, offset: 0 }, measures), measures);
      assert.ok(Math.abs(found.index + found.offset / 20 - index) < 0.001, `${index}: ${JSON.stringify(found)}`);
    }
  }
  assert.deepEqual(anchorAt(50, { count: 3, rowHeight: 20, windowHeight: 400 }), { index: 0, offset: 0 });
  assert.equal(scrollTopOf({ index: 2, offset: 0 }, { count: 3, rowHeight: 20, windowHeight: 400 }), 0);
});

test("a window moves over rows of their own heights and stops at both ends", () => {
  const heightOf = (index) => (index % 2 ? 100 : 20);
  assert.deepEqual(moveBy({ index: 0, offset: 0 }, 130, 10, heightOf), { index: 2, offset: 10 });
  assert.deepEqual(moveBy({ index: 2, offset: 10 }, -130, 10, heightOf), { index: 0, offset: 0 });
  assert.deepEqual(moveBy({ index: 2, offset: 10 }, -9999, 10, heightOf), { index: 0, offset: 0 });
  assert.equal(moveBy({ index: 2, offset: 10 }, 9999, 10, heightOf).index, 9);
});

test("the page has the rows of the window and some around it, however many there are", () => {
  assert.deepEqual(rowsAround({ index: 0, offset: 0 }, short, 20), [0, 36]);
  const [start, end] = rowsAround({ index: 500_000, offset: 10 }, long, 20);
  assert.equal(start, 499_985);
  assert.ok(end - start < 60);
  assert.deepEqual(rowsAround({ index: 480, offset: 0 }, short, 20), [465, 500]);
});

test("the first match at or after a line", () => {
  for (const [line, position] of [[0, 0], [3, 0], [4, 1], [8, 1], [9, 2], [99, 3]]) {
    assert.equal(positionFrom([3, 8, 9], line), position, String(line));
  }
  assert.equal(positionFrom([], 5), 0);
});

test("matches are marked in any case, across colours, and keep their styles", () => {
  assert.deepEqual(markedParts("an Error, error", "ERROR"), [["an ", ""], ["Error", "log-match"], [", ", ""], ["error", "log-match"]]);
  assert.deepEqual(markedParts([["er", "ansi-red"], ["ror!", ""]], "error"), [["er", "ansi-red log-match"], ["ror", "log-match"], ["!", ""]]);
  assert.deepEqual(markedParts("plain", ""), [["plain", ""]]);
  assert.deepEqual(markedParts("İstanbul", "s"), [["İstanbul", ""]]);
});

test("a line has a bounded number of parts, and all of its text", () => {
  const parts = Array.from({ length: 5000 }, (_, index) => [String(index % 10), "ansi-red"]);
  const marked = markedParts(parts, "1", 10);
  assert.equal(marked.length, 11);
  assert.equal(marked.map(([text]) => text).join(""), parts.map(([text]) => text).join(""));
});

test("missing lines are asked for in blocks, once until they are answered", () => {
  const store = new LineStore();
  store.add([[249, 1, "a"]]);
  const numbers = [249, 250, 251, 499, 500];
  const [first, second] = store.requestsFor(numbers, false);
  assert.deepEqual([first, second], [{ from: "250", count: "250" }, { from: "500", count: "250" }]);
  assert.deepEqual(store.requestsFor(numbers, false), []);
  store.finish(first);
  assert.deepEqual(store.requestsFor(numbers, false), [first]);
});

test("scattered lines are asked for by their numbers, a hundred at a time", () => {
  const numbers = Array.from({ length: 150 }, (_, index) => index * 1000);
  const requests = new LineStore().requestsFor(numbers, true);
  assert.deepEqual(requests.map(({ at }) => at.split(",").length), [100, 50]);
});

test("the lines in memory are bounded, and the newest stay", () => {
  const store = new LineStore();
  for (let start = 0; start < 100_000; start += 250) {
    store.add(Array.from({ length: 250 }, (_, index) => [start + index, 1, "text"]));
  }
  assert.equal(store.lines.size, MAX_STORED_LINES);
  assert.ok(store.get(99_999) && !store.get(0));
});
