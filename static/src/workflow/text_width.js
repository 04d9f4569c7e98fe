// Texts that fit into a width.

/**
 * A text cut at its end so that it fits. Pure.
 * @param {string} text
 * @param {number} width
 * @param {(text: string) => number} measure
 */
export function shorten(text, width, measure) {
  if (measure(text) <= width) return text;
  let [fits, over] = [0, text.length];
  while (over - fits > 1) {
    const length = (fits + over) >> 1;
    if (measure(`${text.slice(0, length)}…`) <= width) fits = length;
    else over = length;
  }
  return `${text.slice(0, fits)}…`;
}

/**
 * A function that measures texts in the font of an element, without a layout of the page.
 * @param {Element} element
 * @param {string} style of the font: its weight and size
 * @returns {(text: string) => number}
 */
export function measureIn(element, style) {
  const context = document.createElement("canvas").getContext("2d");
  if (!context) return (text) => text.length * 8;
  context.font = `${style} ${getComputedStyle(element).fontFamily}`;
  return (text) => context.measureText(text).width;
}
