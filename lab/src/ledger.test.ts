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
  ledger.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, calls: [] }]);
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
  late.fault(1000, KILL, [{ agent: 'a', scheme: 'active-backup', site: 'north', detectionMs: 0, calls: [] }]);
  moved(late, 'a', 7100);
  expect(late.report(10_000).agents[0]).toMatchObject({ phoneAt: 7000, allowedAt: 7000 });
  const lease = new Ledger({ phoneAt: () => 500, leaseEndAt: () => 9000 });
  lease.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, calls: [] }]);
  moved(lease, 'a', 9010);
  expect(lease.report(10_000).after_wait_ms?.max).toBe(10);
});

test('silence is detected by the ping limits, and those are allowed', () => {
  const ledger = new Ledger(nothingLater);
  ledger.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 2000, calls: [] }]);
  moved(ledger, 'a', 8100);
  expect(ledger.report(10_000).agents[0]?.allowedAt).toBe(8000);
});

test('the last word of a dead site is no recovery', () => {
  const ledger = new Ledger(nothingLater);
  ledger.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, calls: [] }]);
  ledger.see(1050, 'a', { type: 'loggedIn', site: 'north' });
  ledger.see(1100, 'a', { type: 'ready', site: 'north' });
  expect(ledger.waiting).toBe(1);
  ledger.see(1200, 'a', { type: 'detected' });
  ledger.see(8990, 'a', { type: 'loggedIn', site: 'south' });
  ledger.see(9000, 'a', { type: 'ready', site: 'south' });
  const report = ledger.report(10_000);
  expect(report.agents[0]).toMatchObject({ to: 'south', loggedInAt: 8990, readyAt: 9000 });
  expect(report.total_ms?.max).toBe(8000);
});

test('a site that goes on before the desk has noticed is believed again, and only for whom it is mended', () => {
  const ledger = new Ledger(nothingLater);
  const agent = { scheme: 'dual', site: 'north', detectionMs: 0, calls: [] };
  ledger.fault(1000, KILL, [
    { ...agent, agent: 'a' },
    { ...agent, agent: 'b' },
  ]);
  ledger.mended('south');
  ledger.mended('north', 'a');
  for (const name of ['a', 'b']) ledger.see(1500, name, { type: 'ready', site: 'north' });
  expect(ledger.rows.map(({ readyAt }) => readyAt)).toEqual([1500, null]);
  ledger.mended('north');
  ledger.see(1700, 'b', { type: 'ready', site: 'north' });
  expect(ledger.rows[1]).toMatchObject({ to: 'north', readyAt: 1700 });
});

test('who is never Ready again counts with the end of the run', () => {
  const ledger = new Ledger(nothingLater);
  ledger.fault(1000, KILL, [
    { agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, calls: [] },
    { agent: 'b', scheme: 'fixed', site: 'north', detectionMs: 0, calls: [] },
  ]);
  moved(ledger, 'a', 6100);
  expect(ledger.waiting).toBe(1);
  const report = ledger.report(60_000);
  expect(report.total_ms?.max).toBe(59_000);
  expect(report.agents[1]?.readyAt).toBeNull();
});

test('an agent who stays at the same site has no lease to wait for, and a second fault keeps the first row', () => {
  const ledger = new Ledger({ phoneAt: () => 2000, leaseEndAt: () => 9999 });
  ledger.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, calls: [] }]);
  ledger.fault(1500, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, calls: [] }]);
  ledger.see(1600, 'a', { type: 'detected' });
  ledger.see(2100, 'a', { type: 'ready', site: 'north' });
  const { agents } = ledger.report(5000);
  expect(agents).toHaveLength(1);
  expect(agents[0]).toMatchObject({ lastAbleAt: 1000, allowedAt: 2000, readyAt: 2100 });
});

test('an agent in a call at the fault is unable from the fault; the end of that call allows, and governs when it is last', () => {
  const ledger = new Ledger(nothingLater);
  ledger.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, calls: ['1'] }]);
  moved(ledger, 'a', 8020, () => ledger.see(8000, 'a', { type: 'callEnded', leg: '1', afterCallWorkMs: 0 }));
  ledger.see(9000, 'a', { type: 'callEnded', leg: '2', afterCallWorkMs: 0 });
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

test('after-call work behind a call that a site has taken over allows, and governs when it is last', () => {
  const ledger = new Ledger(nothingLater);
  ledger.fault(1000, KILL, [{ agent: 'a', scheme: 'dual', site: 'north', detectionMs: 0, calls: ['1'] }]);
  const ended = { type: 'callEnded', leg: '1', afterCallWorkMs: 500 } as const;
  moved(ledger, 'a', 8520, () => ledger.see(8000, 'a', ended));
  const [row] = ledger.report(10_000).agents;
  expect(row).toMatchObject({ callEndedAt: 8000, allowedAt: 8500, governedBy: 'wrap-up-time=500 ms' });
});

test('only the end of what stood at the fault allows: of two calls the later, of a call that came meanwhile nothing', () => {
  const ledger = new Ledger(nothingLater);
  const agent = { scheme: 'dual', site: 'north', detectionMs: 0 };
  ledger.fault(1000, KILL, [
    { ...agent, agent: 'a', calls: ['1', '2'] },
    { ...agent, agent: 'b', calls: [] },
  ]);
  const ends = (agent: string, leg: string, at: number) =>
    ledger.see(at, agent, { type: 'callEnded', leg, afterCallWorkMs: 0 });
  moved(ledger, 'a', 9020, () => {
    ends('a', '1', 7000);
    ends('a', '2', 9000);
  });
  moved(ledger, 'b', 9020, () => ends('b', '3', 9000));
  const [two, none] = ledger.report(10_000).agents;
  expect(two).toMatchObject({ inCall: true, callEndedAt: 9000, allowedAt: 9000 });
  expect(none).toMatchObject({ inCall: false, callEndedAt: null, allowedAt: 6000 });
});

test('a call that is over before the option has run out governs nothing, and one that never ends allows nothing', () => {
  const ledger = new Ledger(nothingLater);
  const talking = { scheme: 'dual', site: 'north', detectionMs: 0, calls: ['1'] };
  ledger.fault(1000, KILL, [
    { ...talking, agent: 'a' },
    { ...talking, agent: 'b' },
  ]);
  moved(ledger, 'a', 6100, () => ledger.see(2000, 'a', { type: 'callEnded', leg: '1', afterCallWorkMs: 0 }));
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
