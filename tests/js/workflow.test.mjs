// The picture of a workflow without a page: graph, layout, keys and time chart. The bundles as they are shipped.

import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { geometry, graphs, labelOf, plainLayout, shorten, times } = await load("vendor/workflow.min.js");

const MINUTE = 60_000;
const step = (name, fields = {}) => ({
  id: name, name, url: `/jobs/${name}/`, size: null, sequential: false, status: "PENDING", live: true, sent: true,
  accepted: 0, start: null, end: null, cost: "", ...fields,
});
const ran = (name, start, end) => step(name, { start, end, live: false, status: "SUCCEEDED" });
const graphOf = (steps, edges) => graphs.buildGraph(steps, edges.map(([from, to, type = ""]) => [from, to, type]));
const diamond = () => graphOf(["a", "b", "c", "d"].map((name) => step(name)), [[0, 1], [0, 2], [1, 3], [2, 3]]);

/** 1,000 steps and 5,000 edges, each to one of the 100 steps before it. */
function large(steps = 1000, edges = 5000) {
  let seed = 7;
  const random = (below) => (seed = (seed * 1103515245 + 12345) % 2147483648) % below;
  const pairs = new Map();
  while (pairs.size < edges) {
    const to = 1 + random(steps - 1);
    const from = Math.max(0, to - 1 - random(100));
    pairs.set(`${from} ${to}`, [from, to]);
  }
  return graphOf(Array.from({ length: steps }, (_, index) => step(`step-${index}`)), [...pairs.values()]);
}

const requestOf = (view) => ({
  layers: view.nodes.map((node) => node.layer),
  edges: view.edges.map(({ from, to }) => [from, to]),
  nodeWidth: geometry.NODE_WIDTH,
  nodeHeight: geometry.NODE_HEIGHT,
  columnGap: 56,
});

const answers = [];
globalThis.self = { postMessage: (answer) => answers.push(answer) };
await load("vendor/workflow_layout.min.js");

/** The layout of the worker, which answers by a message. */
function layoutInWorker(request) {
  globalThis.self.onmessage({ data: [1, request] });
  return answers.pop()[1];
}

test("a step is in the layer after the last that it waits for", () => {
  const graph = graphOf(["a", "b", "c", "d"].map((name) => step(name)), [[0, 1], [1, 2], [0, 2], [0, 3]]);

  assert.deepEqual(graph.layers, [[0], [1, 3], [2]]);
});

test("a cycle, which an editor can have for a while, comes last", () => {
  assert.deepEqual(graphOf([step("a"), step("b"), step("c")], [[1, 2], [2, 1]]).layers, [[0], [1, 2]]);
});

test("the critical path is the chain with the longest run time", () => {
  const steps = [ran("a", 0, MINUTE), ran("b", MINUTE, 2 * MINUTE), ran("c", MINUTE, 9 * MINUTE), step("d")];
  const graph = graphOf(steps, [[0, 1], [0, 2], [1, 3], [2, 3]]);

  assert.deepEqual(graphs.criticalPath(graph, 9 * MINUTE), [0, 2, 3]);
});

test("a step that runs counts until now", () => {
  const steps = [step("a", { start: 0, status: "RUNNING" }), ran("b", 0, 5 * MINUTE), step("c")];
  const graph = graphOf(steps, [[0, 2], [1, 2]]);

  assert.deepEqual(graphs.criticalPath(graph, 4 * MINUTE), [1, 2]);
  assert.deepEqual(graphs.criticalPath(graph, 6 * MINUTE), [0, 2]);
});

test("before any step has run, the critical path is the longest chain", () => {
  const graph = graphOf(["a", "b", "c", "d"].map((name) => step(name)), [[0, 3], [0, 1], [1, 2]]);

  assert.deepEqual(graphs.criticalPath(graph, 0), [0, 1, 2]);
  assert.deepEqual(graphs.criticalPath(graphOf([], []), 0), []);
});

test("up to 60 steps are all shown", () => {
  const graph = graphOf(Array.from({ length: 60 }, (_, index) => step(`s${index}`)), [[0, 1]]);

  assert.equal(graphs.viewOf(graph, new Set()).nodes.length, 60);
});

