// On the page of the bare text: what was written and not sent is there again when the page is.

const key = (form) => `draft:${form.dataset.draft}`;

export function keep(form, text) {
  try {
    if (text) sessionStorage.setItem(key(form), text);
    else sessionStorage.removeItem(key(form));
  } catch {
    // too large for the browser's storage, or storage is forbidden: then there is no draft
  }
}

export function kept(form) {
  try {
    return sessionStorage.getItem(key(form)) ?? "";
  } catch {
    return "";
  }
}

/** Remembered until the page that follows says that it was taken (menu.js). */
export function sent(form) {
  try {
    sessionStorage.setItem("sent", form.dataset.draft);
  } catch {
    // no storage, no draft to forget
  }
}
