import type { MirrorMessage } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import type { Metric } from '../health/server-report.ts';
import { CALLER_NUMBER } from '../sip-server/testing/centre-world.ts';
import { Desk } from '../sip-server/testing/desk.ts';
import { callerAt, Phone } from '../sip-server/testing/people.ts';
import { GATEWAY } from '../sip-server/testing/server-site.ts';
import { World } from '../sip-server/testing/server-world.ts';
import { type MemberName, PairSite, SECRET } from './testing/pair-site.ts';

function pair() {
  const world = new World();
  const site = new PairSite(world);
  world.run(5_000);
  const report = (name: MemberName) => site.node(name).report(world.now);
  const ready = (name: MemberName) => {
    const { primary, standby, upgrade } = report(name);
    return [primary.ok, standby.ok, upgrade.ok];
  };
  return { world, site, report, ready };
}

function figureOf(metrics: readonly Metric[], name: string, label?: string): number | undefined {
  const figures = metrics.find((metric) => metric.name === name)?.figures ?? [];
  return figures.find(({ labels }) => label === undefined || Object.values(labels ?? {}).includes(label))
    ?.value;
}

describe('[HR1] ready is the primary that acts, and nobody else', () => {
  it('one of the two, whichever that is', () => {
    const { world, site, ready, report } = pair();
    expect([ready('a')[0], ready('b')[0]]).toEqual([true, false]);
    expect(report('b').primary).toMatchObject({ because: expect.stringContaining('standby') });
    site.operator('b', 'promote');
    world.run(2_000);
    expect([ready('a')[0], ready('b')[0]]).toEqual([false, true]);
  });

  it('not one whose lease has ended, nor one that lets its agents go', () => {
    const { world, site, ready, report } = pair();
    site.cutLink(true);
    site.isArbiterCut = true;
    world.run(10_000);
    expect(ready('a')[0]).toBe(false);
    expect(report('a').primary).toMatchObject({ because: expect.stringContaining('paused') });
    site.isArbiterCut = false;
    site.cutLink(false);
    world.run(5_000);
    const max = new Desk(site, 'max');
    max.register();
    max.ask({ type: 'GracefulShutdown', on: true });
    world.run(100);
    const [name = 'a'] = site.acting();
    expect(report(name).primary).toMatchObject({ because: 'A graceful shutdown goes on.' });
  });
});

describe('[HR2] a standby is ready when it holds everything and that has been compared', () => {
  it('after it has joined, and not before its digest was compared', () => {
    const { world, site, ready, report } = pair();
    expect(ready('b')[1]).toBe(true);
    expect(ready('a')[1]).toBe(false);
    site.kill('b');
    world.run(100);
    site.start('b');
    expect(report('b').standby.ok).toBe(false);
    const reasons = new Set<string>();
    for (let i = 0; i < 200 && !report('b').standby.ok; i++) {
      const { standby } = report('b');
      if (!standby.ok) reasons.add(standby.because);
      world.run(5);
    }
    expect(ready('b')[1]).toBe(true);
    expect([...reasons].join(' ')).toMatch(/no link to its mate/);
  });

  it('not while the link is cut, nor while the arbiter is silent', () => {
    const { world, site, report } = pair();
    site.isArbiterCut = true;
    world.run(1_000);
    expect(report('b').standby).toMatchObject({ because: expect.stringContaining('arbiter') });
    site.isArbiterCut = false;
    site.cutLink(true);
    world.run(200);
    expect(report('b').standby.ok).toBe(false);
  });

  it('not after it has missed an entry, until it has proved again that it holds everything', () => {
    const { world, site, ready } = pair();
    const phone = new Phone(world, '7001', { answerAfterMs: 500 }).tell({ name: 'register' });
    world.run(100);
    site.entryLoss = 1;
    phone.tell({ name: 'unregister' });
    world.run(100);
    site.entryLoss = 0;
    phone.tell({ name: 'register' });
    let wasUnready = false;
    for (let i = 0; i < 100; i++) {
      world.run(1);
      wasUnready ||= !ready('b')[1];
    }
    expect(wasUnready).toBe(true);
    expect(site.logs.map(({ what }) => what)).toContain('entries missing');
    world.run(12_000);
    expect(ready('b')[1]).toBe(true);
  });
});