test("above, a layer of several steps is one node, and its edges are one", () => {
  const steps = Array.from({ length: 62 }, (_, index) => step(`s${index}`));
  const fan = Array.from({ length: 60 }, (_, index) => [[0, index + 1], [index + 1, 61]]).flat();
  const graph = graphOf(steps, fan);
  const view = graphs.viewOf(graph, new Set());

  assert.deepEqual(view.nodes.map((node) => [node.key, node.steps.length]), [["s0", 1], ["layer-1", 60], ["s61", 1]]);
  assert.deepEqual(view.edges.map(({ from, to, pairs }) => [from, to, pairs.length]), [[0, 1, 60], [1, 2, 60]]);
  assert.equal(graphs.viewOf(graph, new Set([1])).nodes.length, 62);
});

test("at a collapsed layer, an edge that a longer way implies is left out", () => {
  const steps = Array.from({ length: 63 }, (_, index) => step(`s${index}`));
  const graph = graphOf(steps, [[0, 61], [61, 62], [0, 62], [1, 62]]);
  const edgesOf = (view) => view.edges.map(({ from, to }) => `${view.nodes[from].key} ${view.nodes[to].key}`);

  assert.deepEqual(edgesOf(graphs.viewOf(graph, new Set())), ["layer-0 s61", "s61 s62"]);
  assert.equal(graphs.viewOf(graph, new Set([0])).edges.length, 4);
});

test("the type of an edge is kept, and of several edges only if they agree", () => {
  const steps = Array.from({ length: 62 }, (_, index) => step(`s${index}`));
  const graph = graphOf(steps, [[0, 1, "N_TO_N"], [0, 2, "N_TO_N"], [1, 3, "N_TO_N"], [2, 3, ""]]);

  assert.deepEqual(graphs.viewOf(graph, new Set([0])).edges.map((edge) => edge.type), ["N_TO_N", ""]);
});

test("a node says its name, state, times and what it waits for", () => {
  const statuses = { RUNNING: { label: "Running", icon: "player-play", tone: "go", live: true } };
  const steps = [ran("load", 0, MINUTE), step("train", { status: "RUNNING", start: MINUTE, cost: "$0.12", size: 5 })];
  const graph = graphOf(steps, [[0, 1]]);
  const [, train] = graphs.viewOf(graph, new Set()).nodes;

  assert.equal(labelOf(graph, train, statuses, 3 * MINUTE), "train: Running, array of 5, 2 min, $0.12, after load");
});

test("a collapsed layer says how many steps are in which state", () => {
  const statuses = { FAILED: { label: "Failed", tone: "bad" }, SUCCEEDED: { label: "Succeeded", tone: "good" } };
  const steps = Array.from({ length: 61 }, (_, index) => step(`s${index}`, { status: index ? "SUCCEEDED" : "FAILED" }));
  const graph = graphOf(steps, []);
  const [node] = graphs.viewOf(graph, new Set()).nodes;

  assert.equal(labelOf(graph, node, statuses, 0), "Layer 1: 61 steps. 1 failed, 60 succeeded. Press Enter to expand.");
});

test("in a collapsed layer, statuses with a common word are counted together", () => {
  const statuses = {
    "step-0": { label: "2 errors", group: "with errors", tone: "bad" },
    "step-1": { label: "1 error", group: "with errors", tone: "bad" },
  };
  const steps = Array.from({ length: 1200 }, (_, index) => step(`s${index}`, { status: index < 2 ? `step-${index}` : "x" }));
  const graph = graphOf(steps, []);
  const [node] = graphs.viewOf(graph, new Set()).nodes;

  assert.match(labelOf(graph, node, { ...statuses, x: { label: "Hello", tone: "off" } }, 0), /2 with errors, 1,198 hello\./);
});

test("an edge is found within reach of its line, and the nearest of several", () => {
  const straight = [{ x: 0, y: 0 }, { x: 200, y: 0 }];
  const bent = [{ x: 0, y: 0 }, { x: 60, y: 40 }, { x: 140, y: 40 }, { x: 200, y: 0 }];
  const at = (x, y) => geometry.edgeAt([straight, bent], { x, y }, 9);

  assert.deepEqual([at(100, 5), at(100, 36), at(100, 20), at(220, 0), at(-5, 0)], [0, 1, -1, -1, 0]);
  assert.deepEqual(geometry.middleOf(straight), { x: 100, y: 0 });
  assert.deepEqual(geometry.middleOf(bent).y, 40);
});

