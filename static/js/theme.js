// Sets the theme before the first paint, to avoid a flash. Runs in the head, blocking.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  const storedTheme = () => {
    const cookie = /(?:^|; )theme=(light|dark|system)(?:;|$)/.exec(document.cookie)?.[1];
    try {
      const stored = localStorage.getItem("theme");
      return stored === "auto" ? "system" : stored || cookie || "system"; // "auto" is of Django's former script
    } catch {
      return cookie || "system"; // storage is forbidden
    }
  };

  const apply = () => {
    const choice = storedTheme();
    const dark = choice === "dark" || (choice === "system" && system.matches);
    root.dataset.bsTheme = dark ? "dark" : "light";
    /** @type {NodeListOf<HTMLElement>} */
    const buttons = document.querySelectorAll("[data-theme]");
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.theme === choice));
    }
  };

  root.classList.add("scripted");
  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply); // the same choice in every open tab
  document.addEventListener("DOMContentLoaded", apply);
  document.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    /** @type {HTMLElement | null} */
    const button = event.target.closest("[data-theme]");
    const theme = button?.dataset.theme;
    if (!theme) return;
    // Signing out clears the storage; the cookie stays.
    document.cookie = `theme=${theme}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // storage is forbidden: only the cookie holds it
    }
    apply();
  });
})();
