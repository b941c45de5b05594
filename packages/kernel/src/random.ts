/**
 * Randomness is a parameter. A shell passes one that is fed by the operating system, a test or the simulator
 * one that is fed by a seed, so that a failing run replays exactly.
 */

/** A number in [0, 1). */
export type Random = () => number;

/** A seeded generator (mulberry32). Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** A whole number from `least` to `most`, both included. */
export function randomInteger(random: Random, least: number, most: number): number {
  return least + Math.floor(random() * (most - least + 1));
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** An identifier of `length` letters and digits, about 5.2 bits each. */
export function randomToken(random: Random, length: number): string {
  let token = '';
  for (let i = 0; i < length; i++) token += ALPHABET[Math.floor(random() * ALPHABET.length)];
  return token;
}
