// An entry of the legend of an array's map: the shape of a state, how many children have it, and a filter by it.

import { shapeOf } from "./array_grid.js";

/** @typedef {{ name: string, label: string, tone: string }} MapStatus */

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} letter
 * @param {MapStatus} status
 * @param {number} count
 * @param {boolean} pressed
 */
export function legendButton(letter, { name, label, tone }, count, pressed) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "map-key";
  button.dataset.letter = letter;
  button.ariaPressed = String(pressed);
  const swatch = document.createElementNS(SVG, "svg");
  swatch.setAttribute("viewBox", "0 0 10 10");
  swatch.setAttribute("class", `map-swatch map-${tone}`);
  swatch.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", shapeOf(name));
  path.setAttribute("fill-rule", "evenodd");
  swatch.append(path);
  button.append(swatch, `${count.toLocaleString("en")} ${label.toLowerCase()}`);
  return button;
}
