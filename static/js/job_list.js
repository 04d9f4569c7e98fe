// New jobs of a list that is polled: they are counted and offered, and what is read stays where it is. Rows that no
// longer match the search stay too, and say so, until the list is shown again.

/**
 * What a poll changes. `added` has the keys that are new, `gone` those that no longer match the search. As many rows as
 * are new may have moved to the next page, if there is one.
 * @param {string[]} before keys of the rows, in their order
 * @param {string[]} after
 * @param {boolean} hasNext
 */
export function compare(before, after, hasNext) {
  const known = new Set(before);
  const current = new Set(after);
  const added = after.filter((key) => !known.has(key));
  let moved = hasNext ? added.length : 0;
  const gone = [];
  for (const key of [...before].reverse()) {
    if (current.has(key)) moved = 0; // rows before it are still on the page
    else if (moved) moved -= 1;
    else gone.unshift(key);
  }
  return { added, gone };
}

/**
 * The words of the button that shows the list again, or "".
 * @param {number} added
 * @param {number} gone
 */
export function changesText(added, gone) {
  if (added) return `Show ${added} new ${added === 1 ? "job" : "jobs"}`;
  return gone ? "Update the list" : "";
}

/** @param {ParentNode} root */
function rowsOf(root) {
  /** @type {NodeListOf<HTMLTableRowElement>} */
  const rows = root.querySelectorAll("tr[data-key]");
  return new Map([...rows].map((row) => [row.dataset.key ?? "", row]));
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.target.matches("[data-job-list]") || !event.detail.shouldSwap) return;
  const rows = rowsOf(event.target);
  const body = [...rows.values()][0]?.parentElement;
  if (!body) return; // an empty list takes what has come
  const holder = document.createElement("template");
  holder.innerHTML = event.detail.serverResponse; // rendered and escaped by the server
  const newRows = rowsOf(holder.content);
  const keys = [...rows.keys()];
  const { added, gone } = compare(keys, [...newRows.keys()], Boolean(holder.content.querySelector("[rel=next]")));
  const newBody = [...newRows.values()][0]?.parentElement;
  if (newBody) newBody.replaceChildren(...keys.map((key) => newRows.get(key) ?? stale(rows.get(key), gone.includes(key))));
  else return;
  const text = changesText(added.length, gone.length);
  /** @type {HTMLElement | null} */
  const changes = holder.content.querySelector("[data-list-changes]");
  const words = changes?.querySelector("[data-list-changes-text]");
  if (changes && words) {
    changes.hidden = !text;
    words.textContent = text;
  }
  const shownText = event.target.querySelector("[data-list-changes-text]")?.textContent;
  if (text && text !== shownText) document.dispatchEvent(new CustomEvent("announce", { detail: `${text}.` }));
  event.detail.serverResponse = holder.innerHTML;
});

/**
 * @param {HTMLTableRowElement | undefined} row
 * @param {boolean} isGone it no longer matches, and is not only on the next page
 * @returns {HTMLTableRowElement}
 */
function stale(row, isGone) {
  const copy = /** @type {HTMLTableRowElement} */ (row?.cloneNode(true));
  if (isGone) {
    copy.classList.add("row-gone");
    copy.title = "No longer matches the search";
  }
  return copy;
}
