// What is typed is kept as a draft by the portal, a moment after each pause and when the page is left. While the portal
// does not answer, or someone is signed out, this browser keeps it, and offers it when the page is opened again.

const QUIET_MS = 800;
const say = (words) => document.dispatchEvent(new CustomEvent("say", { detail: words }));
const id = document.querySelector("input[name=draft][data-of]");
const form = id.form;
const said = document.getElementById("kept");
const place = `typed:${id.dataset.of}:${location.pathname}`;
let late;
let dirty = false;
let sent = false;

function everything() {
  const carried = new FormData(form);
  for (const [name, value] of [...carried]) if (value instanceof File) carried.delete(name);
  carried.set("do", "keep");
  carried.set("begin", "1");
  return carried;
}

function here(carried) {
  try {
    const entries = [...carried].filter(([name]) => name !== "csrfmiddlewaretoken" && name !== "do");
    sessionStorage.setItem(place, JSON.stringify({ at: new Date().toISOString(), entries }));
    return true;
  } catch {
    return false; // too large for the browser's storage, or storage is forbidden
  }
}

function forget() {
  try {
    sessionStorage.removeItem(place);
  } catch {
    // no storage, nothing to forget
  }
}

async function keep() {
  clearTimeout(late);
  if (sent || !dirty) return;
  dirty = false;
  const carried = everything();
  let why = "The portal does not answer.";
  try {
    const answer = await fetch(form.action, { method: "POST", body: carried, headers: { "X-Requested-With": "fetch" } });
    if (answer.ok) {
      if (sent) return;
      said.innerHTML = await answer.text(); // ours: the portal wrote and escaped it
      forget();
      remember();
      return;
    }
    if (answer.status === 401) why = "You are signed out. Sign in in another tab.";
  } catch {
    // nobody there
  }
  dirty = true;
  said.textContent = here(carried) ? `${why} What you typed is kept in this browser.` : why;
  late = setTimeout(keep, 10 * QUIET_MS);
}

// The browser keeps no page of the portal, so Back and Reload ask for it again: its address opens the draft.
function remember() {
  const address = new URL(form.action);
  address.search = new URLSearchParams({ draft: id.value });
  if (location.href !== address.href) history.replaceState(history.state, "", address);
}

function typed() {
  remember();
  dirty = true;
  clearTimeout(late);
  late = setTimeout(keep, QUIET_MS);
}

form.addEventListener("input", typed);
form.addEventListener("again", typed, true); // rows that were taken away or pasted, and edits of the text
// Enter in a field only looks: whoever stops that, stops it before it comes here.
document.addEventListener("submit", (event) => {
  if (event.target !== form || event.defaultPrevented) return;
  sent = true;
  clearTimeout(late);
  remember(); // Back shows what was sent
});
window.addEventListener("pageshow", () => (sent = false));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden" && dirty && !sent) {
    here(everything());
    navigator.sendBeacon(form.action, everything());
  }
});

// -- What this browser kept
const offer = document.querySelector("[data-local-draft]");

function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(place) ?? "null");
  } catch {
    return null;
  }
}

function take(found) {
  const again = document.createElement("form");
  again.method = "post";
  again.action = form.action;
  if (form.enctype) again.enctype = form.enctype;
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  for (const [name, value] of [...found.entries, ["csrfmiddlewaretoken", token], ["do", "check"]]) {
    const field = document.createElement("textarea");
    [field.name, field.value] = [name, value];
    again.append(field);
  }
  again.hidden = true;
  document.body.append(again);
  sent = true;
  forget();
  again.submit();
}

/** Whether the page shows what this browser kept: the portal has it. */
function shown(found) {
  const text = form.elements.document ? "document" : "text";
  const entry = (entries) => String(entries.find(([name]) => name === text)?.[1] ?? "").replace(/\r\n?/g, "\n");
  return entry(found.entries) === entry([...new FormData(form)]);
}

if (document.body.hasAttribute("data-posted")) remember();
const [navigation] = performance.getEntriesByType("navigation");
const found = kept();
if (found && shown(found)) {
  forget();
} else if (found && ["back_forward", "reload"].includes(navigation?.type) && found.entries.some(([name, value]) => name === "draft" && value === id.value)) {
  take(found); // it was typed here a moment ago, and did not reach the portal
} else if (found && offer) {
  const at = offer.querySelector("[data-local-at]");
  at.dateTime = found.at;
  at.textContent = new Date(found.at).toLocaleTimeString();
  offer.hidden = false;
  offer.querySelector("[data-local-take]").addEventListener("click", () => take(found));
  offer.querySelector("[data-local-drop]").addEventListener("click", () => {
    forget();
    offer.hidden = true;
    say("Thrown away.");
  });
}
