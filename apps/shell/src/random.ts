/**
 * Randomness from the operating system in the shape that the packages take. Drawn in blocks, because one system
 * call a number would cost more than everything else a SIP branch needs.
 */
import { randomFillSync } from 'node:crypto';
import type { Random } from '@holdfast/kernel';

const BLOCK = 1_024;

export function cryptoRandom(): Random {
  const block = new Uint32Array(BLOCK);
  let used = BLOCK;
  return () => {
    if (used === BLOCK) {
      randomFillSync(block);
      used = 0;
    }
    return (block[used++] as number) / 4_294_967_296;
  };
}
