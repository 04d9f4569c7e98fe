// A graph of steps: its layers, its critical path, and what is shown of it when large layers are collapsed. Pure.

/** @typedef {import("./types").GraphData} GraphData */
/** @typedef {import("./types").Step} Step */
/** @typedef {import("./types").Graph} Graph */
/** @typedef {import("./types").GraphView} GraphView */
/** @typedef {import("./types").ViewNode} ViewNode */
/** @typedef {import("./types").ViewEdge} ViewEdge */

/** Steps up to which all are shown at once. */
export const COLLAPSE_ABOVE = 60;

/**
 * @param {Step[]} steps
 * @param {GraphData["edges"]} edges
 * @returns {Graph}
 */
export function buildGraph(steps, edges) {
  /** @type {number[][]} */
  const parents = steps.map(() => []);
  /** @type {number[][]} */
  const children = steps.map(() => []);
  for (const [from, to] of edges) {
    parents[to].push(from);
    children[from].push(to);
  }
  const layerOf = depths(parents, children);
  /** @type {number[][]} */
  const layers = [];
  layerOf.forEach((layer, step) => (layers[layer] ??= []).push(step));
  return { steps, edges, parents, children, layerOf, layers: layers.filter(Boolean) };
}

/**
 * The length of the longest path to each step. A step in a cycle, or behind one, comes after all others.
 * @param {number[][]} parents
 * @param {number[][]} children
 */
function depths(parents, children) {
  const open = parents.map((own) => own.length);
  const depth = parents.map(() => 0);
  const ready = open.flatMap((count, step) => (count ? [] : [step]));
  for (let at = 0; at < ready.length; at += 1) {
    for (const child of children[ready[at]]) {
      depth[child] = Math.max(depth[child], depth[ready[at]] + 1);
      open[child] -= 1;
      if (!open[child]) ready.push(child);
    }
  }
  const last = ready.reduce((most, step) => Math.max(most, depth[step]), -1) + 1;
  return depth.map((layer, step) => (open[step] ? last : layer));
}

/**
 * The chain of steps that takes longest: by run time so far, and by the number of steps where none has run.
 * @param {Graph} graph
 * @param {number} now in ms
 * @returns {number[]} steps, first to last
 */
export function criticalPath(graph, now) {
  const { steps, parents, layers } = graph;
  const total = steps.map(() => 0);
  const before = steps.map(() => -1);
  for (const step of layers.flat()) {
    for (const parent of parents[step]) {
      if (before[step] < 0 || total[parent] > total[before[step]]) before[step] = parent;
    }
    total[step] = runTime(steps[step], now) + 1 + (before[step] < 0 ? 0 : total[before[step]]);
  }
  /** @type {number[]} */
  const path = [];
  let step = total.reduce((most, value, index) => (value > (total[most] ?? -1) ? index : most), 0);
  while (step >= 0 && path.length < steps.length) {
    path.unshift(step);
    step = before[step];
  }
  return steps.length ? path : [];
}

/**
 * How long a step has run, in ms; 0 if it has not started.
 * @param {Step} step
 * @param {number} now
 */
export function runTime(step, now) {
  if (step.start === null) return 0;
  return Math.max(0, (step.end ?? (step.live ? now : step.start)) - step.start);
}

/**
 * What is shown: every step of a small graph; of a large one a node for each layer of several steps that is not
 * expanded, with one edge for all between the same two nodes.
 * @param {Graph} graph
 * @param {ReadonlySet<number>} expanded layers
 * @returns {GraphView}
 */
export function viewOf(graph, expanded) {
  const collapses = graph.steps.length > COLLAPSE_ABOVE;
  /** @type {ViewNode[]} */
  const nodes = [];
  const nodeOf = graph.steps.map(() => 0);
  graph.layers.forEach((layerSteps, layer) => {
    const together = collapses && layerSteps.length > 1 && !expanded.has(layer);
    const groups = together ? [layerSteps] : layerSteps.map((step) => [step]);
    for (const steps of groups) {
      for (const step of steps) nodeOf[step] = nodes.length;
      const key = together ? `layer-${layer}` : graph.steps[steps[0]].id;
      nodes.push({ key, layer, steps, isLayer: together });
    }
  });
  /** @type {Map<string, ViewEdge>} */
  const edges = new Map();
  for (const [from, to, type] of graph.edges) {
    const ends = `${nodeOf[from]} ${nodeOf[to]}`;
    const edge = edges.get(ends);
    if (!edge) edges.set(ends, { from: nodeOf[from], to: nodeOf[to], type, pairs: [[from, to]] });
    else {
      edge.pairs.push([from, to]);
      if (edge.type !== type) edge.type = "";
    }
  }
  return { nodes, nodeOf, edges: withoutImplied(nodes, [...edges.values()]) };
}

/**
 * The edges without those at a collapsed layer that a longer way implies: there they would be most of all edges.
 * @param {ViewNode[]} nodes in the order of their layers
 * @param {ViewEdge[]} edges
 */
function withoutImplied(nodes, edges) {
  if (!nodes.some((node) => node.isLayer)) return edges;
  /** @type {number[][]} */
  const after = nodes.map(() => []);
  for (const { from, to } of edges) after[from].push(to);
  /** @type {Set<number>[]} */
  const farther = nodes.map(() => new Set()); // reached over at least one other node
  for (let node = nodes.length - 1; node >= 0; node -= 1) {
    for (const next of after[node]) {
      for (const end of after[next]) farther[node].add(end);
      for (const end of farther[next]) farther[node].add(end);
    }
  }
  return edges.filter(({ from, to }) => !((nodes[from].isLayer || nodes[to].isLayer) && farther[from].has(to)));
}

/**
 * The steps of a node by status, the most frequent first.
 * @param {Graph} graph
 * @param {ViewNode} node
 * @returns {[string, number][]}
 */
export function countStatuses(graph, node) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const step of node.steps) {
    const { status } = graph.steps[step];
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}
