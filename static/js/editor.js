// The editor is a plain text field. This adds line numbers, opening and dropping a file, jumping to a problem, and
// keeping the draft. The Tab key stays what it is: the way out of the field.

const say = (words) => document.dispatchEvent(new CustomEvent("say", { detail: words }));
const form = document.querySelector("[data-editor]");
const text = form.querySelector("textarea");
const numbers = form.querySelector("[data-numbers]");
const size = form.querySelector("[data-size]");
const file = form.querySelector("input[type=file]");
const key = form.querySelector("[name=request_key]");
const largest = Number(form.dataset.largest);
const draft = `draft:${form.dataset.draft}`;
let shown = 0;
let late;

function drawNumbers() {
  let lines = 1;
  for (let at = text.value.indexOf("\n"); at !== -1; at = text.value.indexOf("\n", at + 1)) lines += 1;
  if (lines !== shown) {
    shown = lines;
    numbers.textContent = Array.from({ length: lines }, (_, index) => index + 1).join("\n");
  }
  numbers.scrollTop = text.scrollTop;
}

function drawSize() {
  const bytes = new Blob([text.value]).size;
  const tooLarge = bytes > largest;
  size.textContent = bytes < 1024 ? "" : `${(bytes / 1024).toFixed(bytes < 10240 ? 1 : 0)} KiB`;
  size.classList.toggle("too-large", tooLarge);
  if (tooLarge) size.textContent += ` – ${Math.round(largest / 1024)} KiB are read at most`;
}

// A random key, where crypto.randomUUID is missing too: browsers hide it over plain HTTP.
function freshKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function keep() {
  try {
    if (text.value) sessionStorage.setItem(draft, text.value);
    else sessionStorage.removeItem(draft);
  } catch {
    // too large for the browser's storage, or storage is forbidden: then there is no draft
  }
}

text.addEventListener("scroll", () => (numbers.scrollTop = text.scrollTop));
text.addEventListener("input", () => {
  key.value = freshKey(); // another text is another wish; the same text sent twice is one
  drawNumbers();
  clearTimeout(late);
  late = setTimeout(() => {
    drawSize();
    keep();
  }, 300);
});

function put(content) {
  text.value = content;
  text.dispatchEvent(new Event("input", { bubbles: true }));
  text.setSelectionRange(0, 0);
  text.scrollTop = 0;
  text.focus();
}

async function open(chosen) {
  if (!chosen) return;
  if (chosen.size > largest) {
    // Left in the form, it would be sent; the portal says the same then.
    say(`${chosen.name} is too large.`);
    size.textContent = `${chosen.name} is too large: ${Math.round(largest / 1024)} KiB are read at most`;
    size.classList.add("too-large");
    file.value = "";
    return;
  }
  try {
    put(new TextDecoder("utf-8", { fatal: true }).decode(await chosen.arrayBuffer()));
    file.value = ""; // from here on the text in the editor is what counts
    say(`${chosen.name} is open.`);
  } catch {
    file.value = "";
    say(`${chosen.name} is not text.`);
    size.textContent = `${chosen.name} is not text in UTF-8`;
    size.classList.add("too-large");
  }
}

file.addEventListener("change", () => open(file.files[0]));
for (const kind of ["dragover", "dragleave", "drop"]) {
  form.addEventListener(kind, (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    form.classList.toggle("dropping", kind === "dragover");
    if (kind === "drop") open(event.dataTransfer.files[0]);
  });
}

form.addEventListener("click", (event) => {
  const jump = event.target.closest("[data-line]");
  if (!jump) return;
  const lines = text.value.split("\n");
  const line = Math.min(Number(jump.dataset.line), lines.length);
  const start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  text.focus();
  text.setSelectionRange(start, start + lines[line - 1].length);
  const height = parseFloat(getComputedStyle(text).lineHeight);
  text.scrollTop = Math.max(0, (line - 4) * height);
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id !== "verdict") return;
  const state = event.target.querySelector(".st")?.textContent.trim();
  const headline = event.target.querySelector("h2")?.textContent.trim();
  say(`${headline}: ${state}.`);
});

// The panel must not go on praising a text that it has not seen.
for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, (event) => {
    if (event.target !== text) return;
    const panel = document.getElementById("verdict");
    const words = {
      401: "You are signed out. Sign in in another tab; your text stays here.",
      413: "The text is too large to be judged.",
    }[event.detail.xhr?.status];
    let note = panel.querySelector(".verdict-refused");
    if (!note) {
      note = document.createElement("p");
      note.className = "verdict-refused";
      panel.querySelector(".verdict-head").after(note);
    }
    note.textContent = words ?? "The portal could not judge this version of the text. It is judged again when you send it.";
    panel.querySelector("button[type=submit]").disabled = false;
  });
}

form.addEventListener("submit", () => {
  keep();
  try {
    sessionStorage.setItem("sent", form.dataset.draft);
  } catch {
    // no storage, no draft to forget
  }
});

if (!text.value) {
  try {
    const kept = sessionStorage.getItem(draft);
    if (kept) {
      put(kept);
      size.textContent = "Your unsent text is back";
      setTimeout(() => window.htmx?.trigger(text, "judge"), 100);
    }
  } catch {
    // no storage, no draft
  }
}
drawNumbers();
drawSize();
document.querySelector(".verdict [autofocus]")?.focus();
