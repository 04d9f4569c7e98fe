// Where rows are in a scrolled window. A browser cannot make an element of 20 million px: beyond a height the scroll bar
// stands for a share of the log, and the window moves row by row.

/** @typedef {import("./types").Anchor} Anchor */
/** @typedef {import("./types").Measures} Measures */

export const MAX_HEIGHT = 6_000_000; // px; Firefox's limit is 17.8 million
export const OVERSCAN = 15; // rows outside the window, on each side

/** @param {Measures} measures */
export const contentHeight = ({ count, rowHeight }) => count * rowHeight;

/** @param {Measures} measures */
export const spaceHeight = (measures) => Math.min(MAX_HEIGHT, Math.ceil(contentHeight(measures)));

/** @param {Measures} measures */
export const isScaled = (measures) => contentHeight(measures) > MAX_HEIGHT;

/** @param {Measures} measures */
const maxScroll = (measures) => Math.max(0, spaceHeight(measures) - measures.windowHeight);

/** @param {Measures} measures */
const maxPosition = (measures) => Math.max(0, contentHeight(measures) - measures.windowHeight);

/**
 * Return the row that a scroll bar's place stands for.
 * @param {number} scrollTop
 * @param {Measures} measures
 * @returns {Anchor}
 */
export function anchorAt(scrollTop, measures) {
  const scrollable = maxScroll(measures);
  const share = scrollable > 0 ? Math.min(1, Math.max(0, scrollTop / scrollable)) : 0;
  const position = share * maxPosition(measures);
  const index = Math.min(Math.max(0, measures.count - 1), Math.floor(position / measures.rowHeight));
  return { index, offset: position - index * measures.rowHeight };
}

/**
 * Return the scroll bar's place for a row.
 * @param {Anchor} anchor
 * @param {Measures} measures
 */
export function scrollTopOf({ index, offset }, measures) {
  const positions = maxPosition(measures);
  if (!positions) return 0;
  return Math.min(1, (index * measures.rowHeight + offset) / positions) * maxScroll(measures);
}

/**
 * Move by pixels, over rows of their own heights.
 * @param {Anchor} anchor
 * @param {number} pixels
 * @param {number} count
 * @param {(index: number) => number} heightOf
 * @returns {Anchor}
 */
export function moveBy(anchor, pixels, count, heightOf) {
  let { index, offset } = anchor;
  offset += pixels;
  while (offset < 0 && index > 0) {
    index -= 1;
    offset += heightOf(index);
  }
  while (index < count - 1 && offset >= heightOf(index)) {
    offset -= heightOf(index);
    index += 1;
  }
  return { index, offset: Math.max(0, offset) };
}

/**
 * Return the rows to have in the page: the first, and the one after the last.
 * @param {Anchor} anchor
 * @param {Measures} measures
 * @param {number} leastHeight of a row
 */
export function rowsAround({ index, offset }, { count, windowHeight }, leastHeight) {
  const visible = Math.ceil((windowHeight + offset) / leastHeight) + 1;
  return [Math.max(0, index - OVERSCAN), Math.min(count, index + visible + OVERSCAN)];
}
