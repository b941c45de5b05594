import { expect, test } from 'vitest';
import { Ledger } from '../src/ledger.ts';
import { boardLedgerOf } from './board-ledger.ts';

const WALL_AHEAD_MS = 1_000_000;
const wall = (at: number) => at + WALL_AHEAD_MS;

/** Three agents of a site that was killed at 1000, of whom one is Ready again at 4000. */
function ledger(): Ledger {
  const made = new Ledger({ phoneAt: () => undefined, leaseEndAt: () => undefined });
  const faulted = (agent: string) => ({
    agent,
    scheme: 'dual',
    site: 'north',
    detectionMs: 0,
    calls: [],
  });
  made.fault(1000, { what: 'killed', site: 'north' }, ['a', 'b', 'c'].map(faulted));
  const option = { name: 'disaster-recovery.timeout', valueMs: 2500 };
  made.see(3500, 'a', { type: 'decided', to: 'south', because: 'north is lost', option });
  made.see(4000, 'a', { type: 'ready', site: 'south' });
  return made;
}

test('who still waits counts in all with the time so far, and is counted beside the figures', () => {
  const [fault] = ledger().faults;
  if (fault === undefined) throw new Error('no fault');
  const board = boardLedgerOf(fault, { now: wall(11_000), wall });
  expect(board.waiting).toBe(2);
  expect(board.total).toEqual({ p50: 10_000, p95: 10_000, p99: 10_000 });
  // 500 ms after what the option allowed; the two others are not known yet.
  expect(board.afterWait).toEqual({ p50: 500, p95: 500, p99: 500 });
});

test('nobody waits any more: the figures stand, whatever the time', () => {
  const made = ledger();
  for (const agent of ['b', 'c']) made.see(5000, agent, { type: 'ready', site: 'south' });
  const [fault] = made.faults;
  if (fault === undefined) throw new Error('no fault');
  const board = boardLedgerOf(fault, { now: wall(99_000), wall });
  expect(board).toMatchObject({ waiting: 0, total: { p50: 4000, p99: 4000 }, fault: { at: wall(1000) } });
});

test('before the first is Ready again nothing is known past the wait', () => {
  const made = new Ledger({ phoneAt: () => undefined, leaseEndAt: () => undefined });
  const agent = { agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, calls: [] };
  made.fault(0, { what: 'hung', site: 'north' }, [agent]);
  const [fault] = made.faults;
  if (fault === undefined) throw new Error('no fault');
  const board = boardLedgerOf(fault, { now: wall(700), wall });
  expect(board).toMatchObject({ waiting: 1, total: { p50: 700 }, afterWait: null });
});
