// The views of a workflow above its list: graph and time chart, and the panel of the selected step.
// static/js/workflow.js imports this when a view other than the list is shown.

import { labelOf } from "./describe.js";
import * as geometry from "./geometry.js";
import * as graphs from "./graph.js";
import { Panel } from "./panel.js";
import { Picture } from "./picture.js";
import { plainLayout } from "./plain_layout.js";
import { shorten } from "./text_width.js";
import * as times from "./time_chart.js";
import { TimeView } from "./time_view.js";

export { Picture, geometry, graphs, labelOf, plainLayout, shorten, times };

/** @typedef {import("./types").GraphData} GraphData */
/** @typedef {import("./types").StateData} StateData */
/** @typedef {import("./types").Layout} Layout */
/** @typedef {import("./types").LayoutRequest} LayoutRequest */
/** @typedef {import("./types").Step} Step */

const HEADERS = { "X-Requested-With": "fetch" };
const COST_DELAY_MS = 4000;
const RECENT_MS = 10 * 60_000;

/**
 * Show the views of a workflow. Returns a function that shows one of them.
 * @param {HTMLElement} section
 */
export async function start(section) {
  const { graph: url = "", worker = "", sprite = "", name = "" } = section.dataset;
  const part = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (section.querySelector(selector));
  /** @type {GraphData} */
  let data = await fetchJson(url);
  let graph = graphs.buildGraph(stepsOf(data), data.edges);
  const picture = new Picture(part("[data-canvas=graph]"), {
    sprite,
    label: `Steps of ${name}`,
    help: "graph-help",
    layout: layoutIn(worker),
  });
  const timeView = new TimeView(part("[data-canvas=time]"), { sprite, label: `Run times of ${name}` });
  const panel = new Panel(part("[data-panel]"));
  let selected = -1;

  /** @param {number} step */
  const select = (step) => {
    selected = step;
    picture.mark(graph.steps[step]?.id ?? "");
    timeView.mark(step);
    section.toggleAttribute("data-selected", step >= 0);
    remember(graph.steps[step]?.id ?? "");
    if (step >= 0) panel.show(graph.steps[step].url);
  };
  for (const view of [picture, timeView]) {
    view.addEventListener("select", (event) => select(/** @type {CustomEvent<number>} */ (event).detail));
  }
  panel.addEventListener("close", () => {
    const { id } = graph.steps[selected] ?? { id: "" };
    select(-1);
    if (section.dataset.view === "graph") picture.focus(id);
  });

  const show = async () => {
    if (section.dataset.view === "graph") await picture.setGraph(graph, data.statuses);
    if (section.dataset.view === "time") timeView.setGraph(graph, data.statuses);
  };

  const large = graph.steps.length > graphs.COLLAPSE_ABOVE;
  const expand = part("[data-tool=expand]");
  const collapse = part("[data-tool=collapse]");
  expand.hidden = !large;
  picture.addEventListener("expand", () => {
    collapse.hidden = !picture.expanded.size;
    expand.hidden = picture.expanded.size >= graph.layers.length;
  });
  section.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-tool]") : null;
    const action = button?.getAttribute("data-tool");
    if (action === "in") picture.zoom(1.25);
    if (action === "out") picture.zoom(0.8);
    if (action === "fit") picture.fit();
    if (action === "expand") picture.setExpanded(true);
    if (action === "collapse") picture.setExpanded(false);
  });

  let isLoading = false;
  let isStale = false;
  /** Read states again; all of it if the document was edited meanwhile. */
  const refresh = async () => {
    isStale = isLoading;
    if (isLoading) return;
    isLoading = true;
    try {
      /** @type {StateData} */
      const states = await fetchJson(`${url}?part=states`);
      const before = graph.steps[selected];
      if (states.shape === data.shape) {
        data = { ...data, states: states.states, statuses: { ...data.statuses, ...states.statuses } };
        graph = { ...graph, steps: stepsOf(data) };
      } else {
        data = await fetchJson(url);
        graph = graphs.buildGraph(stepsOf(data), data.edges);
        selected = graph.steps.findIndex((step) => step.id === before?.id);
      }
      await show();
      const now = graph.steps[selected];
      if (now && JSON.stringify(now) !== JSON.stringify(before)) panel.show(now.url);
    } catch {
      // the page says by itself that the portal does not answer, and asks again
    } finally {
      isLoading = false;
    }
    if (isStale) await refresh();
    else awaitCosts();
  };

  let costDelay = COST_DELAY_MS;
  /** @type {number | undefined} */
  let costTimer;
  /** The cost of an attempt comes a moment after its end, when the page no longer asks for states. */
  const awaitCosts = () => {
    clearTimeout(costTimer);
    const since = Date.now() - RECENT_MS;
    const lacksCost = graph.steps.some((step) => step.start !== null && (step.end ?? 0) > since && !step.cost);
    if (!lacksCost || graph.steps.some(({ live }) => live)) return;
    costTimer = window.setTimeout(refresh, costDelay);
    costDelay *= 1.5;
  };
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.elt.id === "live" || event.target.id === "live") refresh();
  });

  const wanted = new URLSearchParams(location.search).get("step");
  const opened = graph.steps.findIndex((step) => step.id === wanted);
  await show();
  if (opened >= 0) select(opened);
  awaitCosts();
  return show;
}

/**
 * @param {GraphData} data
 * @returns {Step[]}
 */
export function stepsOf(data) {
  return data.steps.map((step, index) => {
    const [status, sent, accepted, begin, end, cost] = data.states[index];
    return { ...step, status, sent, accepted, start: begin, end, cost, live: data.statuses[status]?.live ?? true };
  });
}

/**
 * A function that lays out a graph in a worker; on the page if no worker starts.
 * @param {string} url
 * @returns {(request: LayoutRequest) => Promise<Layout>}
 */
export function layoutIn(url) {
  /** @type {Worker | null} */
  let worker = null;
  let number = 0;
  /** @type {Map<number, (layout: Layout | null) => void>} */
  const waiting = new Map();
  const finish = (/** @type {number} */ key, /** @type {Layout | null} */ layout) => {
    waiting.get(key)?.(layout);
    waiting.delete(key);
  };
  try {
    worker = new Worker(url);
    worker.onmessage = ({ data: [key, layout] }) => finish(key, layout);
    worker.onerror = (event) => {
      event.preventDefault();
      worker = null;
      for (const key of waiting.keys()) finish(key, null);
    };
  } catch {
    worker = null;
  }
  return async (request) => {
    if (!worker) return plainLayout(request);
    number += 1;
    const layout = await new Promise((/** @type {(layout: Layout | null) => void} */ resolve) => {
      waiting.set(number, resolve);
      worker?.postMessage([number, request]);
    });
    return layout ?? plainLayout(request);
  };
}

/** @param {string} id of the selected step */
function remember(id) {
  const address = new URL(location.href);
  if (id) address.searchParams.set("step", id);
  else address.searchParams.delete("step");
  history.replaceState(history.state, "", address);
}

/** @param {string} url */
async function fetchJson(url) {
  const response = await fetch(url, { headers: HEADERS });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}
