// The lines that a search found, and the places of its text within a line.

/** @typedef {import("./types").LineText} LineText */

export const MAX_MATCHES = 100_000;
const MAX_PARTS = 40; // of a line

/**
 * Return the position of the first match at or after a line; the length of the list if there is none.
 * @param {number[]} matches sorted
 * @param {number} line
 */
export function positionFrom(matches, line) {
  let [low, high] = [0, matches.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (matches[middle] < line) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Split the parts of a line where a text is found, in upper or lower case. Each part has its classes.
 * @param {LineText} text
 * @param {string} search
 * @param {number} [limit] of parts; what follows is one part without a style
 * @returns {[string, string][]}
 */
export function markedParts(text, search, limit = MAX_PARTS) {
  /** @type {[string, string][]} */
  const parts = typeof text === "string" ? [[text, ""]] : text;
  const ranges = search ? rangesOf(parts.map(([part]) => part).join(""), search) : [];
  /** @type {[string, string][]} */
  const result = [];
  let start = 0;
  for (const [part, classes] of parts) {
    for (const [from, to, isMatch] of cuts(start, start + part.length, ranges)) {
      const content = part.slice(from - start, to - start);
      if (result.length < limit) result.push([content, isMatch ? `${classes} log-match`.trim() : classes]);
      else result[limit] = [(result[limit]?.[0] ?? "") + content, ""];
    }
    start += part.length;
  }
  return result;
}

/**
 * @param {string} text
 * @param {string} search
 */
function rangesOf(text, search) {
  const [lower, needle] = [text.toLowerCase(), search.toLowerCase()];
  /** @type {[number, number][]} */
  const ranges = [];
  if (lower.length !== text.length) return ranges; // a few letters change their length: İ
  for (let at = lower.indexOf(needle); at >= 0 && ranges.length < MAX_PARTS; at = lower.indexOf(needle, at + needle.length)) {
    ranges.push([at, at + needle.length]);
  }
  return ranges;
}

/**
 * Cut a range at the borders of others.
 * @param {number} start
 * @param {number} end
 * @param {[number, number][]} ranges
 * @returns {[number, number, boolean][]}
 */
function cuts(start, end, ranges) {
  /** @type {[number, number, boolean][]} */
  const result = [];
  let at = start;
  for (const [from, to] of ranges) {
    if (to <= at || from >= end) continue;
    if (from > at) result.push([at, from, false]);
    result.push([Math.max(at, from), Math.min(to, end), true]);
    at = Math.min(to, end);
  }
  if (at < end) result.push([at, end, false]);
  return result;
}
