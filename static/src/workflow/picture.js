// The picture of a graph: a component that takes a graph, and says by events which step a person selects. It draws only
// what is in view. Moving by mouse, touch and keyboard is in gestures.js.

import { countsOf, durationOf, labelOf, lookOf, statusOf, titleOf } from "./describe.js";
import { NODE_HEIGHT, NODE_WIDTH, arrowPath, around, contains, crosses, edgePath, fit, neighbour, nodesIn } from "./geometry.js";
import { criticalPath, viewOf } from "./graph.js";
import { EdgeCuts } from "./edge_cuts.js";
import { bindGestures } from "./gestures.js";
import { setAttributes, svg } from "./svg.js";
import { measureIn, shorten } from "./text_width.js";

/** @typedef {import("./types").Graph} Graph */
/** @typedef {import("./types").GraphView} GraphView */
/** @typedef {import("./types").Layout} Layout */
/** @typedef {import("./types").LayoutRequest} LayoutRequest */
/** @typedef {import("./types").ViewNode} ViewNode */
/** @typedef {Record<string, import("./types").Status>} Statuses */

const MIN_SCALE = 0.3;
const MAX_SCALE = 2;
const EDGE_CLASSES = ["plain", "unsent", "near", "critical"];
const ARROWS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"];
const AROUND = 0.3; // of the canvas: what is drawn around it, so that moving it seldom draws
const NODES_PER_FRAME = 25;
const READABLE_SCALE = 0.7; // at which a graph opens, if it does not fit
const TEXT_WIDTH = NODE_WIDTH - 36 - 10;
const COLUMN_GAP = 56;
const LABEL_GAP = 84; // with a label on an edge

export class Picture extends EventTarget {
  /**
   * @param {HTMLElement} canvas that it fills
   * @param {{ sprite: string, label: string, help: string, layout: (request: LayoutRequest) => Promise<Layout>, canEdit?: boolean, smallest?: number }} options
   *   `canEdit`: people can draw edges and remove them
   */
  constructor(canvas, options) {
    super();
    this.options = options;
    this.smallest = options.smallest ?? READABLE_SCALE;
    this.canvas = canvas;
    /** @type {Graph | null} */
    this.graph = null;
    /** @type {Statuses} */
    this.statuses = {};
    /** @type {GraphView} */
    this.view = { nodes: [], nodeOf: [], edges: [] };
    /** @type {Layout} */
    this.layout = { width: 0, height: 0, nodes: [], edges: [] };
    this.pending = 0; // layouts on their way
    /** @type {Set<number>} */
    this.expanded = new Set();
    /** @type {Map<string, SVGGElement>} */
    this.elements = new Map();
    this.critical = new Set();
    /** @type {Map<string, number>} of nodes by their keys */
    this.numbers = new Map();
    this.position = { scale: 1, x: 0, y: 0 };
    this.isMoved = false; // by a person: then it is not fitted again
    this.size = { width: 0, height: 0 }; // of the canvas; read once, because reading it lays out the page
    /** @type {import("./types").Box | null} what is drawn */
    this.region = null;
    this.current = "";
    this.selected = "";
    this.wanted = ""; // the step that is selected, also in a collapsed layer
    this.frame = 0;
    this.run = 0;
    this.measureName = measureIn(canvas, "600 13px");
    this.measureFacts = measureIn(canvas, "12px");
    this.root = svg("svg", { class: "wf-svg", role: "group", "aria-label": options.label, "aria-describedby": options.help });
    this.scene = svg("g");
    this.edgeLayer = svg("g", { "aria-hidden": "true" });
    this.paths = EDGE_CLASSES.map((name) => {
      const pair = [svg("path", { class: `wf-edge wf-edge-${name}` }), svg("path", { class: `wf-arrow wf-arrow-${name}` })];
      this.edgeLayer.append(...pair);
      return pair;
    });
    this.drawn = svg("path", { class: "wf-edge wf-edge-drawn" });
    this.edgeLayer.append(this.drawn);
    this.labels = svg("g", { "aria-hidden": "true" });
    this.nodeLayer = svg("g");
    this.cuts = new EdgeCuts(this);
    this.scene.append(this.edgeLayer, this.nodeLayer, this.labels, this.cuts.layer);
    this.root.append(this.scene);
    canvas.replaceChildren(this.root);
    bindGestures(this);
    this.root.addEventListener("keydown", (event) => this.onKey(event));
    this.root.addEventListener("focusin", (event) => this.onFocus(event));
    new ResizeObserver(() => {
      this.measure();
      if (!this.isMoved && this.graph && this.size.width) this.fit(this.smallest);
      const node = this.nodeByKey(this.selected); // stays in view beside the panel
      if (node >= 0 && this.size.width) this.reveal(node);
      this.draw();
    }).observe(canvas);
  }

