// Where the children of an array are on its map, and where keys lead.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { causeOf, countLetters, gridOf, indexAt, neighbour, placeOf, shapeOf } = await load("js/array_grid.js");

test("a map is as wide as its children need, and never wider than the page", () => {
  for (const [size, width, columns] of [
    [7, 900, 10],
    [60, 900, 20],
    [600, 900, 50],
    [10_000, 900, 100],
    [10_000, 560, 100],
    [10_000, 330, 40],
    [10_000, 250, 25],
    [10_000, 40, 10],
  ]) {
    const grid = gridOf(size, width);
    assert.equal(grid.columns, columns, `${size} in ${width}`);
    assert.ok(grid.cell >= (width < 480 ? 7 : 5) && grid.cell <= 24);
    if (width > 100) assert.ok(grid.width <= width);
  }
});

test("each child is found at its place, and nothing beside the map", () => {
  const grid = gridOf(2345, 900);
  for (const index of [0, 1, 99, 100, 2344]) {
    const { x, y } = placeOf(grid, index);
    assert.equal(indexAt(grid, x, y), index);
    assert.equal(indexAt(grid, x + grid.cell - 1, y + grid.cell - 1), index);
  }
  const last = placeOf(grid, 2344);
  assert.equal(indexAt(grid, last.x + grid.cell, last.y), -1);
  assert.equal(indexAt(grid, grid.gutter - 1, 0), -1);
  assert.equal(indexAt(grid, grid.width, 0), -1);
  assert.equal(indexAt(grid, grid.gutter, -1), -1);
});

test("arrow keys move between children and stay at the edge", () => {
  const grid = gridOf(45, 900);
  const lead = (index, key) => neighbour(grid, index, key);

  assert.deepEqual(["ArrowLeft", "ArrowUp", "Home", "End", "x"].map((key) => lead(0, key)), [0, 0, 0, 44, 0]);
  assert.deepEqual(["ArrowRight", "ArrowDown", "PageDown"].map((key) => lead(3, key)), [4, 23, 44]);
  assert.deepEqual(["ArrowRight", "ArrowDown", "PageUp"].map((key) => lead(44, key)), [44, 44, 0]);
});

test("with a filter a key leads to the next child that matches in its direction", () => {
  const grid = gridOf(45, 900);
  const failed = (index) => [5, 17, 40].includes(index);

  assert.equal(neighbour(grid, 5, "ArrowRight", failed), 17);
  assert.equal(neighbour(grid, 17, "ArrowLeft", failed), 5);
  assert.equal(neighbour(grid, 5, "ArrowDown", failed), 40);
  assert.equal(neighbour(grid, 5, "ArrowLeft", failed), 5);
  assert.equal(neighbour(grid, 17, "Home", failed), 5);
  assert.equal(neighbour(grid, 17, "End", failed), 40);
});

test("a child has the cause whose ranges hold it", () => {
  const causes = [
    { text: "out of memory", ranges: [1, 1, 4, 9] },
    { text: "exit code 3", ranges: [2, 3] },
  ];
  const texts = [0, 1, 2, 3, 4, 9, 10].map((index) => causeOf(causes, index));

  assert.deepEqual(texts, ["", "out of memory", "exit code 3", "exit code 3", "out of memory", "out of memory", ""]);
});

test("letters are counted", () => {
  assert.deepEqual([...countLetters("AAB.A")], [["A", 3], ["B", 1], [".", 1]]);
});

test("each state has a shape of its own, and an unknown one has one too", () => {
  const names = ["SUCCEEDED", "FAILED", "STOPPED", "LOST", "RUNNING", "STARTING", "RUNNABLE", "PENDING", "SUBMITTED", ""];

  assert.equal(new Set(names.map(shapeOf)).size, names.length);
  assert.equal(shapeOf("NEW"), shapeOf("SUBMITTED"));
});
