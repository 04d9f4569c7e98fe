// Geometry of the time chart: when each step waited and ran, as shares of the time from the first to the last. Pure.

import { span } from "../../js/duration.js";

/** @typedef {import("./types").Step} Step */
/** @typedef {import("./types").TimeChart} TimeChart */

const SECOND = 1000;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400].map(
  (seconds) => seconds * SECOND,
);
const MAX_TICKS = 6;

/**
 * When each step waited for capacity, which is after all that it depends on has ended, and when it ran.
 * @param {Step[]} steps
 * @param {number[][]} parents
 * @param {number} now in ms
 * @returns {TimeChart}
 */
export function timeChart(steps, parents, now) {
  const begin = Math.min(...steps.map((step) => step.accepted));
  const ends = steps.map((step) => step.end ?? (step.live ? now : (step.start ?? step.accepted)));
  const length = Math.max(SECOND, Math.max(...ends) - begin);
  const place = (/** @type {number} */ time) => Math.min(1, Math.max(0, (time - begin) / length));
  return {
    rows: steps.map((step, index) => {
      const from = readyAt(step, parents[index].map((parent) => steps[parent].end));
      const to = step.start ?? ends[index];
      // The child jobs of an array may not be loaded: then it runs from when it could.
      const begins = step.start ?? (step.size ? from : null);
      return {
        wait: from === null || begins === from || from >= to ? null : [place(from), place(to)],
        run: begins === null ? null : [place(begins), place(ends[index])],
      };
    }),
    ticks: ticks(length),
    length,
  };
}

/**
 * When a step waits for nothing but capacity; null if it still waits for others.
 * @param {Step} step
 * @param {(number | null)[]} parentEnds
 */
function readyAt(step, parentEnds) {
  const known = parentEnds.filter((end) => end !== null);
  return known.length < parentEnds.length ? null : Math.max(step.accepted, ...known);
}

/**
 * Round times after the begin, each with its label.
 * @param {number} length in ms
 */
export function ticks(length) {
  const days = 86_400 * SECOND;
  const step = STEPS.find((size) => length / size <= MAX_TICKS) ?? days * Math.ceil(length / days / MAX_TICKS);
  const count = Math.floor(length / step);
  return Array.from({ length: count + 1 }, (_, index) => ({
    x: (index * step) / length,
    label: index ? `+${span((index * step) / SECOND)}` : "0 s",
  }));
}
