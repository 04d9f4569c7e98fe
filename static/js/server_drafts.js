// Drafts saved on the server: after each pause in typing, and when the page is left. While the portal does not answer, or
// the session has ended, the text is saved in this browser and offered when the page is opened again.

const SAVE_DELAY_MS = 800;
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));
const draftId = document.querySelector("input[name=draft][data-user]");
const form = draftId.form;
const status = document.getElementById("draft-status");
const storageKey = `typed:${draftId.dataset.user}:${location.pathname}`;
let timer;
let dirty = false;
let sent = false;

function formData() {
  const data = new FormData(form);
  for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
  data.set("do", "keep");
  data.set("begin", "1");
  return data;
}

/** Save in this browser. False if its storage is full or forbidden. */
function saveLocally(data) {
  try {
    const entries = [...data].filter(([name]) => name !== "csrfmiddlewaretoken" && name !== "do");
    sessionStorage.setItem(storageKey, JSON.stringify({ at: new Date().toISOString(), entries }));
    return true;
  } catch {
    return false;
  }
}

function removeLocal() {
  try {
    sessionStorage.removeItem(storageKey);
  } catch {
    // storage is forbidden
  }
}

async function save() {
  clearTimeout(timer);
  if (sent || !dirty) return;
  dirty = false;
  const data = formData();
  let reason = "The portal does not answer.";
  try {
    const response = await fetch(form.action, { method: "POST", body: data, headers: { "X-Requested-With": "fetch" } });
    if (response.ok) {
      if (sent) return;
      status.innerHTML = await response.text(); // rendered and escaped by the portal
      removeLocal();
      putDraftInAddress();
      return;
    }
    if (response.status === 401) reason = "You are signed out. Sign in in another tab.";
  } catch {
    // no connection
  }
  dirty = true;
  status.textContent = saveLocally(data) ? `${reason} What you typed is kept in this browser.` : reason;
  timer = setTimeout(save, 10 * SAVE_DELAY_MS);
}

// Pages are not cached, so Back and Reload request them again: the address must open the draft.
function putDraftInAddress() {
  const address = new URL(form.action);
  address.search = new URLSearchParams({ draft: draftId.value });
  if (location.href !== address.href) history.replaceState(history.state, "", address);
}

function scheduleSave() {
  putDraftInAddress();
  dirty = true;
  clearTimeout(timer);
  timer = setTimeout(save, SAVE_DELAY_MS);
}

form.addEventListener("input", scheduleSave);
form.addEventListener("revalidate", scheduleSave, true); // rows removed or pasted, and edits of the text
// Enter in a field only checks; its handler prevents the submit before this one runs.
document.addEventListener("submit", (event) => {
  if (event.target !== form || event.defaultPrevented) return;
  sent = true;
  clearTimeout(timer);
  putDraftInAddress(); // Back shows the draft that was sent
});
window.addEventListener("pageshow", () => (sent = false));
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden" && dirty && !sent) {
    saveLocally(formData());
    navigator.sendBeacon(form.action, formData());
  }
});

// -- Drafts saved in this browser
const offer = document.querySelector("[data-local-draft]");

function localDraft() {
  try {
    return JSON.parse(sessionStorage.getItem(storageKey) ?? "null");
  } catch {
    return null;
  }
}

/** Open a draft of this browser by posting its fields. */
function restore(draft) {
  const copy = document.createElement("form");
  copy.method = "post";
  copy.action = form.action;
  if (form.enctype) copy.enctype = form.enctype;
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  for (const [name, value] of [...draft.entries, ["csrfmiddlewaretoken", token], ["do", "check"]]) {
    const field = document.createElement("textarea");
    [field.name, field.value] = [name, value];
    copy.append(field);
  }
  copy.hidden = true;
  document.body.append(copy);
  sent = true;
  removeLocal();
  copy.submit();
}

/** Whether the page already shows the draft of this browser. */
function isOnPage(draft) {
  const text = form.elements.document ? "document" : "text";
  const entry = (entries) => String(entries.find(([name]) => name === text)?.[1] ?? "").replace(/\r\n?/g, "\n");
  return entry(draft.entries) === entry([...new FormData(form)]);
}

if (document.body.hasAttribute("data-posted")) putDraftInAddress();
const [navigation] = performance.getEntriesByType("navigation");
const draft = localDraft();
if (draft && isOnPage(draft)) {
  removeLocal();
} else if (
  draft &&
  ["back_forward", "reload"].includes(navigation?.type) &&
  draft.entries.some(([name, value]) => name === "draft" && value === draftId.value)
) {
  restore(draft); // typed here a moment ago and not saved by the portal
} else if (draft && offer) {
  const at = offer.querySelector("[data-local-time]");
  at.dateTime = draft.at;
  at.textContent = new Date(draft.at).toLocaleTimeString();
  offer.hidden = false;
  offer.querySelector("[data-local-restore]").addEventListener("click", () => restore(draft));
  offer.querySelector("[data-local-discard]").addEventListener("click", () => {
    removeLocal();
    offer.hidden = true;
    announce("Thrown away.");
  });
}
