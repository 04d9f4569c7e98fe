// Closes menus (<details>, which open without a script) on Escape or a click outside, dismisses notices, and opens
// what a style sheet hides behind a button on a phone.

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  /** @type {NodeListOf<HTMLDetailsElement>} */
  const menus = document.querySelectorAll("details.menu[open]");
  for (const menu of menus) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  event.target.closest("[data-dismiss]")?.closest(".notice")?.remove();
  const disclosure = event.target.closest("[data-discloses]");
  disclosure?.setAttribute("aria-expanded", String(disclosure.getAttribute("aria-expanded") !== "true"));

  /** @type {HTMLElement | null} */
  const opener = event.target.closest("[data-dialog]");
  if (!opener) return;
  opener.closest("details.menu")?.removeAttribute("open");
  const dialog = document.getElementById(opener.dataset.dialog ?? "");
  if (dialog instanceof HTMLDialogElement) dialog.showModal();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const selector = "details.menu[open]";
  const around = event.target instanceof Element ? event.target.closest(selector) : null;
  const menu = around ?? document.querySelector(selector);
  if (!(menu instanceof HTMLDetailsElement)) return;
  menu.open = false;
  menu.querySelector("summary")?.focus();
});

// On a narrow screen the menu is one line that scrolls: the current page's entry is in view.
/** @type {HTMLElement | null} */
const current = document.querySelector(".nav-main [aria-current]");
const nav = current?.closest(".nav-main");
if (current && nav) nav.scrollLeft = current.offsetLeft - nav.clientWidth / 2 + current.offsetWidth / 2;

// Signing out clears the session storage of every open tab; localStorage events reach the others.
function clearSessionStorage() {
  try {
    sessionStorage.clear();
  } catch {
    // storage is forbidden
  }
}

addEventListener("storage", (event) => {
  if (event.key === "signed-out" && event.newValue) clearSessionStorage();
});
if (document.querySelector("[data-signed-out]")) {
  clearSessionStorage();
  try {
    localStorage.setItem("signed-out", String(Date.now()));
    localStorage.removeItem("signed-out");
  } catch {
    // storage is forbidden: the other tabs keep theirs until they are closed
  }
}

// A page after the editor means that the text was submitted: its local draft can go.
if (!document.querySelector("[data-editor], [data-sign-in]")) {
  try {
    const sent = sessionStorage.getItem("sent");
    if (sent) sessionStorage.removeItem(`draft:${sent}`);
    sessionStorage.removeItem("sent");
  } catch {
    // storage is forbidden, so there is no draft
  }
}
