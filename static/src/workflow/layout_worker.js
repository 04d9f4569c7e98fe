// The worker that lays out a graph, so that the page stays responsive: dagre for small graphs, columns for large ones.

import { Graph, layout } from "@dagrejs/dagre";
import { ROW_GAP, ends, plainLayout } from "./plain_layout.js";

/** @typedef {import("./types").Layout} Layout */
/** @typedef {import("./types").LayoutRequest} LayoutRequest */

/** Nodes that dagre lays out in about 0.3 s; it takes seconds for twice as many. An edge is a node in each layer between. */
const MAX_DAGRE_NODES = 300;

/**
 * @param {LayoutRequest} request
 * @returns {Layout}
 */
function dagreLayout({ layers, edges, nodeWidth, nodeHeight, columnGap }) {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: ROW_GAP, ranksep: columnGap, ranker: "network-simplex" });
  graph.setDefaultEdgeLabel(() => ({}));
  layers.forEach((_, node) => graph.setNode(String(node), { width: nodeWidth, height: nodeHeight }));
  for (const [from, to] of edges) graph.setEdge(String(from), String(to));
  layout(graph);
  const { width = 0, height = 0 } = graph.graph();
  const nodes = layers.map((_, node) => {
    const { x, y } = graph.node(String(node));
    return { x: x - nodeWidth / 2, y: y - nodeHeight / 2 };
  });
  return {
    width,
    height,
    nodes,
    edges: edges.map(([from, to]) => {
      const [first, last] = ends(nodes[from], nodes[to], nodeWidth, nodeHeight);
      const { points } = graph.edge(String(from), String(to));
      return points.length > 3 ? [first, ...points.slice(1, -1), last] : [first, last];
    }),
  };
}

self.onmessage = (/** @type {MessageEvent<[number, LayoutRequest]>} */ { data: [number, request] }) => {
  const { layers, edges } = request;
  const size = edges.reduce((sum, [from, to]) => sum + Math.max(0, layers[to] - layers[from] - 1), layers.length);
  const isSmall = size <= MAX_DAGRE_NODES && edges.length <= MAX_DAGRE_NODES;
  self.postMessage([number, isSmall ? dagreLayout(request) : plainLayout(request)]);
};
