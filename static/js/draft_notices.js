// The notice of drafts that were deleted because a person has more than the portal keeps.

import { find } from "./dom.js";

/**
 * Keep in view which drafts were deleted for the one just saved: the next save has no word of them.
 * @param {HTMLElement} status
 */
export function showDeletedDrafts(status) {
  const names = status.querySelector("[data-deleted-drafts]");
  const notice = document.querySelector("[data-deleted-notice]");
  if (!names || !(notice instanceof HTMLElement)) return;
  find(notice, "[data-deleted-names]", HTMLElement).append(names);
  notice.hidden = false;
}
