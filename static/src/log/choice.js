// The attempt, container or node whose log is shown. It is in the address, and a download is of the same.

/** @type {["attempt", "container", "node"]} */
const NAMES = ["attempt", "container", "node"];

export class Choice {
  /**
   * @param {HTMLElement} box
   * @param {() => void} restart
   */
  constructor(box, restart) {
    this.box = box;
    this.restart = restart;
    this.shownAttempts = this.attempts;
    const parameters = new URLSearchParams(location.search);
    for (const name of NAMES) {
      const select = this.select(name);
      const value = parameters.get(name);
      if (select && value && [...select.options].some((option) => option.value === value)) select.value = value;
      select?.addEventListener("change", () => this.change());
    }
    this.linkFiles();
    document.addEventListener("htmx:afterSwap", () => this.offerAttempts());
  }

  /** @returns {Record<string, string>} */
  get query() {
    const chosen = NAMES.map((name) => [name, this.select(name)?.value ?? ""]);
    return Object.fromEntries(chosen.filter(([, value]) => value));
  }

  /** The live part of a job's page carries the number of attempts. */
  get attempts() {
    /** @type {HTMLElement | null} */
    const element = document.querySelector("[data-attempts]");
    return Number(element?.dataset.attempts || 0);
  }

  /** @param {string} name */
  select(name) {
    const element = this.box.querySelector(`[data-choice="${name}"]`);
    return element instanceof HTMLSelectElement ? element : null;
  }

  change() {
    const address = new URL(location.href);
    for (const name of NAMES) {
      const value = this.query[name];
      if (value) address.searchParams.set(name, value);
      else address.searchParams.delete(name);
    }
    address.hash = "";
    history.replaceState(history.state, "", address);
    this.linkFiles();
    this.restart();
  }

  linkFiles() {
    /** @type {NodeListOf<HTMLAnchorElement>} */
    const links = this.box.querySelectorAll("a[data-log-file]");
    for (const link of links) {
      const query = new URLSearchParams(link.search);
      for (const name of NAMES) {
        if (this.query[name]) query.set(name, this.query[name]);
        else query.delete(name);
      }
      link.search = String(query);
    }
  }

  /** Show a new attempt as soon as it starts. */
  offerAttempts() {
    const { attempts } = this;
    const select = this.select("attempt");
    if (!select || attempts === this.shownAttempts) return;
    const isNewest = !select.value || Number(select.value) === this.shownAttempts;
    const chosen = select.value;
    this.shownAttempts = attempts;
    if (attempts < 2) return;
    const options = Array.from({ length: attempts }, (_, index) => new Option(`${index + 1} of ${attempts}`, String(index + 1)));
    select.replaceChildren(...options);
    select.value = isNewest ? String(attempts) : chosen;
    const label = select.closest("label");
    if (label) label.hidden = false;
    if (!isNewest) return;
    this.linkFiles();
    this.restart();
  }
}
