// Geometry of the picture: paths of edges, what is in view, and the node to which an arrow key goes. Pure.

/** @typedef {import("./types").Box} Box */
/** @typedef {import("./types").Graph} Graph */
/** @typedef {import("./types").GraphView} GraphView */
/** @typedef {import("./types").Layout} Layout */
/** @typedef {import("./types").Point} Point */

export const NODE_WIDTH = 256;
export const NODE_HEIGHT = 58;
const ARROW = 6;

const round = (/** @type {number} */ value) => Math.round(value * 10) / 10;
const at = (/** @type {Point} */ { x, y }) => `${round(x)} ${round(y)}`;
const middle = (/** @type {Point} */ a, /** @type {Point} */ b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

/**
 * The path of an edge through its points, as a smooth line.
 * @param {Point[]} points
 */
export function edgePath(points) {
  const [first, last] = [points[0], points[points.length - 1]];
  if (points.length < 3) {
    const bend = Math.max(24, Math.abs(last.x - first.x) / 2);
    return `M${at(first)}C${round(first.x + bend)} ${round(first.y)} ${round(last.x - bend)} ${round(last.y)} ${at(last)}`;
  }
  let path = `M${at(first)}`;
  for (let index = 1; index < points.length - 1; index += 1) {
    const end = index === points.length - 2 ? last : middle(points[index], points[index + 1]);
    path += `Q${at(points[index])} ${at(end)}`;
  }
  return path;
}

/**
 * The arrow head at the end of an edge, which points right: all edges do.
 * @param {Point[]} points
 */
export function arrowPath(points) {
  const { x, y } = points[points.length - 1];
  return `M${round(x)} ${round(y)}l${-ARROW} ${-ARROW / 1.5}v${round(ARROW / 0.75)}z`;
}

/**
 * @param {Point[]} points
 * @param {Box} box
 */
export function crosses(points, box) {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const { x, y } of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return left <= box.x + box.width && right >= box.x && top <= box.y + box.height && bottom >= box.y;
}

/**
 * The middle of an edge.
 * @param {Point[]} points
 */
export function middleOf(points) {
  const line = samples(points);
  return line[Math.floor((line.length - 1) / 2)];
}

/**
 * The number of the edge that is nearest to a point, at most `within` from it; -1 if there is none.
 * @param {Point[][]} edges
 * @param {Point} point
 * @param {number} within
 */
export function edgeAt(edges, point, within) {
  let [nearest, least] = [-1, within];
  const box = { x: point.x - within, y: point.y - within, width: 2 * within, height: 2 * within };
  edges.forEach((points, number) => {
    if (!crosses(points, box)) return;
    const line = samples(points);
    for (let index = 1; index < line.length; index += 1) {
      const distance = distanceTo(point, line[index - 1], line[index]);
      if (distance < least) [nearest, least] = [number, distance];
    }
  });
  return nearest;
}

/**
 * Points along the line that `edgePath` draws.
 * @param {Point[]} points
 */
function samples(points) {
  const [first, last] = [points[0], points[points.length - 1]];
  if (points.length < 3) {
    const bend = Math.max(24, Math.abs(last.x - first.x) / 2);
    const [from, to] = [{ x: first.x + bend, y: first.y }, { x: last.x - bend, y: last.y }];
    return Array.from({ length: 17 }, (_, index) => cubic(first, from, to, last, index / 16));
  }
  return [first, ...points.slice(1, -2).flatMap((point, index) => [point, middle(point, points[index + 2])]), points[points.length - 2], last];
}

/**
 * @param {Point} a
 * @param {Point} b
 * @param {Point} c
 * @param {Point} d
 * @param {number} t from 0 to 1
 */
function cubic(a, b, c, d, t) {
  const rest = 1 - t;
  const value = (/** @type {"x" | "y"} */ axis) =>
    rest ** 3 * a[axis] + 3 * rest ** 2 * t * b[axis] + 3 * rest * t ** 2 * c[axis] + t ** 3 * d[axis];
  return { x: value("x"), y: value("y") };
}

/**
 * @param {Point} point
 * @param {Point} from
 * @param {Point} to
 */
function distanceTo(point, from, to) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const share = ((point.x - from.x) * dx + (point.y - from.y) * dy) / (dx * dx + dy * dy || 1);
  const along = Math.min(1, Math.max(0, share));
  return Math.hypot(point.x - from.x - along * dx, point.y - from.y - along * dy);
}

/**
 * @param {Box} outer
 * @param {Box} inner
 */
export function contains(outer, inner) {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

/**
 * A box with a share of its size on each side.
 * @param {Box} box
 * @param {number} share
 * @returns {Box}
 */
export function around(box, share) {
  const [dx, dy] = [box.width * share, box.height * share];
  return { x: box.x - dx, y: box.y - dy, width: box.width + 2 * dx, height: box.height + 2 * dy };
}

/**
 * The nodes that a box shows, also in part.
 * @param {Layout} layout
 * @param {Box} box
 */
export function nodesIn(layout, box) {
  return layout.nodes.flatMap(({ x, y }, node) =>
    x <= box.x + box.width && x + NODE_WIDTH >= box.x && y <= box.y + box.height && y + NODE_HEIGHT >= box.y ? [node] : [],
  );
}

/**
 * The node to which an arrow key goes: along an edge to the left or right, up or down in its column. Among several, the
 * nearest. -1 if there is none.
 * @param {GraphView} view
 * @param {Layout} layout
 * @param {number} node
 * @param {string} key
 */
export function neighbour(view, layout, node, key) {
  const from = layout.nodes[node];
  /** @type {number[]} */
  let candidates = [];
  if (key === "ArrowRight") candidates = view.edges.flatMap((edge) => (edge.from === node ? [edge.to] : []));
  if (key === "ArrowLeft") candidates = view.edges.flatMap((edge) => (edge.to === node ? [edge.from] : []));
  if (key === "ArrowUp" || key === "ArrowDown") {
    const sign = key === "ArrowUp" ? -1 : 1;
    candidates = layout.nodes.flatMap(({ x, y }, other) =>
      Math.abs(x - from.x) < NODE_WIDTH && (y - from.y) * sign > 0 ? [other] : [],
    );
  }
  const distance = (/** @type {number} */ other) =>
    Math.abs(layout.nodes[other].y - from.y) + Math.abs(layout.nodes[other].x - from.x) / 1000;
  return candidates.reduce((best, other) => (best < 0 || distance(other) < distance(best) ? other : best), -1);
}

/**
 * The scale and offset at which all is in view: not larger than 1, and not so small that nothing can be read. What does
 * not fit then is seen from its beginning.
 * @param {{ width: number, height: number }} content
 * @param {{ width: number, height: number }} canvas
 * @param {number} smallest
 */
export function fit(content, canvas, smallest) {
  const margin = 24;
  const across = (canvas.width - 2 * margin) / Math.max(1, content.width);
  const down = (canvas.height - 2 * margin) / Math.max(1, content.height);
  const scale = Math.min(1, Math.max(smallest, Math.min(across, down)));
  const offset = (/** @type {number} */ room, /** @type {number} */ size) => Math.max(margin, (room - size * scale) / 2);
  return { scale, x: offset(canvas.width, content.width), y: offset(canvas.height, content.height) };
}
