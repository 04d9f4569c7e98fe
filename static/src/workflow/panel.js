// The panel beside the picture: what the server renders of a job, and the last lines of its log.

const LOG_LINES = 12;
const HEADERS = { "X-Requested-With": "fetch" };

export class Panel extends EventTarget {
  /** @param {HTMLElement} box */
  constructor(box) {
    super();
    this.box = box;
    this.url = "";
    this.run = 0;
    box.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest("[data-close]")) this.close();
    });
    box.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.close();
    });
  }

  /**
   * Show a job, or show it again after a change.
   * @param {string} url of its page
   */
  async show(url) {
    const isNew = this.url !== url;
    this.url = url;
    this.run += 1;
    const { run } = this;
    try {
      const holder = await fetchFragment(`${url}?part=panel`);
      if (run !== this.run) return;
      const log = this.box.querySelector("[data-panel-log]");
      const place = holder.querySelector("[data-panel-log]");
      if (!isNew && log && place) place.replaceChildren(...log.childNodes); // stays until the new lines are there
      this.box.replaceChildren(holder);
      this.box.hidden = false;
      const sentence = this.box.querySelector(".explanation-sentence")?.textContent;
      if (isNew && sentence) document.dispatchEvent(new CustomEvent("announce", { detail: sentence }));
      await this.showLog(run);
    } catch {
      if (run === this.run) this.fail();
    }
  }

  /** @param {number} run */
  async showLog(run) {
    /** @type {HTMLElement | null} */
    const place = this.box.querySelector("[data-panel-log]");
    if (!place) return;
    const holder = await fetchFragment(`${place.dataset.panelLog}?part=lines`);
    if (run !== this.run) return;
    /** @type {HTMLElement | null} */
    const chunk = holder.querySelector(".log-chunk");
    const lines = chunk ? [...chunk.children].slice(-LOG_LINES) : [];
    place.replaceChildren(...lines);
    if (!lines.length) place.append(note(chunk?.dataset.problem || "No log output yet."));
    place.scrollTop = place.scrollHeight;
  }

  fail() {
    this.box.replaceChildren(note("Couldn't load this step. Select it again."));
    this.box.hidden = false;
  }

  close() {
    this.run += 1;
    this.url = "";
    this.box.hidden = true;
    this.box.replaceChildren();
    this.dispatchEvent(new CustomEvent("close"));
  }
}

/** @param {string} text */
function note(text) {
  const paragraph = document.createElement("p");
  paragraph.className = "log-notice";
  paragraph.textContent = text;
  return paragraph;
}

/** @param {string} url */
async function fetchFragment(url) {
  const response = await fetch(url, { headers: HEADERS });
  if (!response.ok) throw new Error(String(response.status));
  const holder = document.createElement("template");
  holder.innerHTML = await response.text(); // rendered and escaped by the server
  return holder.content;
}
