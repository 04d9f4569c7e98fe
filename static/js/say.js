// One live region for the whole page: two would interrupt each other. Each announcement is an element of its own, so
// that screen readers queue what comes at once; it leaves again, so that nobody reads old ones at the end of the page.
// The others dispatch "say"; modules that import each other would be loaded twice, once by the name with a hash and
// once by the one without.

const STAYS_MS = 10_000;

document.addEventListener("say", (event) => {
  const announcement = document.createElement("p");
  announcement.textContent = event.detail;
  document.getElementById("said").append(announcement);
  setTimeout(() => announcement.remove(), STAYS_MS);
});
