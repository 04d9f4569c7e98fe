// The layout of large graphs: a column for each layer, its nodes ordered by what they are connected to. Pure, and
// linear in nodes and edges. Small graphs are laid out by dagre, which has fewer crossings.

/** @typedef {import("./types").Layout} Layout */
/** @typedef {import("./types").LayoutRequest} LayoutRequest */

export const ROW_GAP = 20;
/** Nodes in a column, after which a layer goes on in the next. */
export const MAX_ROWS = 40;
const SWEEPS = 4;

/**
 * @param {LayoutRequest} request
 * @returns {Layout}
 */
export function plainLayout({ layers, edges, nodeWidth, nodeHeight, columnGap }) {
  const columns = order(layers, edges);
  /** @type {Layout["nodes"]} */
  const nodes = [];
  const [stepX, stepY] = [nodeWidth + columnGap, nodeHeight + ROW_GAP];
  const rows = Math.min(MAX_ROWS, Math.max(1, ...columns.map((column) => column.length)));
  let column = 0;
  for (const members of columns) {
    const parts = Math.max(1, Math.ceil(members.length / MAX_ROWS));
    const perPart = Math.ceil(members.length / parts);
    members.forEach((node, index) => {
      const part = Math.floor(index / perPart);
      const inPart = Math.min(perPart, members.length - part * perPart);
      const top = ((rows - inPart) * stepY) / 2;
      nodes[node] = { x: (column + part) * stepX, y: top + (index % perPart) * stepY };
    });
    column += parts;
  }
  return {
    width: Math.max(0, column * stepX - columnGap),
    height: rows * stepY - ROW_GAP,
    nodes,
    edges: edges.map(([from, to]) => ends(nodes[from], nodes[to], nodeWidth, nodeHeight)),
  };
}

/**
 * Where an edge leaves a node and where it arrives: in the middle of their sides.
 * @param {import("./types").Point} from
 * @param {import("./types").Point} to
 * @param {number} nodeWidth
 * @param {number} nodeHeight
 */
export function ends(from, to, nodeWidth, nodeHeight) {
  return [
    { x: from.x + nodeWidth, y: from.y + nodeHeight / 2 },
    { x: to.x, y: to.y + nodeHeight / 2 },
  ];
}

/**
 * The nodes of each layer, ordered by the mean place of their neighbours in the layers before and after.
 * @param {number[]} layers
 * @param {[number, number][]} edges
 */
function order(layers, edges) {
  /** @type {number[][]} */
  const columns = [];
  layers.forEach((layer, node) => (columns[layer] ??= []).push(node));
  const full = columns.filter(Boolean);
  const before = layers.map(() => /** @type {number[]} */ ([]));
  const after = layers.map(() => /** @type {number[]} */ ([]));
  for (const [from, to] of edges) {
    before[to].push(from);
    after[from].push(to);
  }
  const place = layers.map(() => 0);
  const settle = (/** @type {number[]} */ column) =>
    column.forEach((node, index) => (place[node] = (index + 0.5) / column.length));
  full.forEach(settle);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const [neighbours, sequence] = sweep % 2 ? [after, [...full].reverse()] : [before, full];
    for (const column of sequence) {
      const mean = new Map(column.map((node) => [node, meanOf(neighbours[node].map((other) => place[other]), place[node])]));
      column.sort((a, b) => (mean.get(a) ?? 0) - (mean.get(b) ?? 0) || a - b);
      settle(column);
    }
  }
  return full;
}

/**
 * @param {number[]} values
 * @param {number} otherwise
 */
function meanOf(values, otherwise) {
  return values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : otherwise;
}
