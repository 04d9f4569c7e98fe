// What the picture says of a node, to those who see it and to those who hear it. Pure.

import { countStatuses } from "./graph.js";
import { span } from "../../js/duration.js";

/** @typedef {import("./types").Graph} Graph */
/** @typedef {import("./types").Status} Status */
/** @typedef {import("./types").Step} Step */
/** @typedef {import("./types").ViewNode} ViewNode */
/** @typedef {Record<string, Status>} Statuses */

/** Worst first: the look of a collapsed layer. */
const TONES = ["bad", "warn", "go", "wait", "off", "good"];
/** @type {Status} */
const UNKNOWN = { label: "Unknown", icon: "help", tone: "wait", live: true };

/**
 * @param {Statuses} statuses
 * @param {string} name
 */
export const statusOf = (statuses, name) => statuses[name] ?? { ...UNKNOWN, label: name };

/**
 * The duration of a step: "" before its start.
 * @param {Step} step
 * @param {number} now
 */
export function durationOf(step, now) {
  if (step.start === null || (step.end === null && !step.live)) return "";
  return span(((step.end ?? now) - step.start) / 1000);
}

/**
 * @param {Graph} graph
 * @param {ViewNode} node
 * @param {Statuses} statuses
 */
export function lookOf(graph, node, statuses) {
  const present = countStatuses(graph, node).map(([name]) => statusOf(statuses, name));
  return present.reduce((worst, status) => (rank(status) < rank(worst) ? status : worst), present[0]);
}

const rank = (/** @type {Status} */ status) => TONES.indexOf(status.tone);

/**
 * @param {Graph} graph
 * @param {ViewNode} node
 */
export function titleOf(graph, node) {
  if (node.isLayer) return `Layer ${node.layer + 1}: ${node.steps.length.toLocaleString("en")} steps`;
  const { name, size } = graph.steps[node.steps[0]];
  return size ? `${name} ×${size.toLocaleString("en")}` : name;
}

/**
 * The counts of a collapsed layer: "3 failed, 20 running".
 * @param {Graph} graph
 * @param {ViewNode} node
 * @param {Statuses} statuses
 */
export function countsOf(graph, node, statuses) {
  const present = countStatuses(graph, node).map(([name, count]) => ({ count, status: statusOf(statuses, name) }));
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { count, status } of present.sort((a, b) => rank(a.status) - rank(b.status))) {
    const words = status.group ?? status.label.toLowerCase();
    counts.set(words, (counts.get(words) ?? 0) + count);
  }
  return [...counts].map(([words, count]) => `${count.toLocaleString("en")} ${words}`).join(", ");
}

/**
 * The accessible name of a node.
 * @param {Graph} graph
 * @param {ViewNode} node
 * @param {Statuses} statuses
 * @param {number} now
 */
export function labelOf(graph, node, statuses, now) {
  if (node.isLayer) return `${titleOf(graph, node)}. ${countsOf(graph, node, statuses)}. Press Enter to expand.`;
  const index = node.steps[0];
  const step = graph.steps[index];
  const names = graph.parents[index].map((parent) => graph.steps[parent].name);
  const after = names.length > 3 ? `${names.length} jobs` : names.join(", ");
  const facts = [
    statusOf(statuses, step.status).label,
    step.size ? `array of ${step.size}${step.sequential ? ", one child job after the other" : ""}` : "",
    step.sent ? "" : "not sent",
    durationOf(step, now),
    step.cost,
    after && `after ${after}`,
  ];
  return `${step.name}: ${facts.filter(Boolean).join(", ")}`;
}
