import type { Millis } from '@holdfast/kernel';
import { expect, it } from 'vitest';
import { deskSiteDeadline, startDeskSite, stepDeskSite } from './desk-site.ts';
import type { DeskSite, DeskSiteEvent } from './desk-site-types.ts';
import { compareEpochs, type LoginEpoch } from './login-lease.ts';
import { LENGTH, POLICY } from './test-desk-site.ts';

const SITES = ['north', 'south'] as const;

/**
 * Two desks of one person, run by steps, and two sites in the simplest form: the highest epoch that each knows, and
 * whose desk works there. Whatever a step orders is answered at once, so that a circle would never end.
 */
class TwoDesks {
  now: Millis = 0;
  logIns = 0;
  readonly desks: [DeskSite, DeskSite];
  readonly #sites = Object.fromEntries(
    SITES.map((site) => [
      site,
      {
        highest: undefined as LoginEpoch | undefined,
        holder: undefined as number | undefined,
        cutFrom: new Set<number>(),
      },
    ]),
  );
  #stamps = 0;

  /** `walls`: the wall clocks of the two, which need not agree. */
  constructor(walls: readonly [Millis, Millis]) {
    const desk = (n: 0 | 1) =>
      startDeskSite(
        {
          policy: POLICY,
          desk: `d${n}`,
          wallOffsetMs: walls[n],
          epochHighest: 0,
          firstLogin: 'nothingBefore',
        },
        0,
      );
    this.desks = [desk(0), desk(1)];
  }

  tell(n: 0 | 1, event: DeskSiteEvent): void {
    const { state, effects } = stepDeskSite(this.desks[n], event, this.now);
    this.desks[n] = state;
    for (const effect of effects) if (effect.type === 'logIn') this.#logIn(n, effect.site, effect.epoch);
  }

  #logIn(n: 0 | 1, name: string, epoch: LoginEpoch): void {
    const site = this.#sites[name];
    if (site === undefined || ++this.logIns > 50) throw new Error('the desks outbid each other for ever');
    if (site.highest !== undefined && compareEpochs(epoch, site.highest) <= 0) {
      const isLive = site.holder !== undefined && site.holder !== n;
      const refusal = { name: 'epochTooLow', epoch: site.highest, isLive } as const;
      return this.tell(n, { type: 'loginRefused', site: name, epoch, refusal });
    }
    const former = site.holder;
    site.highest = epoch;
    site.holder = n;
    this.tell(n, { type: 'loggedIn', site: name, epoch, isConfirmed: false });
    if (former === undefined || former === n || site.cutFrom.has(former)) return;
    const other = former as 0 | 1;
    this.tell(other, { type: 'loggedOut', site: name, pairEpoch: 1, reason: 'superseded', text: '' });
  }

  on(n: 0 | 1, name: string): void {
    const site = this.#sites[name];
    if (site === undefined) return;
    site.cutFrom.delete(n);
    const login =
      site.holder === undefined || site.highest === undefined
        ? undefined
        : { epoch: site.highest, isLive: true };
    this.tell(n, {
      type: 'telephonyOn',
      site: name,
      pairEpoch: 1,
      leaseLengthMs: LENGTH,
      leaseSource: 'default',
      phoneInService: true,
      isClosing: false,
      peerAsked: false,
      returnSlotMs: 0,
      login,
    });
    this.tell(n, {
      type: 'stamp',
      site: name,
      stamp: { pairEpoch: 1, number: ++this.#stamps, at: this.now },
    });
  }

  off(n: 0 | 1, name: string): void {
    this.#sites[name]?.cutFrom.add(n);
    this.tell(n, { type: 'telephonyOff', site: name, since: this.now });
  }

  run(until: Millis): void {
    for (;;) {
      const due = this.desks.map((desk) => deskSiteDeadline(desk) ?? Number.POSITIVE_INFINITY);
      const at = Math.min(...due);
      if (at > until) break;
      this.now = Math.max(this.now, at);
      for (const n of [0, 1] as const) if ((due[n] ?? 0) <= this.now) this.tell(n, { type: 'expire' });
    }
    this.now = until;
  }

  stands(): string[] {
    return this.desks.map(({ situation }) =>
      'site' in situation ? `${situation.name} ${situation.site}` : situation.name,
    );
  }
}

it.each([
  ['alike', 1_000_000, 1_000_000],
  ['apart', 1_000_000, 9_000_000],
  ['apart the other way', 9_000_000, 1_000_000],
])('[C64] two desks of one person do not outbid each other for ever: clocks %s', (_, first, second) => {
  const two = new TwoDesks([first, second]);
  for (const n of [0, 1] as const) for (const site of SITES) two.on(n, site);
  two.tell(0, { type: 'logIn' });
  expect(two.stands()).toEqual(['serving north', 'out']);
  // The person sits down elsewhere: that desk was asked, and the former one gives way and stays out.
  two.tell(1, { type: 'logIn' });
  expect(two.stands()).toEqual(['out', 'serving north']);
  // The sites flap, for both: nobody who gave way comes back by itself.
  for (let round = 0; round < 5; round++) {
    for (const n of [0, 1] as const) two.off(n, 'north');
    two.run(two.now + 100_000);
    for (const n of [0, 1] as const) two.on(n, 'north');
    two.run(two.now + 100_000);
  }
  expect(two.stands()[0]).toBe('out');
  expect(two.stands()[1]).toMatch(/^serving/);
  expect(two.logIns).toBeLessThan(15);
});

it('[C64] two that a partition has let in at either site end with one of them, when it heals', () => {
  const two = new TwoDesks([1_000_000, 9_000_000]);
  two.on(0, 'north');
  two.off(0, 'south');
  two.on(1, 'south');
  two.off(1, 'north');
  two.tell(0, { type: 'logIn' });
  two.tell(1, { type: 'logIn' });
  two.run(70_000);
  two.on(1, 'south');
  expect(two.stands()).toEqual(['serving north', 'serving south']);
  two.on(0, 'south');
  two.on(1, 'north');
  two.run(200_000);
  expect(two.stands().filter((stands) => stands.startsWith('serving'))).toHaveLength(1);
  expect(two.stands().filter((stands) => stands === 'out')).toHaveLength(1);
  expect(two.logIns).toBeLessThan(10);
});
