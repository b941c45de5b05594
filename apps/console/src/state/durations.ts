/**
 * Durations in words, for people who read them from across a room: "3.4 s", "48 s", "2 min 05 s", "1 h 10 min".
 */
export function exactDuration(ms: number): string {
  return ms < 59_950 ? `${(ms / 1000).toFixed(1)} s` : wholeDuration(ms + 500);
}

/** Without tenths: for what changes while one looks at it. */
export function wholeDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${twoDigits(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
}

/** Wall clock of the day: 14:03:07. */
export function clockTime(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
}

const twoDigits = (number: number) => String(number).padStart(2, '0');
