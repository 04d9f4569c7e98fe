// The picture of the steps on the form of a workflow: that of the workflow's page (static/src/workflow), of steps that are
// not sent yet. It comes in a bundle of its own; without it the list is there.

import { find } from "./elements.js";
import { LONG_ABOVE } from "./workflow_list.js";

/** @import { StepFeedback, Workflow } from "./types.js" */

/** @typedef {typeof import("../workflow/main.js")} PictureBundle */
/** @typedef {InstanceType<PictureBundle["Picture"]>} Picture */
/** @typedef {import("../workflow/types").GraphData["edges"]} Edges */

/** @type {Record<string, string>} */
const EDGE_LABELS = { "": "", N_TO_N: "N_TO_N", success: "if it succeeds", failure: "if it fails", always: "when it ends" };

export class StepPicture {
  /** @type {Edges} */
  #edges = [];
  #shape = "";
  /** @type {Parameters<StepPicture["show"]> | null} */
  #wanted = null;
  /** @type {number | undefined} */
  #timer;

  /**
   * @param {HTMLFormElement} form
   * @param {object} options
   * @param {(step: number) => void} options.select
   * @param {(parent: number, step: number) => void} options.connect
   * @param {(parent: number, step: number) => void} options.disconnect
   */
  constructor(form, options) {
    this.form = form;
    this.options = options;
    this.stage = find(form, "[data-step-picture]", HTMLElement);
    this.figures = find(form, "[data-step-figures]", HTMLElement);
    /** @type {PictureBundle | null} */
    this.bundle = null;
    /** @type {Picture | null} */
    this.picture = null;
    void this.#load();
  }

  async #load() {
    const { picture: url = "", worker = "", sprite = "" } = this.form.dataset;
    try {
      /** @type {PictureBundle} */
      const bundle = await import(new URL(url, location.href).href);
      this.bundle = bundle;
      this.picture = new bundle.Picture(find(this.stage, "[data-canvas=graph]", HTMLElement), {
        sprite,
        label: "Steps of the workflow",
        help: "graph-help",
        layout: bundle.layoutIn(worker),
        canEdit: !("fixedSteps" in this.form.dataset),
        smallest: 0.5,
      });
    } catch {
      return; // the list has the same steps
    }
    this.picture.addEventListener("select", (event) => this.options.select(/** @type {CustomEvent<number>} */ (event).detail));
    this.picture.addEventListener("connect", (event) => {
      const [parent, step] = /** @type {CustomEvent<[number, number]>} */ (event).detail;
      this.options.connect(parent, step);
    });
    this.picture.addEventListener("disconnect", (event) => {
      const [parent, step] = /** @type {CustomEvent<[number, number]>} */ (event).detail;
      this.options.disconnect(parent, step);
    });
    this.stage.addEventListener("click", (event) => {
      const tool = event.target instanceof Element ? event.target.closest("[data-tool]")?.getAttribute("data-tool") : "";
      if (tool === "in") this.picture?.zoom(1.25);
      if (tool === "out") this.picture?.zoom(0.8);
      if (tool === "fit") this.picture?.fit();
      if (tool === "expand") void this.picture?.setExpanded(true);
      if (tool === "collapse") void this.picture?.setExpanded(false);
    });
    this.picture.addEventListener("expand", () => this.#showTools());
    if (this.#wanted) this.show(...this.#wanted);
  }

  /**
   * @param {Workflow} workflow
   * @param {StepFeedback[]} feedback
   * @param {number} selected
   */
  show(workflow, feedback, selected) {
    const isLarge = workflow.steps.length > LONG_ABOVE;
    this.#wanted = [workflow, feedback, selected];
    clearTimeout(this.#timer);
    if (isLarge) this.#timer = window.setTimeout(() => this.#draw(workflow, feedback)); // in a task of its own
    else this.#draw(workflow, feedback);
  }

  /**
   * @param {Workflow} workflow
   * @param {StepFeedback[]} feedback
   */
  #draw(workflow, feedback) {
    const { bundle, picture } = this;
    if (!bundle || !picture) return;
    const { steps, waits } = workflow;
    this.stage.hidden = !steps.length;
    /** @type {Edges} */
    const edges = [...new Map(waits.map(({ step, parent, condition }) => [`${parent} ${step}`, /** @type {Edges[number]} */ ([parent, step, EDGE_LABELS[condition]])])).values()];
    this.#showTools();
    const shape = JSON.stringify([steps.length, edges]);
    if (shape !== this.#shape) [this.#shape, this.#edges] = [shape, edges]; // the same edges keep their layout
    const graph = bundle.graphs.buildGraph(
      steps.map(({ name, size }, index) => ({
        id: `step-${index}`,
        name: name || `Step ${index + 1}`,
        url: "",
        size,
        sequential: false,
        status: `step-${index}`,
        live: false,
        sent: false,
        accepted: 0,
        start: null,
        end: null,
        cost: feedback[index]?.cost ?? "",
      })),
      this.#edges,
    );
    const statuses = Object.fromEntries(steps.map((step, index) => [`step-${index}`, statusOf(step, feedback[index])]));
    const widest = Math.max(0, ...graph.layers.map((layer) => layer.length));
    const count = steps.length.toLocaleString("en");
    this.figures.textContent = steps.length
      ? `${count} ${steps.length === 1 ? "step" : "steps"}, longest path ${graph.layers.length}, up to ${widest.toLocaleString("en")} at the same time`
      : "";
    void picture.setGraph(graph, statuses).then(() => {
      this.#showTools();
      const step = this.#wanted?.[2] ?? -1; // another step may be selected by now
      picture.mark(step < 0 ? "" : `step-${step}`);
    });
  }

  /** Offer to show each step, and large layers as one node each, where there are any. */
  #showTools() {
    const { graph, expanded } = this.picture ?? {};
    const isLarge = graph && graph.steps.length > LONG_ABOVE;
    find(this.stage, "[data-tool=expand]", HTMLElement).hidden = !isLarge || (expanded?.size ?? 0) >= graph.layers.length;
    find(this.stage, "[data-tool=collapse]", HTMLElement).hidden = !isLarge || !expanded?.size;
  }
}

/**
 * How a step looks: its problems, or what it runs.
 * @param {Workflow["steps"][number]} step
 * @param {StepFeedback | undefined} feedback
 */
function statusOf({ definition }, feedback) {
  const { errors = 0, warnings = 0 } = feedback ?? {};
  if (errors) return { label: `${errors} ${errors === 1 ? "error" : "errors"}`, group: "with errors", icon: "circle-x", tone: "bad", live: false };
  if (warnings) return { label: `${warnings} ${warnings === 1 ? "warning" : "warnings"}`, group: "with warnings", icon: "alert-triangle", tone: "warn", live: false };
  const label = definition || "No definition";
  return { label, group: label, icon: "template", tone: "off", live: false };
}
