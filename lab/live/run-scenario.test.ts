import { expect, test } from 'vitest';
import { spoiledBy } from './run-scenario.ts';

test('figures of a machine that was too busy are marked, with who was late and by how much', () => {
  expect(spoiledBy({ lab: 40, servers: 40 })).toBeUndefined();
  expect(spoiledBy({ lab: 12.5, servers: null })).toBeUndefined();
  expect(spoiledBy({ lab: 61.5, servers: null })).toContain('the lab 61.5 ms, above 40 ms');
  expect(spoiledBy({ lab: 61.5, servers: 80 })).toContain('the lab 61.5 ms, a server 80 ms');
});