  /**
   * Show another graph, or the same with other states: that keeps the layout.
   * @param {Graph} graph
   * @param {Statuses} statuses
   */
  async setGraph(graph, statuses) {
    const isNew = !this.graph || this.graph.edges !== graph.edges;
    if (!isNew) {
      this.graph = graph;
      this.statuses = statuses;
      this.restate();
      return;
    }
    this.expanded.clear();
    this.pending += 1;
    this.canvas.setAttribute("aria-busy", "true"); // until it is drawn
    try {
      await this.arrange(graph, statuses);
    } finally {
      this.pending -= 1;
    }
    this.grow();
    this.fit(this.smallest);
  }

  /** Lay out what is shown. A graph takes the place of the one before when its layout is there. */
  async arrange(graph = this.graph, statuses = this.statuses) {
    if (!graph) return;
    this.run += 1;
    const { run } = this;
    const view = viewOf(graph, this.expanded);
    const layout = await this.options.layout({
      layers: view.nodes.map((node) => node.layer),
      edges: view.edges.map(({ from, to }) => [from, to]),
      nodeWidth: NODE_WIDTH,
      nodeHeight: NODE_HEIGHT,
      columnGap: view.edges.some((edge) => edge.type) ? LABEL_GAP : COLUMN_GAP,
    });
    if (run !== this.run) return; // another arrangement has been asked for meanwhile
    this.graph = graph;
    this.statuses = statuses;
    this.view = view;
    this.layout = layout;
    this.region = null;
    this.numbers = new Map(view.nodes.map((node, number) => [node.key, number]));
    this.selected = this.keyInView(this.wanted);
    const hasFocus = this.root.contains(document.activeElement);
    for (const element of this.elements.values()) element.remove();
    this.elements.clear();
    if (!view.nodes.some((node) => node.key === this.current)) this.current = view.nodes[0]?.key ?? "";
    this.restate();
    if (hasFocus) this.focus(this.current);
  }

  /** Show states that have changed, at the same places. */
  restate() {
    if (!this.graph) return;
    const path = criticalPath(this.graph, Date.now());
    this.critical = new Set(path.slice(1).map((step, index) => `${path[index]} ${step}`));
    this.onPath = new Set(path);
    for (const [key, element] of this.elements) this.fill(element, this.nodeByKey(key));
    this.redraw();
  }

  /**
   * The key of a step's node: of its layer if that is collapsed.
   * @param {string} id
   */
  keyInView(id) {
    if (!id || this.numbers.has(id)) return id;
    const step = this.graph?.steps.findIndex((other) => other.id === id) ?? -1;
    return this.view.nodes[this.view.nodeOf[step]]?.key ?? "";
  }

  /** @param {string} key */
  nodeByKey(key) {
    return this.numbers.get(key) ?? -1;
  }

  /** The height of the canvas follows a small graph, which is as wide as the canvas at most. */
  grow() {
    const most = Math.max(280, window.innerHeight * 0.5);
    const width = this.size.width || this.canvas.clientWidth;
    const { scale } = fit(this.layout, { width, height: most }, this.smallest);
    this.canvas.style.height = `${Math.min(most, Math.max(200, this.layout.height * scale + 96))}px`;
    this.measure();
  }

