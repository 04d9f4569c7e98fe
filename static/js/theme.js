// Sets the theme before anything is painted, so that a dark room never flashes white. Runs in the head, blocking.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  const chosen = () => {
    const cookie = /(?:^|; )theme=(light|dark|system)(?:;|$)/.exec(document.cookie)?.[1];
    try {
      return localStorage.getItem("theme") || cookie || "system";
    } catch {
      return cookie || "system"; // storage can be forbidden; the page still has a theme
    }
  };

  const apply = () => {
    const choice = chosen();
    const dark = choice === "dark" || (choice === "system" && system.matches);
    root.dataset.bsTheme = dark ? "dark" : "light";
    for (const button of document.querySelectorAll("[data-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.theme === choice));
    }
  };

  root.classList.add("scripted");
  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply); // the same choice in every open tab
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme]");
    if (!button) return;
    // Signing out empties the storage, and a theme is nobody's secret: the cookie stays.
    document.cookie = `theme=${button.dataset.theme}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    try {
      localStorage.setItem("theme", button.dataset.theme);
    } catch {
      // it holds for this page only
    }
    apply();
  });
})();
