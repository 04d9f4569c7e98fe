// What the forms of a job and a definition gain from scripts: rows that are added, taken away and pasted into, marks at
// fields that are wrong, and words for those who do not see the page change. htmx asks for the preview.

const say = (words) => document.dispatchEvent(new CustomEvent("say", { detail: words }));
const form = document.querySelector("[data-form]");
const fields = form.querySelector("[data-fields]");
const key = form.querySelector("[name=request_key]");
const MOST_PASTED = 200;
let added = 0;

function freshKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

const again = () => fields.dispatchEvent(new CustomEvent("again"));

// -- Rows
function addLine(rows, name = "", value = "") {
  const copy = rows.querySelector("template").content.cloneNode(true);
  added += 1;
  for (const control of copy.querySelectorAll("[name]")) {
    control.name = control.name.replace("-NEW-", `-n${1000 + added}-`);
  }
  const line = copy.querySelector("[data-line]");
  rows.querySelector("[data-list]").append(copy);
  fill(line, name, value);
  return line;
}

function fill(line, name, value) {
  const [first, second] = line.querySelectorAll("input:not([type=hidden]), textarea");
  first.value = name;
  second.value = value;
}

function isEmpty(line) {
  return [...line.querySelectorAll("input:not([type=hidden]), textarea")].every((control) => !control.value);
}

fields.addEventListener("click", (event) => {
  const adds = event.target.closest("[data-add]");
  if (adds) addLine(adds.closest("[data-rows]")).querySelector("input").focus();

  const removes = event.target.closest("[data-remove]");
  if (!removes) return;
  const line = removes.closest("[data-line]");
  const beside = line.nextElementSibling ?? line.previousElementSibling;
  const next = beside?.querySelector("[data-remove]") ?? line.closest("[data-rows]").querySelector("[data-add]");
  say(`Removed ${line.querySelector("input").value || "a row"}.`);
  line.remove();
  key.value = freshKey();
  next.focus();
  again();
});

// KEY=value, as env files and shells have it: with export, with quotes, with comments between.
function pairs(text) {
  const found = [];
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (!line.trim() || line.trim().startsWith("#")) continue;
    const pair = /^\s*(?:export\s+)?([A-Za-z_][\w.:/-]*)\s*=\s*(.*?)\s*$/.exec(line);
    if (!pair) return [];
    const quoted = /^(["'])(.*)\1$/.exec(pair[2]);
    found.push([pair[1], quoted ? quoted[2] : pair[2]]);
  }
  return found.slice(0, MOST_PASTED);
}

fields.addEventListener("paste", (event) => {
  const line = event.target.closest("[data-line]");
  const text = event.clipboardData?.getData("text/plain") ?? "";
  const found = line && event.target === line.querySelector("input") ? pairs(text) : [];
  if (!found.length) return;
  event.preventDefault();
  const rows = line.closest("[data-rows]");
  const lines = [...rows.querySelectorAll("[data-line]")];
  for (const [name, value] of found) {
    const same = lines.find((each) => each.querySelector("input").value === name);
    const free = isEmpty(line) ? line : lines.find(isEmpty);
    const target = same ?? free;
    if (target) fill(target, name, value);
    else lines.push(addLine(rows, name, value));
  }
  say(`${found.length} ${found.length === 1 ? "row" : "rows"} filled in.`);
  key.value = freshKey();
  again();
});

fields.addEventListener("input", () => (key.value = freshKey())); // another form is another wish

// -- Enter looks, and sends nothing. The word "check" would load the page again; the preview does not.
form.addEventListener("submit", (event) => {
  if (!event.submitter?.matches("[data-enter]")) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  again();
});

// -- The preview
function mark() {
  for (const said of form.querySelectorAll(".field-said")) {
    const control = document.getElementById(said.id.replace("said-", "f-"));
    if (!control) continue;
    if (said.querySelector(".field-finding:not(.is-warning)")) control.setAttribute("aria-invalid", "true");
    else control.removeAttribute("aria-invalid");
    const hint = document.getElementById(said.id.replace("said-", "about-"))?.querySelector(".hint-value");
    if (hint && "placeholder" in control) control.placeholder = hint.textContent;
  }
}

let open = true;
let before = "";
form.addEventListener("toggle", (event) => event.target.matches("[data-made]") && (open = event.target.open), true);
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "beside" && event.target.id !== "beside") return;
  const made = form.querySelector("[data-made]");
  if (made && made.open !== open) made.open = open;
  mark();
  const state = form.querySelector("#beside .st")?.textContent.trim();
  const words = `${state}. ${form.querySelector("#sentence").textContent.trim()}`;
  if (words !== before) say(words);
  before = words;
});

// The panel must not go on praising a form that it has not seen.
for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, (event) => {
    if (!fields.contains(event.target)) return;
    const beside = document.getElementById("beside");
    const status = event.detail.xhr?.status;
    let note = beside.querySelector(".verdict-refused");
    if (!note) {
      note = document.createElement("p");
      note.className = "verdict-refused";
      beside.querySelector(".verdict-head").after(note);
    }
    note.textContent =
      status === 401
        ? "You are signed out. Sign in in another tab; what you filled in stays here."
        : "The portal could not judge this. It is judged again when you send it.";
    document.getElementById("sentence").textContent = "Check and submit";
  });
}

// -- From a problem to its field
form.addEventListener("click", (event) => {
  const link = event.target.closest("[data-to]");
  if (!link) return;
  event.preventDefault();
  const said = document.getElementById(`said-${link.dataset.to}`);
  const field = document.getElementById(`f-${link.dataset.to}`) ?? said?.closest("fieldset")?.querySelector("input:not([type=hidden])");
  field?.focus();
  field?.scrollIntoView({ block: "center" });
});

mark();
form.querySelector("[autofocus]")?.focus();
