// Updates relative times ("5 s ago") and running durations. The server renders both first, by the same rules
// (jobs/templatetags/portal.py); both are tested with the same cases.

/** @param {number} seconds */
export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [minutes, second] = [Math.floor(whole / 60), whole % 60];
  const [hours, minute] = [Math.floor(minutes / 60), minutes % 60];
  const [days, hour] = [Math.floor(hours / 24), hours % 24];
  if (days) return hour ? `${days} d ${hour} h` : `${days} d`;
  if (hours) return minute ? `${hours} h ${minute} min` : `${hours} h`;
  if (minutes) return second ? `${minutes} min ${second} s` : `${minutes} min`;
  return `${second} s`;
}

/** @param {number} seconds */
export function ago(seconds) {
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

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
