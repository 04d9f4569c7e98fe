// Durations as the pages show them (static/js/time.js, which the page loads under a name with a hash).

/** @param {number} seconds */
export function span(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [minutes, second] = [Math.floor(whole / 60), whole % 60];
  const [hours, minute] = [Math.floor(minutes / 60), minutes % 60];
  const [days, hour] = [Math.floor(hours / 24), hours % 24];
  if (days) return hour ? `${days} d ${hour} h` : `${days} d`;
  if (hours) return minute ? `${hours} h ${minute} min` : `${hours} h`;
  if (minutes) return second ? `${minutes} min ${second} s` : `${minutes} min`;
  return `${second} s`;
}
