// Closes menus (<details>, which open without a script) on Escape or a click outside, and dismisses notices.

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  event.target.closest("[data-dismiss]")?.closest(".notice")?.remove();

  const opener = event.target.closest("[data-dialog]");
  if (opener) {
    opener.closest("details.menu")?.removeAttribute("open");
    document.getElementById(opener.dataset.dialog)?.showModal();
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
    localStorage.setItem("signed-out", Date.now());
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
