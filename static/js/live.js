// Live parts of pages, polled by htmx: pauses in a hidden tab, shows the age of the page, announces changed states to
// screen readers, and says when the portal no longer answers.

/** @typedef {Map<string, [name: string, state: string]>} States by the keys of rows */

/** @param {string} text */
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));
/** @type {HTMLElement | null} */
const foot = document.querySelector("[data-live-foot]");
/** @type {HTMLElement | null} */
const notice = document.querySelector("[data-live-notice]");
const MAX_ANNOUNCED = 4;
/** @type {States} */
let statesBefore = new Map();

const part = () => document.querySelector("[data-live]");

/** @returns {States} */
function states() {
  /** @type {NodeListOf<HTMLElement>} */
  const rows = document.querySelectorAll("[data-announce]");
  return new Map([...rows].map(({ dataset: { key = "", announce: name = "", state = "" } }) => [key, [name, state]]));
}

document.addEventListener("htmx:beforeRequest", (event) => {
  // Skip in a hidden tab, and while a button is pressed: a swap would remove it before the click.
  if (event.target.matches("[data-live]") && (document.hidden || event.target.querySelector("button:active"))) {
    event.preventDefault();
  }
});

document.addEventListener("visibilitychange", () => {
  const live = part();
  if (live && !document.hidden) window.htmx.trigger(live, "wake");
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.matches("[data-live]")) statesBefore = states();
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.elt.id !== "live" && event.target.id !== "live") return;
  const text = announcement(statesBefore, states());
  if (text) announce(text);
  if (foot) foot.hidden = !part();
});

/**
 * The announcement of states that changed, or "".
 * @param {States} before
 * @param {States} after
 */
export function announcement(before, after) {
  const changed = [...after].filter(([key, [, state]]) => (before.get(key)?.[1] ?? state) !== state);
  // A submission of one job has the name and state of its job: announce them once.
  const all = [...new Set(changed.map(([, [name, state]]) => `${name}: ${state}.`))];
  const sentences = all.slice(0, MAX_ANNOUNCED);
  if (all.length > MAX_ANNOUNCED) sentences.push(`${all.length - MAX_ANNOUNCED} more jobs changed.`);
  return sentences.join(" ");
}

document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.target.matches("#live, [data-live]")) return;
  const status = event.detail.xhr?.status ?? 0;
  if (event.detail.successful) {
    foot?.querySelector("time")?.setAttribute("datetime", new Date().toISOString());
    showNotice("");
  } else if (status === 401) {
    stopPolling("You're signed out. Reload the page to sign in.");
  } else if (status === 403 || status === 404) {
    stopPolling("You no longer have access to this page. Reload it.");
  } else {
    showNotice("The portal isn't responding. Retrying…");
  }
});

/** @param {string} text */
function stopPolling(text) {
  part()?.removeAttribute("data-live");
  const live = document.getElementById("live");
  live?.replaceWith(live.cloneNode(true)); // a clone has none of htmx's timers
  if (foot) foot.hidden = true;
  showNotice(text);
}

/** @param {string} text */
function showNotice(text) {
  const paragraph = notice?.querySelector("p");
  if (!notice || !paragraph) return;
  paragraph.textContent = text;
  notice.hidden = !text;
}
