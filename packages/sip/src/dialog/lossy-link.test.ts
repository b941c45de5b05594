import { describe, expect, it } from 'vitest';
import { endsOf, hangUp, live, standing } from './bad-link.ts';

describe('a link that loses, repeats and reorders', () => {
  it('[UA13] both sides agree in the end on which calls stand', () => {
    let stood = 0;
    for (let seed = 1; seed <= 150; seed++) {
      const s = live(seed);
      expect(standing(s, 'alice'), `seed ${seed}`).toEqual(standing(s, 'bob'));
      stood += standing(s, 'alice').length;
    }
    expect(stood).toBeGreaterThan(50);
  });

  it('[UA14] when everybody has hung up nothing is left, and every leg had one end', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const s = live(seed);
      hangUp(s);
      expect(s.held(), `seed ${seed}`).toBe(0);
      for (const side of ['alice', 'bob'] as const)
        for (const [leg, count] of endsOf(s, side)) expect(count, `seed ${seed} ${side} ${leg}`).toBe(1);
    }
  });
});

describe('and processes that die, whose mates go on', () => {
  it('[UA15] both sides agree in the end on which calls stand, nothing is left, every leg had one end', () => {
    let stood = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const s = live(seed, 0.15);
      expect(standing(s, 'alice'), `seed ${seed}`).toEqual(standing(s, 'bob'));
      stood += standing(s, 'alice').length;
      hangUp(s);
      expect(s.held(), `seed ${seed}`).toBe(0);
      for (const side of ['alice', 'bob'] as const)
        for (const [leg, count] of endsOf(s, side)) expect(count, `seed ${seed} ${side} ${leg}`).toBe(1);
    }
    expect(stood).toBeGreaterThan(20);
  });
});
