// A search over all of the log, which the server does step by step.

import { MAX_MATCHES } from "./matches.js";

/** @typedef {import("./types").MatchesAnswer} MatchesAnswer */

export class LogSearch extends EventTarget {
  /** @param {(query: Record<string, string>, signal: AbortSignal) => Promise<MatchesAnswer>} request */
  constructor(request) {
    super();
    this.request = request;
    /** @type {AbortController | null} */
    this.abort = null;
    this.text = "";
    this.errorsOnly = false;
    /** @type {number[]} */
    this.matches = [];
    this.next = 0;
    this.total = 0;
    this.isCancelled = false;
    this.hasFailed = false;
  }

  get isActive() {
    return Boolean(this.text) || this.errorsOnly;
  }

  get isRunning() {
    return this.abort !== null;
  }

  get isFull() {
    return this.matches.length >= MAX_MATCHES;
  }

  /**
   * @param {string} text
   * @param {boolean} errorsOnly
   */
  start(text, errorsOnly) {
    this.abort?.abort();
    this.abort = null;
    this.text = text;
    this.errorsOnly = errorsOnly;
    this.matches = [];
    this.next = this.total = 0;
    this.isCancelled = this.hasFailed = false;
    this.dispatchEvent(new Event("change"));
    return this.proceed();
  }

  /** Search what has come since. */
  async proceed() {
    if (!this.isActive || this.isRunning || this.isCancelled || this.isFull) return;
    const abort = new AbortController();
    this.abort = abort;
    this.hasFailed = false;
    try {
      for (let isMore = true; isMore && !this.isFull; ) {
        const query = { q: this.text, from: String(this.next), ...(this.errorsOnly ? { errors: "1" } : {}) };
        const answer = await this.request(query, abort.signal);
        if (this.abort !== abort) return;
        isMore = answer.next > this.next && answer.next < answer.count;
        [this.next, this.total] = [answer.next, answer.count];
        const room = MAX_MATCHES - this.matches.length;
        for (const line of answer.matches.slice(0, room)) this.matches.push(line);
        this.dispatchEvent(new Event("change"));
      }
    } catch {
      this.hasFailed = this.abort === abort;
    }
    if (this.abort !== abort) return;
    this.abort = null;
    this.dispatchEvent(new Event("change"));
  }

  cancel() {
    this.abort?.abort();
    this.abort = null;
    this.isCancelled = true;
    this.dispatchEvent(new Event("change"));
  }

  resume() {
    this.isCancelled = false;
    return this.proceed();
  }
}
