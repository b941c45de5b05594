import { expect, test } from 'vitest';
import { type StoreKind, storePromise } from './store-promise.ts';

const postgres = (more: object = {}): StoreKind => ({
  ...{ type: 'postgres', fsync: true, synchronousStandbyNames: 'ANY 1 (south)' },
  ...more,
});

test.each([
  ['a PGlite', { type: 'pglite' } as const, 'info', 'copies at the proxies'],
  ['a PostgreSQL with a synchronous standby', postgres(), 'info', 'also where a standby is promoted'],
  [
    'a PostgreSQL without one',
    postgres({ synchronousStandbyNames: ' ' }),
    'warn',
    'Name synchronous_standby_names',
  ],
  ['a PostgreSQL that never waits for its disk', postgres({ fsync: false }), 'warn', 'Set fsync = on'],
])(
  '[CW5] what %s promises is said, and warned of where a promotion or a machine may cost entries',
  (_, kind, level, words) => {
    const said = storePromise(kind);
    expect(said.level).toBe(level);
    expect(said.text).toContain('survives the death of this process');
    expect(said.text).toContain(words);
  },
);
