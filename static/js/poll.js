// Asks the portal again and again while something changes: not in a hidden tab, and no more once the answer is that the
// person is signed out or may not see the page.

const REFUSALS = [401, 403, 404];

/** @param {Response} response */
export function check(response) {
  if (!response.ok) throw new Error(String(response.status));
  return response;
}

/**
 * Begin to poll. Return a function that asks at once, and restarts the wait.
 * @param {object} options
 * @param {() => Promise<void>} options.ask rejects with an HTTP status as its message, or for another reason
 * @param {() => boolean} options.goesOn asked after each answer, also after an error
 * @param {(status: number) => void} options.onError 0 if there was no answer
 * @param {number} options.interval in ms
 */
export function poll({ ask, goesOn, onError, interval }) {
  let timer = 0;
  let round = 0;
  let isLive = true;

  async function next() {
    clearTimeout(timer);
    if (document.hidden) return; // asks when the tab is seen again
    round += 1;
    const own = round;
    let isRefused = false;
    try {
      await ask();
    } catch (error) {
      if (own !== round) return;
      const status = Number(error.message) || 0;
      isRefused = REFUSALS.includes(status);
      onError(status);
    }
    if (own !== round) return; // another round has begun
    isLive = !isRefused && goesOn();
    if (isLive) timer = window.setTimeout(next, interval);
  }

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && isLive) next();
  });
  next();
  return () => {
    isLive = true;
    return next();
  };
}
