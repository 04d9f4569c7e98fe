// Rows of a long list of which the page has only those around the window.

import { anchorAt, isScaled, moveBy, rowsAround, scrollTopOf, spaceHeight } from "./scroll.js";

/** @typedef {import("./types").Anchor} Anchor */
/** @typedef {import("./types").Measures} Measures */

const SETTLE_MS = 120;

export class VirtualRows extends EventTarget {
  /**
   * @param {HTMLElement} pane scrolls
   * @param {HTMLElement} space as high as the list
   * @param {(indexes: number[]) => HTMLElement[]} build makes rows
   */
  constructor(pane, space, build) {
    super();
    this.pane = pane;
    this.space = space;
    this.build = build;
    this.rows = document.createElement("div");
    this.rows.className = "log-rows";
    space.append(this.rows);
    /** @type {Map<number, HTMLElement>} */
    this.elements = new Map();
    this.count = 0;
    /** @type {Anchor} */
    this.anchor = { index: 0, offset: 0 };
    this.isAtEnd = true;
    this.wraps = false;
    this.leastHeight = 20;
    this.rowHeight = 20;
    this.scrollTop = 0;
    this.settling = 0;
    pane.addEventListener("scroll", () => this.follow());
    new ResizeObserver(() => this.resize()).observe(pane);
  }

  /** @returns {Measures} */
  get measures() {
    return { count: this.count, rowHeight: this.rowHeight, windowHeight: this.pane.clientHeight };
  }

  /**
   * Show a list of another length, or other rows: `keep` are those that stay as they are.
   * @param {number} count
   * @param {(index: number) => boolean} [keep]
   */
  setCount(count, keep = () => false) {
    this.count = count;
    for (const [index, element] of this.elements) {
      if (index < count && keep(index)) continue;
      element.remove();
      this.elements.delete(index);
    }
    if (this.isAtEnd) this.toEnd();
    else this.render(true);
  }

  /** @param {number[]} indexes rows to build again */
  renew(indexes) {
    const stale = indexes.filter((index) => this.elements.has(index));
    this.build(stale).forEach((element, position) => {
      this.elements.get(stale[position])?.replaceWith(element);
      this.elements.set(stale[position], element);
    });
    if (stale.length) this.place();
  }

  /** @param {boolean} wraps */
  setWrap(wraps) {
    this.wraps = wraps;
    this.rowHeight = this.leastHeight;
    this.space.style.minWidth = "";
    this.setCount(this.count, () => true);
  }

  toEnd() {
    this.anchor = { index: Math.max(0, this.count - Math.ceil(this.pane.clientHeight / this.leastHeight)), offset: 0 };
    this.isAtEnd = true;
    this.render(true);
  }

  /** @param {number} index goes to the middle of the window */
  show(index) {
    const above = Math.floor(this.pane.clientHeight / this.rowHeight / 2);
    this.anchor = { index: Math.max(0, index - above), offset: 0 };
    this.isAtEnd = false;
    this.render(true);
  }

  /** @param {number} index */
  isVisible(index) {
    const element = this.elements.get(index);
    if (!element) return false;
    const [row, pane] = [element.getBoundingClientRect(), this.pane.getBoundingClientRect()];
    return row.top >= pane.top && row.bottom <= pane.bottom;
  }

  follow() {
    const { scrollTop } = this.pane;
    const moved = scrollTop - this.scrollTop;
    if (Math.abs(moved) < 1) return;
    this.scrollTop = scrollTop;
    this.isAtEnd = false;
    const { measures } = this;
    const isExact = !this.wraps && !isScaled(measures);
    const isJump = Math.abs(moved) > measures.windowHeight * 1.5;
    if (isExact || isJump) this.anchor = anchorAt(scrollTop, measures);
    else this.anchor = moveBy(this.anchor, moved, this.count, (index) => this.heightOf(index));
    this.render(false);
  }

  resize() {
    if (this.isAtEnd) this.toEnd();
    else this.render(true);
  }

  /** @param {number} index */
  heightOf(index) {
    return this.elements.get(index)?.offsetHeight || this.rowHeight;
  }

  /** @param {boolean} settle whether the scroll bar moves at once */
  render(settle) {
    this.anchor.index = Math.min(this.anchor.index, Math.max(0, this.count - 1));
    this.fill();
    this.measure();
    this.keepFull();
    this.space.style.height = `${spaceHeight(this.measures)}px`;
    const isEdge = this.pane.scrollTop <= 0 || this.pane.scrollTop >= this.pane.scrollHeight - this.pane.clientHeight - 1;
    if (settle || isEdge) this.settle();
    else this.settleLater();
    this.place();
    this.dispatchEvent(new Event("move"));
  }

  /** Have the rows around the window in the page, and no others. */
  fill() {
    const [start, end] = rowsAround(this.anchor, this.measures, this.leastHeight);
    for (const [index, element] of this.elements) {
      if (index >= start && index < end) continue;
      element.remove();
      this.elements.delete(index);
    }
    /** @type {number[]} */
    const missing = [];
    for (let index = start; index < end; index += 1) if (!this.elements.has(index)) missing.push(index);
    this.build(missing).forEach((element, position) => this.elements.set(missing[position], element));
    let place = this.rows.firstElementChild;
    for (let index = start; index < end; index += 1) {
      const element = /** @type {HTMLElement} */ (this.elements.get(index));
      if (element === place) place = place.nextElementSibling;
      else this.rows.insertBefore(element, place);
    }
  }

  measure() {
    const height = this.rows.offsetHeight;
    if (!height) return;
    if (this.wraps) this.rowHeight = Math.max(this.leastHeight, height / this.elements.size);
    else this.rowHeight = this.leastHeight = height / this.elements.size;
    if (!this.wraps && this.rows.scrollWidth > this.space.clientWidth) this.space.style.minWidth = `${this.rows.scrollWidth}px`;
  }

  /** Leave no room below the last row, and know whether the window is at the end. */
  keepFull() {
    const last = this.elements.get(this.count - 1);
    const top = this.elements.get(this.anchor.index)?.offsetTop ?? 0;
    const below = last ? last.offsetTop + last.offsetHeight - top - this.anchor.offset - this.pane.clientHeight : Infinity;
    if (below < 0 || (this.isAtEnd && last)) {
      this.anchor = moveBy(this.anchor, below, this.count, (index) => this.heightOf(index));
      this.fill();
    }
    this.isAtEnd ||= below <= 2;
  }

  settleLater() {
    clearTimeout(this.settling);
    this.settling = window.setTimeout(() => {
      this.settle();
      this.place();
    }, SETTLE_MS);
  }

  settle() {
    clearTimeout(this.settling);
    const ideal = this.isAtEnd ? this.pane.scrollHeight : scrollTopOf(this.anchor, this.measures);
    if (Math.abs(ideal - this.pane.scrollTop) >= 1) this.pane.scrollTop = ideal;
    this.scrollTop = this.pane.scrollTop;
  }

  place() {
    const top = this.elements.get(this.anchor.index)?.offsetTop ?? 0;
    this.rows.style.transform = `translateY(${this.pane.scrollTop - this.anchor.offset - top}px)`;
  }
}
