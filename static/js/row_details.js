// Rows of a list of jobs that open in place: why a job is in its state, and the last lines of its log.

const LOG_LINES = 12;
/** Of the page's URL: the rows that are open, by the id of their job. */
const ROW_PARAMETER = "row";
const MAX_OPENED_FROM_URL = 5;
/** Rows with details, by the URL of the job. A poll replaces the list, and they are put back.
 * @type {Map<string, HTMLTableRowElement>} */
const opened = new Map();

document.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-row-details]") : null;
  if (!(button instanceof HTMLButtonElement)) return;
  const url = button.dataset.rowDetails ?? "";
  const details = opened.get(url);
  if (details) {
    opened.delete(url);
    details.remove();
    button.setAttribute("aria-expanded", "false");
  } else void open(button, url);
  keepInUrl();
});

for (const id of new URLSearchParams(location.search).getAll(ROW_PARAMETER).slice(0, MAX_OPENED_FROM_URL)) {
  const button = document.getElementById(`details-${id}`);
  if (button instanceof HTMLButtonElement) void open(button, button.dataset.rowDetails ?? "");
}

// A link to the page shows a colleague the same rows.
function keepInUrl() {
  const address = new URL(location.href);
  address.searchParams.delete(ROW_PARAMETER);
  for (const url of opened.keys()) {
    const button = document.querySelector(`[data-row-details="${CSS.escape(url)}"]`);
    if (button) address.searchParams.append(ROW_PARAMETER, button.id.replace("details-", ""));
  }
  history.replaceState(history.state, "", address);
}

document.addEventListener("htmx:afterSwap", () => {
  for (const [url, details] of opened) {
    const button = document.querySelector(`[data-row-details="${CSS.escape(url)}"]`);
    if (button instanceof HTMLButtonElement) insert(button, details);
    else if (!details.isConnected) opened.delete(url); // on another page of the list
  }
});

/**
 * @param {HTMLButtonElement} button
 * @param {string} url of the job's page
 */
async function open(button, url) {
  const details = document.createElement("tr");
  details.className = "row-details";
  const cell = details.insertCell();
  cell.colSpan = button.closest("tr")?.cells.length ?? 1;
  cell.append(note("Loading…"));
  opened.set(url, details);
  insert(button, details);
  try {
    cell.replaceChildren(await fetchFragment(`${url}?part=row`));
    const sentence = cell.querySelector(".explanation-sentence")?.textContent;
    if (sentence) document.dispatchEvent(new CustomEvent("announce", { detail: sentence }));
    await showLog(cell.querySelector("[data-row-log]"));
  } catch {
    cell.append(note("Couldn't load the details. Close and open them to try again."));
  }
}

/** @param {HTMLElement | null} place */
async function showLog(place) {
  if (!place) return;
  const holder = await fetchFragment(`${place.dataset.rowLog}?part=lines`);
  /** @type {HTMLElement | null} */
  const chunk = holder.querySelector(".log-chunk");
  const lines = [...(chunk?.children ?? [])].slice(-LOG_LINES);
  place.replaceChildren(...(lines.length ? lines : [note(chunk?.dataset.problem || "No log output.")]));
  place.scrollTop = place.scrollHeight;
}

/**
 * @param {HTMLButtonElement} button
 * @param {HTMLTableRowElement} details
 */
function insert(button, details) {
  const row = button.closest("tr");
  if (row?.nextElementSibling !== details) row?.after(details);
  button.setAttribute("aria-expanded", "true");
}

/** @param {string} text */
function note(text) {
  const paragraph = document.createElement("p");
  paragraph.className = "log-notice";
  paragraph.textContent = text;
  return paragraph;
}

/** @param {string} url */
async function fetchFragment(url) {
  const response = await fetch(url, { headers: { "X-Requested-With": "fetch" } });
  if (!response.ok) throw new Error(String(response.status));
  const holder = document.createElement("template");
  holder.innerHTML = await response.text(); // rendered and escaped by the server
  return holder.content;
}
