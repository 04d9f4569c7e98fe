// The picture by mouse and touch: drag to move, pinch or Ctrl and the wheel to zoom, click to act on a node. Dragging from
// a node's port to another node draws an edge, where the picture has ports.

/** @typedef {import("./picture.js").Picture} Picture */

const DRAG_FROM = 4; // px; less is a click

/** @param {Element | null} element */
const keyAt = (element) => element?.closest("[data-key]")?.getAttribute("data-key") ?? "";

/** @param {Picture} picture */
export function bindGestures(picture) {
  const { root } = picture;
  /** @type {Map<number, { x: number, y: number }>} */
  const pointers = new Map();
  let moved = 0;
  let from = ""; // the node from which an edge is drawn

  const place = (/** @type {MouseEvent} */ event) => {
    const { left, top } = root.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };

  root.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    pointers.set(event.pointerId, place(event));
    if (pointers.size === 1) moved = 0;
    from = event.target instanceof Element && event.target.matches(".wf-port") ? keyAt(event.target) : "";
  });

  root.addEventListener("pointermove", (event) => {
    const before = pointers.get(event.pointerId);
    if (!before) {
      picture.cuts.onHover(place(event));
      return;
    }
    const now = place(event);
    const others = [...pointers].flatMap(([id, point]) => (id === event.pointerId ? [] : [point]));
    pointers.set(event.pointerId, now);
    moved += Math.hypot(now.x - before.x, now.y - before.y);
    if (moved < DRAG_FROM) return;
    if (!root.hasPointerCapture(event.pointerId)) root.setPointerCapture(event.pointerId);
    if (from) {
      picture.showDrawn(from, now);
      return;
    }
    root.classList.add("wf-dragging");
    if (!others.length) {
      picture.pan(now.x - before.x, now.y - before.y);
      return;
    }
    const [other] = others;
    const distance = (/** @type {{ x: number, y: number }} */ point) => Math.hypot(point.x - other.x, point.y - other.y) || 1;
    picture.zoom(distance(now) / distance(before), { x: (now.x + other.x) / 2, y: (now.y + other.y) / 2 });
  });

  const release = (/** @type {PointerEvent} */ event) => {
    if (from && event.type === "pointerup") {
      const to = keyAt(document.elementFromPoint(event.clientX, event.clientY));
      if (to) picture.connect(from, to);
    }
    if (from) picture.showDrawn("");
    from = "";
    pointers.delete(event.pointerId);
    if (!pointers.size) root.classList.remove("wf-dragging");
  };
  root.addEventListener("pointerup", release);
  root.addEventListener("pointercancel", release);
  root.addEventListener("lostpointercapture", release);

  root.addEventListener("pointerleave", () => picture.cuts.onHover(null));

  root.addEventListener("click", (event) => {
    if (moved >= DRAG_FROM || picture.cuts.onClick(event, place(event))) return;
    const key = event.target instanceof Element ? keyAt(event.target) : "";
    if (key) picture.activate(key);
  });

  root.addEventListener(
    "wheel",
    (event) => {
      if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
      event.preventDefault();
      picture.zoom(Math.exp(-event.deltaY / 300), place(event));
    },
    { passive: false },
  );
}
