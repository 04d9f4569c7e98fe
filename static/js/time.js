// Updates relative times ("5 s ago") and running durations. The server renders both first, by the same rules
// (jobs/templatetags/portal.py); both are tested with the same cases.

const two = (number) => String(number).padStart(2, "0");

export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [minutes, second] = [Math.floor(whole / 60), whole % 60];
  const [hours, minute] = [Math.floor(minutes / 60), minutes % 60];
  const [days, hour] = [Math.floor(hours / 24), hours % 24];
  if (days) return `${days}d ${two(hour)}h`;
  if (hours) return `${hours}h ${two(minute)}m`;
  return minutes ? `${minutes}m ${two(second)}s` : `${second}s`;
}

export function ago(seconds) {
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text; // leave an equal text alone: a write clears the selection
}

function tick() {
  if (document.hidden) return;
  const now = Date.now();
  for (const element of document.querySelectorAll("time[data-ago]")) {
    const seconds = (now - Date.parse(element.dateTime)) / 1000;
    if (seconds < 7 * 86400) setText(element, ago(seconds)); // older ones are dates
    if (element.title && !element.dataset.local) {
      element.dataset.local = "1";
      const local = new Date(element.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
      element.title = `${element.title}\n${local} here`;
    }
  }
  for (const element of document.querySelectorAll("[data-since]")) {
    setText(element, span((now - Date.parse(element.dataset.since)) / 1000));
  }
}

setInterval(tick, 1000);
document.addEventListener("visibilitychange", tick);
tick();
