// The page's one live region for screen readers (two would interrupt each other). Each announcement is an element of its
// own, so that they queue, and is removed after a while. Other modules dispatch the event "announce" instead of importing
// this one: imports use the name without a hash and would load it a second time.

const REMOVE_AFTER_MS = 10_000;

document.addEventListener("announce", (event) => {
  const announcement = document.createElement("p");
  announcement.textContent = event.detail;
  document.getElementById("announcements")?.append(announcement);
  setTimeout(() => announcement.remove(), REMOVE_AFTER_MS);
});
