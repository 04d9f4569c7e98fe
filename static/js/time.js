// Updates relative times ("5 s ago") and running durations.

import { ago, span } from "./duration.js";

/**
 * @param {Element} element
 * @param {string} text
 */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text; // leave an equal text alone: a write clears the selection
}

function tick() {
  if (document.hidden) return;
  const now = Date.now();
  /** @type {NodeListOf<HTMLTimeElement>} */
  const times = document.querySelectorAll("time[data-ago]");
  for (const element of times) {
    const seconds = (now - Date.parse(element.dateTime)) / 1000;
    if (seconds < 7 * 86400) setText(element, ago(seconds)); // older ones are dates
    if (element.title && !element.dataset.local) {
      element.dataset.local = "1";
      const local = new Date(element.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
      element.title = `${element.title}\n${local} local time`;
    }
  }
  /** @type {NodeListOf<HTMLElement>} */
  const durations = document.querySelectorAll("[data-since]");
  for (const element of durations) {
    setText(element, span((now - Date.parse(element.dataset.since ?? "")) / 1000));
  }
}

setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
tick();