  measure() {
    this.size = { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
  }

  fit(smallest = MIN_SCALE) {
    this.position = fit(this.layout, this.size, smallest);
    this.isMoved = false;
    this.draw();
  }

  /**
   * @param {number} factor
   * @param {{ x: number, y: number }} [point] in the canvas, which stays in place
   */
  zoom(factor, point) {
    const { width, height } = this.size;
    const { x, y } = point ?? { x: width / 2, y: height / 2 };
    const scale = Math.min(MAX_SCALE, Math.max(MIN_SCALE, this.position.scale * factor));
    const ratio = scale / this.position.scale;
    this.isMoved = true;
    this.position = { scale, x: x - (x - this.position.x) * ratio, y: y - (y - this.position.y) * ratio };
    this.draw();
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  pan(dx, dy) {
    this.isMoved = true;
    this.position = { ...this.position, x: this.position.x + dx, y: this.position.y + dy };
    this.draw();
  }

  /** Draw in the next frame. */
  draw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.render();
      if (!this.pending) this.canvas.removeAttribute("aria-busy");
    });
  }

  render() {
    const { width, height } = this.size;
    if (!width || !this.graph) return;
    this.keepInSight(width, height);
    const { scale, x, y } = this.position;
    setAttributes(this.scene, { transform: `translate(${x} ${y}) scale(${scale})` });
    const box = { x: -x / scale, y: -y / scale, width: width / scale, height: height / scale };
    if (this.region && contains(this.region, box)) return;
    const region = around(box, AROUND);
    const inRegion = nodesIn(this.layout, region).map((node) => this.view.nodes[node].key);
    const wanted = new Set(this.current ? [this.current, ...inRegion] : inRegion); // the current one may get the focus
    for (const [key, element] of this.elements) {
      if (wanted.has(key)) continue;
      element.remove();
      this.elements.delete(key);
    }
    const missing = [...wanted].filter((key) => !this.elements.has(key));
    for (const key of missing.slice(0, NODES_PER_FRAME)) this.add(key);
    if (missing.length > NODES_PER_FRAME) {
      this.draw(); // the others in the next frames, so that none takes long
      return;
    }
    this.renderEdges(region);
    this.region = region;
  }

  /** Draw again what is in view: something else than the place has changed. */
  redraw() {
    this.region = null;
    this.draw();
  }

  /**
   * A part of the picture stays in the canvas.
   * @param {number} width
   * @param {number} height
   */
  keepInSight(width, height) {
    const { scale } = this.position;
    const margin = 60;
    this.position.x = Math.min(width - margin, Math.max(margin - this.layout.width * scale, this.position.x));
    this.position.y = Math.min(height - margin, Math.max(margin - this.layout.height * scale, this.position.y));
  }

  /** @param {import("./types").Box} box */
  renderEdges(box) {
    const lines = EDGE_CLASSES.map(() => ["", ""]);
    const labels = /** @type {SVGTextElement[]} */ ([]);
    const near = this.nodeByKey(this.selected || this.current);
    this.view.edges.forEach((edge, index) => {
      const points = this.layout.edges[index];
      if (!crosses(points, box)) return;
      const kind = EDGE_CLASSES.indexOf(this.edgeClass(edge, near));
      lines[kind][0] += edgePath(points);
      lines[kind][1] += arrowPath(points);
      if (!edge.type) return;
      const { x, y } = points[Math.floor((points.length - 1) / 2)];
      const next = points[Math.floor((points.length - 1) / 2) + 1] ?? { x, y };
      labels.push(svg("text", { class: "wf-edge-label", x: (x + next.x) / 2, y: (y + next.y) / 2 - 4 }, edge.type));
    });
    this.paths.forEach(([line, arrows], kind) => {
      setAttributes(line, { d: lines[kind][0] });
      setAttributes(arrows, { d: lines[kind][1] });
    });
    this.labels.replaceChildren(...labels);
    this.cuts.show();
  }

  /**
   * @param {import("./types").ViewEdge} edge
   * @param {number} near
   */
  edgeClass(edge, near) {
    if (edge.pairs.some(([from, to]) => this.critical.has(`${from} ${to}`))) return "critical";
    if (this.selected && (edge.from === near || edge.to === near)) return "near";
    return this.graph && edge.pairs.every(([, to]) => !this.graph?.steps[to].sent) ? "unsent" : "plain";
  }

  /** @param {string} key */
  add(key) {
    const node = this.nodeByKey(key);
    const { x, y } = this.layout.nodes[node];
    const element = svg(
      "g",
      { role: "button", "data-key": key, tabindex: key === this.current ? 0 : -1, transform: `translate(${x} ${y})` },
      svg("title"),
      ...(this.view.nodes[node].isLayer ? [svg("rect", { class: "wf-behind", x: 5, y: 5, width: NODE_WIDTH, height: NODE_HEIGHT, rx: 10 })] : []),
      svg("rect", { class: "wf-box", width: NODE_WIDTH, height: NODE_HEIGHT, rx: 10 }),
      svg("use", { class: "wf-icon", x: 12, y: 11, width: 17, height: 17 }),
      svg("text", { class: "wf-name", x: 36, y: 24 }),
      svg("text", { class: "wf-facts", x: 36, y: 43 }),
    );
    if (this.options.canEdit && !this.view.nodes[node].isLayer) {
      element.append(svg("circle", { class: "wf-port", cx: NODE_WIDTH, cy: NODE_HEIGHT / 2, r: 7 }));
    }
    this.elements.set(key, element);
    this.nodeLayer.append(element);
    this.fill(element, node);
  }

  /**
   * @param {SVGGElement} element
   * @param {number} number
   */
  fill(element, number) {
    const { graph, statuses } = this;
    const node = this.view.nodes[number];
    if (!graph || !node) return;
    const look = lookOf(graph, node, statuses);
    const steps = node.steps.map((step) => graph.steps[step]);
    const [title, , ...rest] = [...element.children];
    const icon = element.querySelector("use");
    const [name, facts] = rest.filter((child) => child instanceof SVGTextElement);
    const classes = [
      "wf-node",
      `wf-${look.tone}`,
      node.isLayer ? "wf-layer" : "",
      steps.every((step) => !step.sent) ? "wf-unsent" : "",
      node.steps.some((step) => this.onPath?.has(step)) ? "wf-critical" : "",
      node.key === this.selected ? "wf-selected" : "",
    ];
    setAttributes(element, {
      class: classes.filter(Boolean).join(" "),
      "aria-label": labelOf(graph, node, statuses, Date.now()),
      ...(node.isLayer ? { "aria-expanded": "false" } : { "aria-pressed": String(node.key === this.selected) }),
    });
    title.textContent = titleOf(graph, node);
    if (icon) setAttributes(icon, { href: `${this.options.sprite}#${node.isLayer ? "stack-2" : look.icon}` });
    name.textContent = shorten(titleOf(graph, node), TEXT_WIDTH, this.measureName);
    if (node.isLayer) {
      facts.textContent = shorten(countsOf(graph, node, statuses), TEXT_WIDTH, this.measureFacts);
      return;
    }
    const [step] = steps;
    const duration = svg("tspan", {}, durationOf(step, Date.now()));
    if (step.live && step.start !== null) setAttributes(duration, { "data-since": new Date(step.start).toISOString() });
    const parts = [statusOf(statuses, step.status).label, step.sequential ? "sequential" : "", duration.textContent ? duration : "", step.cost].filter(Boolean);
    facts.replaceChildren(...parts.flatMap((part, index) => (index ? [" · ", part] : [part])));
  }

  /**
   * Mark a step as selected, without an event, or the collapsed layer that it is in. "": none.
   * @param {string} key
   */
  mark(key) {
    const isOther = key !== this.wanted;
    this.wanted = key;
    this.selected = this.keyInView(key);
    const node = this.nodeByKey(this.selected);
    if (isOther && node >= 0) this.reveal(node);
    for (const [each, element] of this.elements) this.fill(element, this.nodeByKey(each));
    this.redraw();
  }

  /**
   * Act on a node: select its step, or expand its layer.
   * @param {string} key
   */
  async activate(key) {
    const node = this.view.nodes[this.nodeByKey(key)];
    if (!node) return;
    if (!node.isLayer) {
      this.mark(key);
      this.dispatchEvent(new CustomEvent("select", { detail: node.steps[0] }));
      return;
    }
    this.expanded.add(node.layer);
    await this.arrange();
    this.grow();
    this.dispatchEvent(new CustomEvent("expand"));
    const first = this.view.nodes.find((other) => other.layer === node.layer);
    if (first) this.focus(first.key);
  }

  /**
   * Show the edge that is being drawn from a node to a point in the canvas; without a point none.
   * @param {string} key
   * @param {{ x: number, y: number }} [point]
   */
  showDrawn(key, point) {
    const node = this.layout.nodes[this.nodeByKey(key)];
    const { scale, x, y } = this.position;
    const start = node && { x: node.x + NODE_WIDTH, y: node.y + NODE_HEIGHT / 2 };
    setAttributes(this.drawn, { d: start && point ? edgePath([start, { x: (point.x - x) / scale, y: (point.y - y) / scale }]) : "" });
  }

  /**
   * Say that a person drew an edge between the steps of two nodes.
   * @param {string} from
   * @param {string} to
   */
  connect(from, to) {
    const nodes = [from, to].map((key) => this.view.nodes[this.nodeByKey(key)]);
    if (from === to || nodes.some((node) => !node || node.isLayer)) return;
    this.dispatchEvent(new CustomEvent("connect", { detail: nodes.map((node) => node.steps[0]) }));
  }

  /**
   * Say that a person removed an edge.
   * @param {number} number of the edge
   */
  disconnect(number) {
    const edge = this.view.edges[number];
    if (edge) this.dispatchEvent(new CustomEvent("disconnect", { detail: edge.pairs[0] }));
  }

  /** @param {boolean} all whether to show every step, or large layers as one node each */
  async setExpanded(all) {
    if (!this.graph) return;
    this.expanded = new Set(all ? this.graph.layers.keys() : []);
    await this.arrange();
    this.grow();
    this.fit(this.smallest);
    this.dispatchEvent(new CustomEvent("expand"));
  }

  /**
   * Move the focus to a node, and the node into view.
   * @param {string} key
   */
  focus(key) {
    const node = this.nodeByKey(key);
    if (node < 0) return;
    this.current = key;
    this.reveal(node);
    if (!this.elements.has(key)) this.add(key);
    this.draw();
    this.elements.get(key)?.focus({ preventScroll: true });
  }

  /** @param {number} node */
  reveal(node) {
    const { width, height } = this.size;
    const { scale, x, y } = this.position;
    const place = this.layout.nodes[node];
    const margin = 16;
    const shift = (/** @type {number} */ start, /** @type {number} */ size, /** @type {number} */ room) => {
      if (start < margin) return margin - start;
      return start + size > room - margin ? Math.max(margin - start, room - margin - start - size) : 0;
    };
    this.position.x += shift(x + place.x * scale, NODE_WIDTH * scale, width);
    this.position.y += shift(y + place.y * scale, NODE_HEIGHT * scale, height);
  }

  /** @param {FocusEvent} event */
  onFocus(event) {
    const element = event.target instanceof Element ? event.target.closest("[data-key]") : null;
    const key = element?.getAttribute("data-key");
    if (!key) return;
    this.current = key;
    for (const [each, other] of this.elements) setAttributes(other, { tabindex: each === key ? 0 : -1 });
    this.reveal(this.nodeByKey(key));
    this.cuts.show();
    this.draw();
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || this.cuts.onKey(event)) return;
    const node = this.nodeByKey(this.current);
    const { key } = event;
    if (ARROWS.includes(key) && event.shiftKey) this.pan(...panOf(key));
    else if (ARROWS.includes(key)) this.focus(this.view.nodes[neighbour(this.view, this.layout, node, key)]?.key ?? "");
    else if (key === "Home") this.focus(this.view.nodes[0]?.key);
    else if (key === "End") this.focus(this.view.nodes[this.view.nodes.length - 1]?.key);
    else if (key === "Enter" || key === " ") this.activate(this.current);
    else if (key === "+" || key === "=") this.zoom(1.25);
    else if (key === "-") this.zoom(0.8);
    else if (key === "0") this.fit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/**
 * @param {string} key
 * @returns {[number, number]}
 */
function panOf(key) {
  const distance = 60;
  if (key === "ArrowLeft") return [distance, 0];
  if (key === "ArrowRight") return [-distance, 0];
  return key === "ArrowUp" ? [0, distance] : [0, -distance];
}