describe('[HR3] ready for an upgrade: the one acts, and the other says that it could', () => {
  it('as both see it', () => {
    const { ready } = pair();
    expect([ready('a')[2], ready('b')[2]]).toEqual([true, true]);
  });

  it('not without a mate, and not with one that has not said so', () => {
    const { world, site, ready, report } = pair();
    site.kill('b');
    world.run(100);
    expect(report('a').upgrade).toMatchObject({ because: 'There is no link to the mate.' });
    site.start('b');
    for (let i = 0; i < 400 && !ready('a')[2]; i++) world.run(5);
    expect([ready('a')[2], ready('b')[1]]).toEqual([true, true]);
  });

  it('not with one that holds something else: its own word counts', () => {
    const { world, site, report } = pair();
    site.isArbiterCut = true;
    world.run(1_000);
    expect(report('a').upgrade).toMatchObject({ because: expect.stringContaining('The mate says') });
  });
});

it('[LG4] how far the other site is behind is a figure beside that of the mate; nobody is waited for there', () => {
  const { world, site, report } = pair();
  const lag = () =>
    ['followers', 'mirror_lag_entries', 'mirror_lag_ms'].map((name) =>
      figureOf(report('a').metrics, `holdfast_peer_${name}`),
    );
  expect(lag()).toEqual([0, 0, 0]);
  const peer = new Desk(site, undefined, 'session of the other site');
  expect(peer.registerAsServer(SECRET)).toMatchObject({ type: 'ServerInfo' });
  const mirror = (message: MirrorMessage) => peer.send({ type: 'Mirror', message });
  const heard = () => peer.replies.flatMap((reply) => (reply.type === 'Mirror' ? [reply.message] : []));
  mirror({ type: 'follow' });
  world.run(10);
  const [first] = heard();
  if (first?.type !== 'snapshot') throw new Error('it is sent everything in parts');
  mirror({ type: 'partTaken', part: first.part });
  mirror({ type: 'ack', epoch: first.epoch, number: first.number });
  world.run(10);
  expect(lag()).toEqual([1, 0, 0]);
  new Phone(world, '7001', { answerAfterMs: 500 }).tell({ name: 'register' });
  world.run(1_000);
  const [, entries = 0, ms = 0] = lag();
  expect(entries).toBeGreaterThan(0);
  expect(ms).toBeGreaterThan(500);
  expect(figureOf(report('a').metrics, 'holdfast_mirror_lag_entries')).toBe(0);
  const last = heard().findLast(({ type }) => type === 'entry');
  if (last?.type !== 'entry') throw new Error('it is sent entries');
  mirror({ type: 'ack', epoch: last.epoch, number: last.number });
  world.run(10);
  expect(lag()).toEqual([1, 0, 0]);
  peer.drop();
  world.run(10);
  expect(lag()).toEqual([0, 0, 0]);
});

it('[HR4] figures of role, epoch, mirror, calls and log-ins, as they stand', () => {
  const { world, site, report } = pair();
  new Phone(world, '7001', { answerAfterMs: 500 }).tell({ name: 'register' });
  world.run(100);
  const desk = new Desk(site, 'ada');
  desk.register();
  desk.ask({ type: 'RegisterAddress', dn: '7001' });
  desk.login('7001');
  const caller = callerAt(world, GATEWAY, CALLER_NUMBER);
  world.run(100);
  caller.tell({ name: 'call', to: '8000' });
  world.run(2_000);
  const { metrics } = report('a');
  expect(figureOf(metrics, 'holdfast_role', 'primary')).toBe(1);
  expect(figureOf(metrics, 'holdfast_role', 'standby')).toBe(0);
  expect(figureOf(metrics, 'holdfast_acts')).toBe(1);
  expect(figureOf(metrics, 'holdfast_epoch')).toBe(site.server.parts.log.epoch);
  expect(figureOf(metrics, 'holdfast_calls')).toBe(1);
  expect(figureOf(metrics, 'holdfast_logins')).toBe(1);
  expect(figureOf(metrics, 'holdfast_registrations')).toBe(1);
  expect(figureOf(metrics, 'holdfast_mirror_state', 'in-step')).toBe(1);
  expect(figureOf(metrics, 'holdfast_mirror_lag_entries')).toBe(0);
  expect(figureOf(metrics, 'holdfast_mirror_behind_total')).toBe(0);
  expect(figureOf(report('b').metrics, 'holdfast_role', 'standby')).toBe(1);
  expect(figureOf(report('b').metrics, 'holdfast_calls')).toBe(0);
  site.entryLoss = 1;
  caller.tell({ name: 'hangup' });
  world.run(90);
  expect(figureOf(report('a').metrics, 'holdfast_mirror_lag_entries')).toBeGreaterThan(0);
  expect(figureOf(report('a').metrics, 'holdfast_mirror_lag_ms')).toBeGreaterThan(0);
  world.run(2_000);
  expect(figureOf(report('a').metrics, 'holdfast_mirror_behind_total')).toBeGreaterThan(0);
});
