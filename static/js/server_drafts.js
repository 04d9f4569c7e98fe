// Drafts saved on the server: after each pause in typing, and when the page is left. While the portal does not answer, or
// the session has ended, the text is saved in this browser and offered when the page is opened again.

import { isOnPage, readLocal, removeLocal, saveLocally } from "./browser_drafts.js";
import { find } from "./dom.js";
import { showDeletedDrafts } from "./draft_notices.js";

const SAVE_DELAY_MS = 800;
/** @typedef {import("./browser_drafts.js").LocalDraft} LocalDraft */

/** @param {string} text */
const announce = (text) => document.dispatchEvent(new CustomEvent("announce", { detail: text }));
const draftId = find(document, "input[name=draft][data-user]", HTMLInputElement);
const form = find(document, "form[data-builder]", HTMLFormElement);
const status = find(document, "#draft-status", HTMLElement);
const storageKey = `typed:${draftId.dataset.user}:${location.pathname}`;
let timer = 0;
let dirty = false;
let sent = false;
let saving = false;
let version = draftId.dataset.version ?? ""; // of the draft as this page knows it; another one is of another tab

function formData() {
  const data = new FormData(form);
  for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
  data.set("do", "keep");
  data.set("begin", "1");
  data.set("draft_version", version);
  return data;
}

async function save() {
  clearTimeout(timer);
  if (sent || !dirty) return;
  if (saving) {
    timer = window.setTimeout(save, SAVE_DELAY_MS); // the answer has the version for the next one
    return;
  }
  dirty = false;
  saving = true;
  await post(formData());
  saving = false;
}

/** @param {FormData} data */
async function post(data) {
  let reason = "The portal isn't responding.";
  try {
    const response = await fetch(form.action, { method: "POST", body: data, headers: { "X-Requested-With": "fetch" } });
    if (response.ok) {
      if (sent) return;
      status.innerHTML = await response.text(); // rendered and escaped by the portal
      takeVersion();
      showDeletedDrafts(status);
      removeLocal(storageKey);
      announceSaved(data);
      putDraftInAddress();
      return;
    }
    if (response.status === 401) reason = "You're signed out. Sign in in another tab.";
    if (response.status === 403) reason = "This page has expired. Reload it to save.";
  } catch {
    // no connection
  }
  dirty = true;
  status.textContent = saveLocally(storageKey, data) ? `${reason} Your changes are saved in this browser.` : reason;
  timer = window.setTimeout(save, 10 * SAVE_DELAY_MS);
}

/**
 * Tell the JSON page that the portal has the text.
 * @param {FormData} data
 */
const announceSaved = (data) => form.dispatchEvent(new CustomEvent("draft-saved", { detail: data.get("text") }));

/** The draft's id and version as the portal has saved it. The id is a new one if another tab has changed the draft. */
function takeVersion() {
  /** @type {HTMLElement | null} */
  const saved = status.querySelector("[data-draft-id]");
  if (!saved) return;
  draftId.value = saved.dataset.draftId ?? draftId.value;
  version = saved.dataset.draftVersion ?? "";
}

// Pages are not cached, so Back and Reload request them again: the address must open the draft.
function putDraftInAddress() {
  const address = new URL(form.action);
  address.search = String(new URLSearchParams({ draft: draftId.value }));
  if (location.href !== address.href) history.replaceState(history.state, "", address);
}

function scheduleSave() {
  putDraftInAddress();
  dirty = true;
  clearTimeout(timer);
  timer = window.setTimeout(save, SAVE_DELAY_MS);
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
window.addEventListener("pageshow", ({ persisted }) => {
  // Back found the page as it was left: ask the portal what became of what it sent.
  if (persisted && sent) location.replace(location.href);
  else sent = false;
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden" && (dirty || saving) && !sent) {
    const data = formData();
    saveLocally(storageKey, data);
    if (!dirty) return; // leaving the page may end the request that saves it
    if (navigator.sendBeacon(form.action, data)) announceSaved(data); // if it gets lost, the copy above is offered
    version = ""; // nothing tells which one that has become
  }
});

// -- Drafts saved in this browser
/** @type {HTMLElement | null} */
const offer = document.querySelector("[data-local-draft]");

/**
 * Open a draft of this browser by posting its fields.
 * @param {LocalDraft} draft
 */
function restore(draft) {
  const copy = document.createElement("form");
  copy.method = "post";
  copy.action = form.action;
  if (form.enctype) copy.enctype = form.enctype;
  const token = find(form, "[name=csrfmiddlewaretoken]", HTMLInputElement).value;
  for (const [name, value] of [...draft.entries, ["csrfmiddlewaretoken", token], ["do", "check"]]) {
    const field = document.createElement("textarea");
    [field.name, field.value] = [name, value];
    copy.append(field);
  }
  copy.hidden = true;
  document.body.append(copy);
  sent = true;
  removeLocal(storageKey);
  copy.submit();
}

if (document.body.hasAttribute("data-posted")) putDraftInAddress();
const [navigation] = performance.getEntriesByType("navigation");
const isRevisit = navigation instanceof PerformanceNavigationTiming && ["back_forward", "reload"].includes(navigation.type);
const draft = readLocal(storageKey);
if (draft && isOnPage(form, draft)) {
  removeLocal(storageKey);
} else if (
  draft &&
  isRevisit &&
  draft.entries.some(([name, value]) => name === "draft" && value === draftId.value)
) {
  restore(draft); // typed here a moment ago and not saved by the portal
} else if (draft && offer) {
  hasReached(draft).then((has) => (has ? removeLocal(storageKey) : showOffer(offer, draft)));
}

/**
 * Whether the portal has a draft of this browser: what was typed last arrived although the page was left. A draft that the
 * page itself shows is offered, since the page shows an older text.
 * @param {LocalDraft} local
 */
async function hasReached(local) {
  if (local.entries.some(([name, value]) => name === "draft" && value === draftId.value)) return false;
  const data = new FormData();
  for (const [name, value] of local.entries) if (name !== "begin") data.set(name, value);
  data.set("csrfmiddlewaretoken", find(form, "[name=csrfmiddlewaretoken]", HTMLInputElement).value);
  data.set("do", "keep");
  try {
    const response = await fetch(form.action, { method: "POST", body: data, headers: { "X-Requested-With": "fetch" } });
    return response.ok && (await response.text()).includes("data-draft-id");
  } catch {
    return false;
  }
}

/**
 * @param {HTMLElement} notice
 * @param {LocalDraft} local
 */
function showOffer(notice, local) {
  const at = find(notice, "[data-local-time]", HTMLTimeElement);
  at.dateTime = local.at;
  at.textContent = new Date(local.at).toLocaleTimeString();
  notice.hidden = false;
  find(notice, "[data-local-restore]", HTMLElement).addEventListener("click", () => restore(local));
  find(notice, "[data-local-discard]", HTMLElement).addEventListener("click", () => {
    removeLocal(storageKey);
    notice.hidden = true;
    announce("Changes discarded.");
  });
}
