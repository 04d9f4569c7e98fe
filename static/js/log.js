// The log on a job's page. It opens at the end and follows; scrolling up pauses it. Lines come as ready HTML from
// the server, which alone decides what in them may be more than text.

const box = document.querySelector("[data-log]");
const pane = box.querySelector("[data-lines]");
const text = box.querySelector("[data-text]");
const older = box.querySelector("[data-older]");
const jump = box.querySelector("[data-jump]");
const note = box.querySelector("[data-trouble]");
const chooser = box.querySelector("[data-attempt]");
const files = box.querySelectorAll("[data-log-file]"); // a download is of the attempt that is shown
const EVERY = 2000;
const MOST_LINES = 5000;
const LAST_LOOKS = 5; // CloudWatch is seconds behind: the last lines come after the end

let newer = "";
let looks = LAST_LOOKS;
let unread = 0;
let timer;
let turn = 0;
let shownAttempts = 0;

const atEnd = () => pane.scrollHeight - pane.scrollTop - pane.clientHeight < 24;
const toEnd = () => (pane.scrollTop = pane.scrollHeight);
const going = () => Boolean(document.querySelector("[data-attempts]")?.dataset.going);

async function ask(query) {
  const asked = new URLSearchParams({ part: "lines", ...query });
  if (chooser.value) asked.set("attempt", chooser.value);
  const answer = await fetch(`${box.dataset.log}?${asked}`, { headers: { "X-Requested-With": "fetch" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const holder = document.createElement("template");
  holder.innerHTML = await answer.text();
  return holder.content.querySelector(".piece");
}

async function follow() {
  clearTimeout(timer);
  const mine = turn;
  let failed = 0;
  if (!document.hidden) {
    try {
      const opening = !newer;
      const piece = await ask(newer ? { after: newer } : {});
      if (mine !== turn) return; // another attempt was chosen meanwhile
      append(piece, opening);
    } catch (error) {
      if (mine !== turn) return;
      failed = Number(error.message) || 1;
      say_why(failed === 401 ? "You are signed out. Load the page again." : "The log cannot be asked for at this moment.");
    }
  }
  if (!document.hidden) looks = going() ? LAST_LOOKS : looks - 1;
  if (looks > 0 && ![401, 403, 404].includes(failed)) timer = setTimeout(follow, EVERY);
  else if (!text.childElementCount && !note.textContent) say_why("It wrote nothing.");
}

function append(piece, opening) {
  const follows = opening || atEnd();
  const lines = piece.childElementCount;
  newer = piece.dataset.newer || newer;
  if (opening) setOlder(piece.dataset.older);
  if (lines) text.append(...piece.children);
  trim(follows);
  say_why(piece.dataset.why || (text.childElementCount || !going() ? "" : "It has written nothing yet."));
  if (follows) {
    toEnd();
  } else if (lines) {
    unread += lines;
    jump.hidden = false;
    jump.querySelector("span").textContent = `${unread} new line${unread === 1 ? "" : "s"} – jump to the end`;
  }
}

// A job that talks for hours must not fill the browser's memory. Only what scrolled away above goes.
function trim(follows) {
  if (!follows || text.childElementCount <= MOST_LINES) return;
  while (text.childElementCount > MOST_LINES) text.firstElementChild.remove();
  setOlder("");
  older.hidden = true;
}

function setOlder(token) {
  older.dataset.token = token;
  older.hidden = !token;
}

function say_why(words) {
  note.textContent = words;
  note.hidden = !words;
}

older.addEventListener("click", async () => {
  older.disabled = true;
  try {
    const piece = await ask({ before: older.dataset.token });
    const height = pane.scrollHeight;
    const token = piece.dataset.older;
    text.prepend(...piece.children);
    setOlder(token);
    pane.scrollTop += pane.scrollHeight - height; // what is being read stays where it is
  } catch {
    say_why("Older lines cannot be asked for at this moment.");
  }
  older.disabled = false;
});

pane.addEventListener("scroll", () => {
  if (!atEnd()) return;
  unread = 0;
  jump.hidden = true;
});
jump.addEventListener("click", toEnd);

for (const button of box.querySelectorAll("[data-toggle]")) {
  button.addEventListener("click", () => {
    const end = atEnd();
    const on = pane.classList.toggle(button.dataset.toggle);
    button.setAttribute("aria-pressed", String(on));
    if (end) toEnd();
  });
}

function begin() {
  turn += 1;
  [newer, looks, unread] = ["", LAST_LOOKS, 0];
  text.replaceChildren();
  jump.hidden = true;
  setOlder("");
  say_why("Asking for the log…");
  for (const file of files) {
    const query = new URLSearchParams(file.search);
    if (chooser.value) query.set("attempt", chooser.value);
    file.search = query;
  }
  follow();
}

// The live part of the page knows how many attempts there are; a new one is shown as soon as it begins.
function offerAttempts() {
  const count = Number(document.querySelector("[data-attempts]")?.dataset.attempts || 0);
  if (count === shownAttempts) return;
  const first = shownAttempts === 0;
  shownAttempts = count;
  chooser.replaceChildren(...Array.from({ length: count }, (_, index) => new Option(`${index + 1} of ${count}`, index + 1)));
  chooser.value = String(count);
  chooser.closest("label").hidden = count < 2;
  if (!first || !text.childElementCount) begin();
}

chooser.addEventListener("change", begin);
document.addEventListener("htmx:afterSwap", offerAttempts);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && looks > 0) follow();
});
offerAttempts();
if (!shownAttempts) begin();
