import type { BoardLedger } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import { governorWords } from '../texts.ts';
import { axisTicks, recoveryOf } from './recovery.ts';

const FAULT_AT = 1_000_000;

function ledger(readyAfterMs: readonly (number | null)[]): BoardLedger {
  const at = (ms: number | null) => (ms === null ? null : FAULT_AT + ms);
  return {
    fault: { at: FAULT_AT, what: 'killed', site: 'north' },
    agents: readyAfterMs.map((ready, index) => ({
      agent: `agent${index}`,
      lastAbleAt: FAULT_AT,
      detectedAt: at(20 + index),
      decidedAt: at(ready === null ? null : 3_000),
      loggedInAt: at(ready === null ? null : ready - 100),
      allowedAt: at(ready === null ? null : 3_000),
      readyAt: at(ready),
      governedBy: ready === null ? null : 'disaster-recovery.timeout',
    })),
    waiting: readyAfterMs.filter((ready) => ready === null).length,
    total: null,
    afterWait: null,
  };
}

describe('recovery', () => {
  it('the curve goes up by one with each agent who is Ready again, in the order of time', () => {
    const { curve, lanes, concerned } = recoveryOf(ledger([3_900, 3_200, null, 3_500]), FAULT_AT + 4_200);
    expect(concerned).toBe(4);
    expect(curve).toEqual([
      { atMs: 0, agents: 0 },
      { atMs: 3_200, agents: 1 },
      { atMs: 3_500, agents: 2 },
      { atMs: 3_900, agents: 3 },
    ]);
    expect(lanes.detected).toEqual([20, 21, 22, 23]);
    expect(lanes.loggedIn).toHaveLength(3);
  });

  it('what was allowed is a curve of its own, with its longest wait and the options that governed', () => {
    const { allowed, allowedMs, governedBy } = recoveryOf(ledger([3_900, null, 3_500]), FAULT_AT + 5_000);
    expect(allowed.at(-1)).toEqual({ atMs: 3_000, agents: 2 });
    expect(allowedMs).toBe(3_000);
    expect(governedBy).toEqual([{ option: 'disaster-recovery.timeout', least: null, most: null, agents: 2 }]);
  });

  it('what governed is named once, options first, and all calls together with the range of their times', () => {
    const { agents, ...rest } = ledger([3_900, 3_500, 3_600, 3_200, 3_100]);
    const names = [
      'call-at-lost-site=3400 ms',
      'site-timeout=3000 ms',
      'call-at-lost-site=3700 ms',
      'disaster-recovery.timeout=3000 ms',
      'site-timeout=3000 ms',
    ];
    const governed = agents.map((agent, index) => ({ ...agent, governedBy: names[index] ?? null }));
    const { governedBy } = recoveryOf({ ...rest, agents: governed }, FAULT_AT + 5_000);
    expect(governedBy).toEqual([
      { option: 'disaster-recovery.timeout', least: 3_000, most: 3_000, agents: 1 },
      { option: 'site-timeout', least: 3_000, most: 3_000, agents: 2 },
      { option: null, least: 3_400, most: 3_700, agents: 2 },
    ]);
    expect(governedBy.map(governorWords)).toEqual([
      'disaster-recovery.timeout = 3 s',
      'site-timeout = 3 s',
      'end of their calls, 3.4 s to 3.7 s',
    ]);
  });

  it('before anybody has decided there is no allowed wait', () => {
    const { allowedMs, curve } = recoveryOf(ledger([null, null]), FAULT_AT + 1_000);
    expect(allowedMs).toBeNull();
    expect(curve).toEqual([{ atMs: 0, agents: 0 }]);
  });

  it('the axis grows while somebody is away, and rests when all are back', () => {
    const open = ledger([3_200, null]);
    expect(recoveryOf(open, FAULT_AT + 20_000).endMs).toBe(20_000);
    const closed = ledger([3_200, 6_000]);
    const { endMs, nowMs } = recoveryOf(closed, FAULT_AT + 500_000);
    expect(endMs).toBeCloseTo(6_480);
    expect(nowMs).toBe(endMs);
  });

  it('the axis does not grow without end for one who never comes back', () => {
    expect(recoveryOf(ledger([3_200, null]), FAULT_AT + 9_000_000).endMs).toBe(60_000);
  });

  it('an instant before the fault, from a clock that jumped, counts as the fault', () => {
    expect(recoveryOf(ledger([-40]), FAULT_AT).lanes.ready).toEqual([0]);
  });

  it('ticks are round and few', () => {
    expect(axisTicks(5_000)).toEqual([0, 1_000, 2_000, 3_000, 4_000, 5_000]);
    expect(axisTicks(61_000)).toEqual([0, 10_000, 20_000, 30_000, 40_000, 50_000, 60_000]);
    for (const endMs of [5_000, 17_000, 90_000, 600_000, 86_400_000])
      expect(axisTicks(endMs).length).toBeLessThanOrEqual(9);
  });
});
