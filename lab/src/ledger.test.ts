import { expect, test } from 'vitest';
import { Ledger, percentiles } from './ledger.ts';

const option = { name: 'disaster-recovery.timeout', valueMs: 5000 };
const KILL = { what: 'killed', site: 'north' };
const nothingLater = { phoneAt: () => undefined, leaseEndAt: () => undefined };

function moved(ledger: Ledger, agent: string, readyAt: number, meanwhile = () => {}): void {
  ledger.see(1000, agent, { type: 'detected' });
  meanwhile();
  ledger.see(6000, agent, { type: 'decided', to: 'south', because: 'DS8a', option });
  ledger.see(readyAt - 1, agent, { type: 'loggedIn', site: 'south' });
  ledger.see(readyAt, agent, { type: 'ready', site: 'south' });
}

test('the wait that an option governs is allowed, the rest is not', () => {
  const ledger = new Ledger(nothingLater);
  ledger.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, inCall: false }]);
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
    { agent: 'a', scheme: 'active-backup', site: 'north', detectionMs: 0, inCall: false },
  ]);
  moved(late, 'a', 7100);
  expect(late.report(10_000).agents[0]).toMatchObject({ phoneAt: 7000, allowedAt: 7000 });
  const lease = new Ledger({ phoneAt: () => 500, leaseEndAt: () => 9000 });
  lease.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, inCall: false }]);
  moved(lease, 'a', 9010);
  expect(lease.report(10_000).after_wait_ms?.max).toBe(10);
});

test('silence is detected by the ping limits, and those are allowed', () => {
  const ledger = new Ledger(nothingLater);
  ledger.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 2000, inCall: false }]);
  moved(ledger, 'a', 8100);
  expect(ledger.report(10_000).agents[0]?.allowedAt).toBe(8000);
});

test('who is never Ready again counts with the end of the run', () => {
  const ledger = new Ledger(nothingLater);
  ledger.fault(1000, KILL, [
    { agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, inCall: false },
    { agent: 'b', scheme: 'fixed', site: 'north', detectionMs: 0, inCall: false },
  ]);
  moved(ledger, 'a', 6100);
  expect(ledger.waiting).toBe(1);
  const report = ledger.report(60_000);
  expect(report.total_ms?.max).toBe(59_000);
  expect(report.agents[1]?.readyAt).toBeNull();
});

test('an agent who stays at the same site has no lease to wait for, and a second fault keeps the first row', () => {
  const ledger = new Ledger({ phoneAt: () => 2000, leaseEndAt: () => 9999 });
  ledger.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, inCall: false }]);
  ledger.fault(1500, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, inCall: false }]);
  ledger.see(2100, 'a', { type: 'ready', site: 'north' });
  const { agents } = ledger.report(5000);
  expect(agents).toHaveLength(1);
  expect(agents[0]).toMatchObject({ lastAbleAt: 1000, allowedAt: 2000, readyAt: 2100 });
});

test('an agent in a call at the fault is unable from the fault; the end of that call allows, and governs when it is last', () => {
  const ledger = new Ledger(nothingLater);
  ledger.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, inCall: true }]);
  moved(ledger, 'a', 8020, () => ledger.see(8000, 'a', { type: 'callEnded' }));
  ledger.see(9000, 'a', { type: 'callEnded' });
  const report = ledger.report(10_000);
  expect(report.agents[0]).toMatchObject({
    lastAbleAt: 1000,
    inCall: true,
    callEndedAt: 8000,
    allowedAt: 8000,
    readyAt: 8020,
    governedBy: 'call-at-lost-site=7000 ms',
  });
  expect(report).toMatchObject({
    wait_ms: 7000,
    in_call: 1,
    after_wait_ms: { max: 20 },
    total_ms: { max: 7020 },
  });
});

test('a call that is over before the option has run out governs nothing, and one that never ends allows nothing', () => {
  const ledger = new Ledger(nothingLater);
  const talking = { scheme: 'dual', site: 'north', detectionMs: 0, inCall: true };
  ledger.fault(1000, KILL, [
    { ...talking, agent: 'a' },
    { ...talking, agent: 'b' },
  ]);
  moved(ledger, 'a', 6100, () => ledger.see(2000, 'a', { type: 'callEnded' }));
  const [first, second] = ledger.report(60_000).agents;
  expect(first).toMatchObject({ callEndedAt: 2000, allowedAt: 6000 });
  expect(first?.governedBy).toContain('disaster-recovery.timeout');
  expect(second).toMatchObject({ callEndedAt: null, allowedAt: 1000, readyAt: null });
});

test('an agent whom no fault concerned is not in the ledger', () => {
  const ledger = new Ledger(nothingLater);
  moved(ledger, 'a', 6100);
  expect(ledger.report(10_000)).toEqual({
    wait_ms: null,
    after_wait_ms: null,
    total_ms: null,
    in_call: null,
    agents: [],
  });
});

test('percentiles are by nearest rank', () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  expect(percentiles(values)).toEqual({ p50: 50, p95: 95, p99: 99, max: 100 });
  expect(percentiles([])).toBeNull();
});
