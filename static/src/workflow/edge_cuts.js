// The buttons that remove edges, where a picture can be edited: one on the edge under the mouse, and one on each edge to
// the step that has the focus or is selected, which Tab reaches from the step.

import { edgeAt, edgePath, middleOf } from "./geometry.js";
import { setAttributes, svg } from "./svg.js";

/** @typedef {import("./picture.js").Picture} Picture */
/** @typedef {import("./types").Point} Point */

const REACH = 9; // px around an edge that are the edge
const RADIUS = 10;
const MAX_BUTTONS = 40; // a step with more parents has its list

export class EdgeCuts {
  /** @param {Picture} picture */
  constructor(picture) {
    this.picture = picture;
    this.layer = svg("g");
    this.line = svg("path", { class: "wf-edge wf-edge-pointed", "aria-hidden": "true" });
    this.buttons = svg("g");
    this.layer.append(this.line, this.buttons);
    this.pointed = -1; // the edge under the mouse
    this.shown = "";
  }

  /** Show the buttons of the edges that are meant now. */
  show() {
    const { options, view, layout, graph } = this.picture;
    if (!options.canEdit || !graph) return;
    if (this.pointed >= 0 && !this.canCut(this.pointed)) this.pointed = -1;
    setAttributes(this.line, { d: this.pointed < 0 ? "" : edgePath(layout.edges[this.pointed]) });
    const step = this.picture.nodeByKey(this.picture.current);
    const own = view.edges.flatMap((edge, number) => (edge.to === step && this.canCut(number) ? [number] : []));
    const wanted = new Map(own.slice(0, MAX_BUTTONS).map((number) => [number, 0])); // with their tabindex
    if (this.pointed >= 0 && !wanted.has(this.pointed)) wanted.set(this.pointed, -1);
    const isSelected = this.picture.current === this.picture.selected;
    const buttons = [...wanted].map(([number, tabindex]) => {
      const { x, y } = middleOf(layout.edges[number]);
      const isShown = number === this.pointed || (isSelected && tabindex === 0);
      return { number, tabindex, x, y, isShown, label: this.labelOf(number) };
    });
    const shown = JSON.stringify(buttons);
    if (shown === this.shown) return;
    this.shown = shown;
    const focused = this.numberOf(document.activeElement);
    this.buttons.replaceChildren(
      ...buttons.map(({ number, tabindex, x, y, isShown, label }) =>
        svg(
          "g",
          { class: isShown ? "wf-cut is-shown" : "wf-cut", role: "button", "data-edge": number, tabindex, "aria-label": label, transform: `translate(${x} ${y})` },
          svg("title", {}, label),
          svg("circle", { r: RADIUS }),
          svg("path", { d: "M-3.5 -3.5l7 7m0 -7l-7 7" }),
        ),
      ),
    );
    if (focused >= 0) this.buttonOf(focused)?.focus({ preventScroll: true });
  }

  /**
   * An edge can be cut if both ends are steps.
   * @param {number} number
   */
  canCut(number) {
    const { view, layout } = this.picture;
    const edge = view.edges[number];
    return Boolean(edge && layout.edges[number] && !view.nodes[edge.from].isLayer && !view.nodes[edge.to].isLayer);
  }

  /** @param {number} number */
  labelOf(number) {
    const { view, graph } = this.picture;
    const [from, to] = view.edges[number].pairs[0];
    return `Remove dependency of ${graph?.steps[to].name} on ${graph?.steps[from].name}`;
  }

  /** @param {Element | null} element */
  numberOf(element) {
    return Number(element?.closest("[data-edge]")?.getAttribute("data-edge") ?? -1);
  }

  /**
   * @param {number} number
   * @returns {SVGGElement | null}
   */
  buttonOf(number) {
    return this.buttons.querySelector(`[data-edge="${number}"]`);
  }

  /** @param {Point | null} point in the canvas */
  onHover(point) {
    if (!this.picture.options.canEdit) return;
    const pointed = point ? this.edgeAt(point) : -1;
    if (pointed === this.pointed) return;
    this.pointed = pointed;
    this.show();
  }

  /** @param {Point} point in the canvas */
  edgeAt(point) {
    const { layout, position, view } = this.picture;
    const { scale, x, y } = position;
    const place = { x: (point.x - x) / scale, y: (point.y - y) / scale };
    if (this.pointed >= 0 && layout.edges[this.pointed]) {
      const at = middleOf(layout.edges[this.pointed]); // the button is larger than the edge
      if (Math.hypot(at.x - place.x, at.y - place.y) <= RADIUS + 2) return this.pointed;
    }
    const number = edgeAt(layout.edges, place, REACH / scale);
    return number >= 0 && number < view.edges.length && this.canCut(number) ? number : -1;
  }

  /**
   * Cut the edge whose button was clicked. A click on an edge itself shows its button, for those without a mouse.
   * @param {MouseEvent} event
   * @param {Point} point in the canvas
   */
  onClick(event, point) {
    if (!this.picture.options.canEdit || !(event.target instanceof Element)) return false;
    const number = this.numberOf(event.target);
    if (number >= 0) this.cut(number);
    else if (!event.target.closest("[data-key]")) this.onHover(point);
    return number >= 0;
  }

  /** @param {KeyboardEvent} event */
  onKey(event) {
    const number = this.numberOf(event.target instanceof Element ? event.target : null);
    if (number < 0 || !["Enter", " ", "Delete", "Backspace"].includes(event.key)) return false;
    event.preventDefault();
    event.stopPropagation();
    this.cut(number);
    this.picture.focus(this.picture.current);
    return true;
  }

  /** @param {number} number */
  cut(number) {
    this.pointed = -1;
    this.picture.disconnect(number);
  }
}
