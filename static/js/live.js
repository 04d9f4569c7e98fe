// Live parts are polled by htmx. This adds what polling needs to be polite: it pauses in a hidden tab, says how old
// the page is, tells what changed to people who cannot see it, and says when the portal no longer answers.

const say = (words) => document.dispatchEvent(new CustomEvent("say", { detail: words }));
const foot = document.querySelector("[data-live-foot]");
const trouble = document.querySelector("[data-live-trouble]");
const MOST_SAID = 4;
let before = new Map();

const part = () => document.querySelector("[data-live]");
const states = () =>
  new Map(
    [...document.querySelectorAll("[data-announce]")].map((row) => [row.dataset.key, [row.dataset.announce, row.dataset.state]]),
  );

document.addEventListener("htmx:beforeRequest", (event) => {
  // Nobody looks. Nor may a form go away under a finger that is pressing its button.
  if (event.target.matches("[data-live]") && (document.hidden || event.target.querySelector("button:active"))) {
    event.preventDefault();
  }
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden && part()) window.htmx.trigger(part(), "wake");
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.target.matches("[data-live]")) before = states();
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.elt.id !== "live" && event.target.id !== "live") return;
  const words = announcement(before, states());
  if (words) say(words);
  if (foot) foot.hidden = !part();
});

/** What to say of states that changed, or "". */
export function announcement(before, after) {
  const changed = [...after].filter(([key, [, state]]) => before.has(key) && before.get(key)[1] !== state);
  // A submission of one job has its name and its state: once is enough.
  const all = [...new Set(changed.map(([, [name, state]]) => `${name}: ${state}.`))];
  const sentences = all.slice(0, MOST_SAID);
  if (all.length > MOST_SAID) sentences.push(`${all.length - MOST_SAID} more changed.`);
  return sentences.join(" ");
}

document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.target.matches("#live, [data-live]")) return;
  const status = event.detail.xhr?.status ?? 0;
  if (event.detail.successful) {
    foot?.querySelector("time").setAttribute("datetime", new Date().toISOString());
    tell("");
  } else if (status === 401) {
    give_up("You are signed out. Load the page again to sign in.");
  } else if (status === 403 || status === 404) {
    give_up("You may no longer see this. Load the page again.");
  } else {
    tell("The portal does not answer at this moment. The page goes on trying.");
  }
});

function give_up(words) {
  part()?.removeAttribute("data-live");
  const live = document.getElementById("live");
  live.replaceWith(live.cloneNode(true)); // a copy has none of htmx's timers
  if (foot) foot.hidden = true;
  tell(words);
}

function tell(words) {
  if (!trouble) return;
  trouble.querySelector("p").textContent = words;
  trouble.hidden = !words;
}
