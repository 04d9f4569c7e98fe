// Durations and ages as words. The server renders them first, by the same rules (jobs/templatetags/portal.py); both are
// tested with the same cases. Also part of the bundle that draws workflows.

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

/** @param {number} seconds */
export function ago(seconds) {
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${Math.floor(seconds)} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return `${Math.floor(seconds / 86400)} d ago`;
}