test("arrow keys go along edges and within a column", () => {
  const view = graphs.viewOf(diamond(), new Set());
  const layout = plainLayout(requestOf(view));
  const go = (node, key) => geometry.neighbour(view, layout, node, key);

  assert.equal(go(0, "ArrowRight"), 1);
  assert.deepEqual([go(1, "ArrowDown"), go(2, "ArrowUp")], [2, 1]);
  assert.deepEqual([go(2, "ArrowRight"), go(3, "ArrowLeft")], [3, 1]);
  assert.deepEqual([go(0, "ArrowLeft"), go(0, "ArrowUp"), go(3, "ArrowRight")], [-1, -1, -1]);
});

for (const [name, layoutOf] of [["columns", plainLayout], ["the worker", layoutInWorker]]) {
  test(`laid out by ${name}, edges go right and nodes don't overlap`, () => {
    const view = graphs.viewOf(diamond(), new Set());
    const layout = layoutOf(requestOf(view));

    for (const { from, to } of view.edges) {
      assert.ok(layout.nodes[to].x >= layout.nodes[from].x + geometry.NODE_WIDTH, `${from} to ${to}`);
    }
    assert.ok(Math.abs(layout.nodes[1].y - layout.nodes[2].y) >= geometry.NODE_HEIGHT);
    const [edge] = layout.edges;
    assert.equal(edge[0].x, layout.nodes[0].x + geometry.NODE_WIDTH);
    assert.equal(edge.at(-1).x, layout.nodes[view.edges[0].to].x);
  });
}

test("1,000 steps and 5,000 edges are laid out within a second, and few are in view", () => {
  const graph = large();
  const start = performance.now();
  const view = graphs.viewOf(graph, new Set(graph.layers.keys()));
  const layout = layoutInWorker(requestOf(view));

  assert.ok(performance.now() - start < 1000);
  assert.equal(layout.nodes.length, 1000);
  assert.ok(geometry.nodesIn(layout, { x: 0, y: 0, width: 1400, height: 900 }).length < 150);
});

test("what does not fit at the smallest scale is shown from its beginning", () => {
  const canvas = { width: 1000, height: 500 };

  assert.equal(geometry.fit({ width: 400, height: 100 }, canvas, 0.3).scale, 1);
  assert.deepEqual(geometry.fit({ width: 40_000, height: 100 }, canvas, 0.3), { scale: 0.3, x: 24, y: 235 });
});

test("an edge outside of the box is not drawn", () => {
  const points = [{ x: 0, y: 0 }, { x: 100, y: 100 }];

  assert.equal(geometry.crosses(points, { x: 50, y: 50, width: 10, height: 10 }), true);
  assert.equal(geometry.crosses(points, { x: 101, y: 0, width: 10, height: 10 }), false);
});

test("the time chart shows waits for capacity after the last dependency, and runs until now", () => {
  const steps = [ran("load", 2 * MINUTE, 4 * MINUTE), step("train", { start: 6 * MINUTE }), step("report")];
  const { rows } = times.timeChart(steps, [[], [0], [1]], 8 * MINUTE);

  assert.deepEqual(rows, [
    { wait: [0, 0.25], run: [0.25, 0.5] },
    { wait: [0.5, 0.75], run: [0.75, 1] },
    { wait: null, run: null },
  ]);
});

test("an array whose child jobs are not loaded runs from when it could", () => {
  const steps = [ran("load", 0, 2 * MINUTE), step("sweep", { size: 9, end: 4 * MINUTE, live: false })];

  assert.deepEqual(times.timeChart(steps, [[], [0]], 9 * MINUTE).rows[1], { wait: null, run: [0.5, 1] });
});

test("ticks are round times", () => {
  assert.deepEqual(times.ticks(4 * MINUTE).map(({ label }) => label), ["0 s", "+1 min", "+2 min", "+3 min", "+4 min"]);
  assert.deepEqual(times.ticks(7 * 86_400_000).map(({ label }) => label), ["0 s", "+2 d", "+4 d", "+6 d"]);
});

test("a text is cut where it no longer fits", () => {
  const measure = (text) => text.length * 10;

  assert.equal(shorten("train", 50, measure), "train");
  assert.equal(shorten("train-model", 60, measure), "train…");
});
