// Menus are <details>, which need no script to open. This closes them as people expect, and closes notices.

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  event.target.closest("[data-closes]")?.closest(".notice")?.remove();

  const opener = event.target.closest("[data-opens]");
  if (opener) {
    opener.closest("details.menu")?.removeAttribute("open");
    document.getElementById(opener.dataset.opens)?.showModal();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest?.("details.menu[open]") ?? document.querySelector("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// Whoever signs out leaves nothing of theirs in this tab, nor in the others, which hear of it by the storage they share.
function forgetAll() {
  try {
    sessionStorage.clear();
  } catch {
    // storage can be forbidden; then there is nothing in it
  }
}

addEventListener("storage", (event) => {
  if (event.key === "signed-out" && event.newValue) forgetAll();
});
if (document.querySelector("[data-signed-out]")) {
  forgetAll();
  try {
    localStorage.setItem("signed-out", Date.now());
    localStorage.removeItem("signed-out");
  } catch {
    // the other tabs are left to the browser
  }
}

// A text that was sent is no longer a draft. Only the pages behind the editor know that it arrived.
if (!document.querySelector("[data-editor], [data-sign-in]")) {
  try {
    const sent = sessionStorage.getItem("sent");
    if (sent) sessionStorage.removeItem(`draft:${sent}`);
    sessionStorage.removeItem("sent");
  } catch {
    // storage can be forbidden; then there was no draft either
  }
}
