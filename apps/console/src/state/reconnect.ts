/**
 * How long the page waits before it asks for the lab again: short at first, since a lab is often just restarted;
 * never longer than a person is willing to look at a page that says it is trying.
 */
const FIRST_MS = 500;
const MAX_MS = 4_000;

/** `attempt` counts the failures in a row, from 1. */
export function reconnectDelayMs(attempt: number): number {
  return Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(attempt - 1, 10));
}
