import { describe, expect, test } from 'vitest';
import { replay, tidy } from './transcript.ts';

const expectTalk = (script: string) => expect(replay(script)).toBe(tidy(script));

describe('routing points', () => {
  test('[QU14] a routing point sends every call to its target', () => {
    expectTalk(`
      > call k1 +1 7000
      7000 Queued k1
      7000 RouteRequest k1
      7000 RouteUsed k1
      7000 Diverted k1
      6000 Queued k1
      treat k1 music
      6000 TreatmentApplied k1
      > call k2 +1 7001
      7001 Queued k2
      7001 RouteRequest k2
      7001 Diverted k2
      release k2 480
    `);
  });

  test('[QU14] [D14] a ring of overflows ends after ten hops', () => {
    const said = replay('> call k1 +1 6003');
    expect(said.match(/6003 Queued k1/g)).toHaveLength(10);
    expect(said.match(/6003 Diverted k1 Overflowed/g)).toHaveLength(10);
    expect(said.endsWith('release k1 482')).toBe(true);
  });
});
