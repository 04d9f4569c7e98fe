// Tries a value with a tag rule that isn't saved yet: adds a field below each rule's pattern, and says what the rule does.

const WAIT_MS = 250;

/** @param {HTMLInputElement} pattern */
function addSample(pattern) {
  if (pattern.dataset.sample !== undefined || pattern.name.includes("__prefix__")) return;
  pattern.dataset.sample = "";
  const prefix = pattern.name.slice(0, -"pattern".length);
  const sample = document.createElement("input");
  sample.className = "vTextField";
  sample.placeholder = "Try a value";
  sample.setAttribute("aria-label", "Try a value with this rule");
  const output = document.createElement("output");
  output.className = "help";
  const place = document.createElement("p");
  place.className = "tag-sample";
  place.append(sample, " ", output);
  (pattern.closest(".flex-container") ?? pattern).after(place);

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let number = 0;
  const ask = async () => {
    const asked = ++number;
    const query = new URLSearchParams({ value: sample.value });
    for (const name of ["pattern", "default", "allowed"]) {
      const field = document.getElementsByName(prefix + name)[0];
      if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) query.set(name, field.value);
    }
    const response = await fetch(`${pattern.dataset.tryUrl}?${query}`).catch(() => null);
    if (asked === number) output.textContent = response?.ok ? await response.text() : "";
  };
  /** @param {Event} event */
  const later = (event) => {
    const { target } = event;
    const names = ["pattern", "default", "allowed"].map((name) => prefix + name);
    if (target !== sample && !names.includes(/** @type {HTMLInputElement} */ (target).name)) return;
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  };
  (pattern.form ?? document).addEventListener("input", later);
  sample.addEventListener("keydown", (event) => {
    if (event.key === "Enter") event.preventDefault(); // which would save the rule
  });
}

function addSamples() {
  for (const pattern of document.querySelectorAll("input[data-try-url]")) {
    addSample(/** @type {HTMLInputElement} */ (pattern));
  }
}

document.addEventListener("formset:added", addSamples);
addSamples();
