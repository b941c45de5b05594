/**
 * Arrow keys on the cards: to the nearest card in the direction of the key, as the eye would go; Home and End to
 * the first and the last.
 */
import type { Seat } from './seating.ts';

const DIRECTIONS: Readonly<Record<string, Seat>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};
/** A step aside counts as more than a step ahead, so that a row is followed to its end first. */
const ASIDE = 3;

/** Undefined when the key does not move the focus, or there is no card in that direction. */
export function nextCard(key: string, from: string, seats: ReadonlyMap<string, Seat>): string | undefined {
  const names = [...seats.keys()];
  if (key === 'Home') return names[0];
  if (key === 'End') return names.at(-1);
  const direction = DIRECTIONS[key];
  const here = seats.get(from);
  if (direction === undefined || here === undefined) return undefined;
  let nearest: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const [name, { x, y }] of seats) {
    const ahead = (x - here.x) * direction.x + (y - here.y) * direction.y;
    const aside = Math.abs((x - here.x) * direction.y) + Math.abs((y - here.y) * direction.x);
    const distance = ahead + ASIDE * aside;
    if (name === from || ahead <= 0 || distance >= least) continue;
    nearest = name;
    least = distance;
  }
  return nearest;
}
