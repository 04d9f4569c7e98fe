// The lines that the page has in memory: those around the window, however long the log is.

/** @typedef {import("./types").Line} Line */

export const BLOCK_LINES = 250;
export const MAX_STORED_LINES = 8000;
const MAX_SCATTERED = 100;

export class LineStore {
  constructor() {
    /** @type {Map<number, Line>} */
    this.lines = new Map();
    /** @type {Set<string>} */
    this.requested = new Set();
  }

  clear() {
    this.lines.clear();
    this.requested.clear();
  }

  /** @param {number} number */
  get(number) {
    return this.lines.get(number);
  }

  /** @param {Line[]} lines */
  add(lines) {
    for (const line of lines) {
      this.lines.delete(line[0]); // what is used again is the newest
      this.lines.set(line[0], line);
    }
    for (const number of this.lines.keys()) {
      if (this.lines.size <= MAX_STORED_LINES) break;
      this.lines.delete(number);
    }
  }

  /**
   * Return the requests for lines that are missing, each once until it is answered.
   * @param {number[]} numbers in their order
   * @param {boolean} areScattered whether the lines between them are of no use
   * @returns {Record<string, string>[]}
   */
  requestsFor(numbers, areScattered) {
    const missing = numbers.filter((number) => !this.lines.has(number));
    const requests = areScattered ? scattered(missing) : blocks(missing);
    return requests.filter((request) => {
      const key = JSON.stringify(request);
      if (this.requested.has(key)) return false;
      this.requested.add(key);
      return true;
    });
  }

  /** @param {Record<string, string>} request */
  finish(request) {
    this.requested.delete(JSON.stringify(request));
  }
}

/** @param {number[]} numbers */
function blocks(numbers) {
  const starts = new Set(numbers.map((number) => number - (number % BLOCK_LINES)));
  return [...starts].map((start) => ({ from: String(start), count: String(BLOCK_LINES) }));
}

/** @param {number[]} numbers */
function scattered(numbers) {
  const requests = [];
  for (let start = 0; start < numbers.length; start += MAX_SCATTERED) {
    requests.push({ at: numbers.slice(start, start + MAX_SCATTERED).join(",") });
  }
  return requests;
}
