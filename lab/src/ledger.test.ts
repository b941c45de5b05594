import { expect, test } from 'vitest';
import { Ledger, percentiles } from './ledger.ts';

const option = { name: 'disaster-recovery.timeout', valueMs: 5000 };
const KILL = { what: 'killed', site: 'north' };
const nothingLater = { phoneAt: () => undefined, leaseEndAt: () => undefined };

function moved(ledger: Ledger, agent: string, readyAt: number): void {
  ledger.see(1000, agent, { type: 'detected' });
  ledger.see(6000, agent, { type: 'decided', to: 'south', because: 'DS8a', option });
  ledger.see(readyAt - 1, agent, { type: 'loggedIn', site: 'south' });
  ledger.see(readyAt, agent, { type: 'ready', site: 'south' });
}

test('the wait that an option governs is allowed, the rest is not', () => {
  const ledger = new Ledger(nothingLater);
  ledger.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, onCall: false }]);
  moved(ledger, 'a', 6250);
  const report = ledger.report(10_000);
  expect(report.agents[0]).toMatchObject({
    from: 'north',
    to: 'south',
    allowedAt: 6000,
    readyAt: 6250,
    governedBy: 'disaster-recovery.timeout=5000 ms',
  });
  expect(report.after_wait_ms).toEqual({ p50: 250, p95: 250, p99: 250, max: 250 });
  expect(report.total_ms?.max).toBe(5250);
  expect(report.wait_ms).toBe(5000);
});

test('a phone that registers late and a lease that ends late are allowed too: the latest counts', () => {
  const late = new Ledger({ phoneAt: () => 7000, leaseEndAt: () => 6500 });
  late.fault(1000, KILL, [
    { agent: 'a', scheme: 'active-backup', site: 'north', detectionMs: 0, onCall: false },
  ]);
  moved(late, 'a', 7100);
  expect(late.report(10_000).agents[0]).toMatchObject({ phoneAt: 7000, allowedAt: 7000 });
  const lease = new Ledger({ phoneAt: () => 500, leaseEndAt: () => 9000 });
  lease.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, onCall: false }]);
  moved(lease, 'a', 9010);
  expect(lease.report(10_000).after_wait_ms?.max).toBe(10);
});

test('silence is detected by the ping limits, and those are allowed', () => {
  const ledger = new Ledger(nothingLater);
  ledger.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 2000, onCall: false }]);
  moved(ledger, 'a', 8100);
  expect(ledger.report(10_000).agents[0]?.allowedAt).toBe(8000);
});

test('who is never Ready again counts with the end of the run', () => {
  const ledger = new Ledger(nothingLater);
  ledger.fault(1000, KILL, [
    { agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, onCall: false },
    { agent: 'b', scheme: 'fixed', site: 'north', detectionMs: 0, onCall: false },
  ]);
  moved(ledger, 'a', 6100);
  expect(ledger.waiting).toBe(1);
  const report = ledger.report(60_000);
  expect(report.total_ms?.max).toBe(59_000);
  expect(report.agents[1]?.readyAt).toBeNull();
});

test('an agent who stays at the same site has no lease to wait for, and a second fault keeps the first row', () => {
  const ledger = new Ledger({ phoneAt: () => 2000, leaseEndAt: () => 9999 });
  ledger.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, onCall: false }]);
  ledger.fault(1500, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, onCall: false }]);
  ledger.see(2100, 'a', { type: 'ready', site: 'north' });
  const { agents } = ledger.report(5000);
  expect(agents).toHaveLength(1);
  expect(agents[0]).toMatchObject({ lastAbleAt: 1000, allowedAt: 2000, readyAt: 2100 });
});

test('an agent in a call at the fault is unable from the end of that call; the waits run from the fault', () => {
  const ledger = new Ledger(nothingLater);
  ledger.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, onCall: true }]);
  ledger.see(8000, 'a', { type: 'callEnded' });
  moved(ledger, 'a', 8020);
  ledger.see(9000, 'a', { type: 'callEnded' });
  expect(ledger.report(10_000).agents[0]).toMatchObject({ lastAbleAt: 8000, allowedAt: 8000, readyAt: 8020 });
});

test('an agent whom no fault concerned is not in the ledger', () => {
  const ledger = new Ledger(nothingLater);
  moved(ledger, 'a', 6100);
  expect(ledger.report(10_000)).toEqual({ wait_ms: null, after_wait_ms: null, total_ms: null, agents: [] });
});

test('percentiles are by nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  expect(percentiles(values)).toEqual({ p50: 50, p95: 95, p99: 99, max: 100 });
  expect(percentiles([])).toBeNull();
});
