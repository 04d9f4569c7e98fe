// Where each child of an array is on its map, and where the arrow keys lead. Indexes run in rows, as text does.

/** @typedef {{ size: number, columns: number, cell: number, gutter: number, width: number, height: number }} Grid */

const MAX_CELL = 24;
const MIN_CELL = 5;
const MIN_TOUCH_CELL = 7; // on a phone
const PHONE_WIDTH = 480;
const DIGIT_WIDTH = 7;
const COLUMNS = [100, 50, 40, 25, 20, 10];

/**
 * The widest map that fits: at most 100 columns, fewer for few children and where the cells would be too small.
 * @param {number} size
 * @param {number} width
 * @returns {Grid}
 */
export function gridOf(size, width) {
  const gutter = size > 10 ? String(size - 1).length * DIGIT_WIDTH + 8 : 0;
  const least = width < PHONE_WIDTH ? MIN_TOUCH_CELL : MIN_CELL;
  const room = Math.max(0, width - gutter);
  const most = size > 1000 ? 100 : size > 100 ? 50 : size > 10 ? 20 : 10;
  const columns = COLUMNS.find((count) => count <= most && room / count >= least) ?? 10;
  const cell = Math.max(least, Math.min(MAX_CELL, Math.floor(room / columns)));
  const rows = Math.ceil(size / columns);
  return { size, columns, cell, gutter, width: gutter + columns * cell, height: rows * cell };
}

/**
 * @param {Grid} grid
 * @param {number} index
 */
export function placeOf(grid, index) {
  return { x: grid.gutter + (index % grid.columns) * grid.cell, y: Math.floor(index / grid.columns) * grid.cell };
}

/**
 * The child at a point, or -1.
 * @param {Grid} grid
 * @param {number} x
 * @param {number} y
 */
export function indexAt(grid, x, y) {
  const [column, row] = [Math.floor((x - grid.gutter) / grid.cell), Math.floor(y / grid.cell)];
  const index = row * grid.columns + column;
  return column >= 0 && column < grid.columns && row >= 0 && index < grid.size ? index : -1;
}

/**
 * Where a key leads. A filter makes it the next child in that direction that matches; without one, stay.
 * @param {Grid} grid
 * @param {number} index
 * @param {string} key
 * @param {(index: number) => boolean} [matches]
 */
export function neighbour(grid, index, key, matches = () => true) {
  /** @type {Record<string, [start: number, step: number]>} */
  const moves = {
    ArrowLeft: [index - 1, -1],
    ArrowRight: [index + 1, 1],
    ArrowUp: [index - grid.columns, -1],
    ArrowDown: [index + grid.columns, 1],
    PageUp: [Math.max(0, index - 10 * grid.columns), -1],
    PageDown: [Math.min(grid.size - 1, index + 10 * grid.columns), 1],
    Home: [0, 1],
    End: [grid.size - 1, -1],
  };
  const [start, step] = moves[key] ?? [index, 1];
  for (let next = start; next >= 0 && next < grid.size; next += step) if (matches(next)) return next;
  return index;
}

/**
 * The text of the cause that a child failed for. `ranges` are first and last indexes in turn.
 * @param {{ text: string, ranges: number[] }[]} causes
 * @param {number} index
 */
export function causeOf(causes, index) {
  const cause = causes.find(({ ranges }) =>
    ranges.some((first, at) => at % 2 === 0 && first <= index && index <= ranges[at + 1]),
  );
  return cause?.text ?? "";
}

/**
 * How many children have each letter.
 * @param {string} cells
 */
export function countLetters(cells) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const letter of cells) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  return counts;
}

/** Shapes of states in a square of 10, so that no state is told by its colour alone. */
const SHAPES = Object.freeze({
  SUCCEEDED: "M1 1H9V9H1Z",
  FAILED: "M0 0H10V10H0ZM2 3.2L3.8 5L2 6.8L3.2 8L5 6.2L6.8 8L8 6.8L6.2 5L8 3.2L6.8 2L5 3.8L3.2 2Z",
  STOPPED: "M0 0H10V10H0ZM2 4H8V6H2Z",
  LOST: "M0 0H10L0 10Z",
  RUNNING: "M1 0L10 5L1 10Z",
  STARTING: "M0 5H10V10H0Z",
  RUNNABLE: "M0 0H10V10H0ZM2 2V8H8V2Z",
  PENDING: "M0 0H10V10H0ZM1 1V9H9V1ZM4 4H6V6H4Z",
  SUBMITTED: "M0 0H10V10H0ZM1 1V9H9V1Z",
  "": "M4 4H6V6H4Z",
});

/**
 * The path of a state's shape, to be filled by the even-odd rule. "" is a child that isn't loaded.
 * @param {string} name
 * @returns {string}
 */
export function shapeOf(name) {
  /** @type {Record<string, string>} */
  const shapes = SHAPES;
  return shapes[name] ?? shapes.SUBMITTED;
}
