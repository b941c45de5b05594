/** Two centres joined by two queues of messages, one for the link and one for the calls, with anything in any order. */
import { type Millis, must } from '@holdfast/kernel';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Centre } from './centre.ts';
import type { CentreEffect, CentreInput } from './centre-types.ts';
import { checkCentre } from './check-centre.ts';
import { RESERVATION_LAPSES_MS } from './pool-state.ts';
import { pooledSite } from './transcript.ts';

type SiteNumber = 0 | 1;
const SITES = [0, 1] as const;
const AGENTS = ['ann', 'bob', 'cid'] as const;
const QUEUE = '6000';

const site = fc.constantFrom(...SITES);
const nth = fc.nat(9);
const command = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('call' as const), site, urgent: fc.nat(2) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('answer' as const), site, nth }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('refuse' as const), site, nth }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('leave' as const), site, nth }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('ready' as const), site, agent: fc.nat(2), yes: fc.boolean() }),
  },
  {
    weight: 10,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 30, 200, 6_000) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('link' as const), up: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('trunk' as const), up: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('shutdown' as const), site, on: fc.boolean() }) },
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

/** Where a call of one site goes on at the other. */
interface Leg {
  readonly site: SiteNumber;
  readonly connId: string;
}

class TwoCentres {
  readonly centres = [new Centre(), new Centre()] as const;
  now: Millis = 0;
  isLinked = false;
  isTrunkUp = true;
  readonly live = [new Set<string>(), new Set<string>()] as const;
  readonly #sent: { at: Millis; isLink: boolean; run(): void }[] = [];
  /** By the call that has crossed, where its caller stands; and the reverse. */
  readonly #callerOf = new Map<string, Leg>();
  readonly #crossedOf = new Map<string, string>();
  /** At each site, phones that ring: by the call. */
  readonly rings = [new Map<string, string>(), new Map<string, string>()] as const;
  readonly #answered = new Set<string>();
  readonly #grantedAt = new Map<string, Millis>();
  #calls = 0;
  #epoch = 0;

  constructor() {
    for (const at of SITES) {
      this.tell(at, { type: 'configured', configuration: pooledSite() });
      for (const [n, person] of AGENTS.entries()) {
        const dn = `100${n + 1}`;
        this.tell(at, { type: 'phone', dn, inService: true });
        this.tell(at, {
          ...{
            type: 'login',
            dn,
            agentId: `id-${person}`,
            person: `${person}${at}`,
            place: dn,
            queues: [QUEUE],
          },
          ...{ epoch: { number: ++this.#epoch, desk: 'desk' }, tokenIssuedWall: 0 },
        });
      }
    }
  }

  tell(at: SiteNumber, input: CentreInput): void {
    this.#perform(at, this.centres[at].handle(this.now, input));
  }

  call(at: SiteNumber, priority: number): void {
    const connId = `k${++this.#calls}`;
    this.live[at].add(connId);
    const userData: Record<string, string> = priority === 0 ? {} : { Priority: String(priority) };
    this.tell(at, { type: 'callStarted', connId, from: { ani: '+1', trunk: 'trunk' }, to: QUEUE, userData });
  }

  answer(at: SiteNumber, connId: string): void {
    const dn = must(this.rings[at].get(connId), 'it rings');
    this.#answered.add(connId);
    this.rings[at].delete(connId);
    this.tell(at, { type: 'partyAnswered', connId, dn });
    const caller = this.#callerOf.get(connId);
    if (caller === undefined) return;
    this.#overTrunk(() => {
      this.rings[caller.site].delete(caller.connId);
      this.#answered.add(caller.connId);
      this.tell(caller.site, { type: 'partyAnswered', connId: caller.connId, dn: QUEUE });
    });
  }

  link(isUp: boolean): void {
    if (this.isLinked === isUp) return;
    this.isLinked = isUp;
    for (const message of [...this.#sent])
      if (message.isLink) this.#sent.splice(this.#sent.indexOf(message), 1);
    for (const at of SITES) {
      if (!isUp) this.tell(at, { type: 'elsewhereLost' });
      this.tell(at, { type: 'poolLink', trunk: isUp ? 'trunk' : undefined, isLost: !isUp });
    }
  }

  pass(ms: Millis): void {
    const until = this.now + ms;
    for (;;) {
      const due = this.centres.map((centre) => centre.nextDeadline() ?? Number.POSITIVE_INFINITY);
      const [message] = this.#sent.toSorted((a, b) => a.at - b.at);
      const next = Math.min(...due, message?.at ?? Number.POSITIVE_INFINITY);
      if (next > until) break;
      this.now = Math.max(this.now, next);
      if (message !== undefined && message.at <= this.now) {
        this.#sent.splice(this.#sent.indexOf(message), 1);
        message.run();
      } else for (const at of SITES) this.#perform(at, this.centres[at].expire(this.now));
      this.#check();
    }
    this.now = until;
    this.#check();
  }

  #check(): void {
    for (const at of SITES) {
      expect(checkCentre(this.centres[at])).toEqual([]);
      for (const [connId, { rungBy, number }] of this.centres[at].stateToCheck.pool.reservations) {
        const since = must(this.#grantedAt.get(`${at} ${number}`), `${connId} was granted`);
        if (rungBy === undefined) expect(this.now - since).toBeLessThanOrEqual(RESERVATION_LAPSES_MS);
      }
    }
  }

  /** Both ways have the same delay, and neither overtakes itself. */
  #send(isLink: boolean, run: () => void): void {
    this.#sent.push({ at: this.now + (isLink ? 7 : 5), isLink, run });
  }

  #overLink(run: () => void): void {
    if (this.isLinked) this.#send(true, run);
  }

  #overTrunk(run: () => void): void {
    this.#send(false, run);
  }

  #perform(at: SiteNumber, effects: readonly CentreEffect[]): void {
    for (const effect of effects) this.#performOne(at, effect);
  }

  #performOne(at: SiteNumber, effect: CentreEffect): void {
    const there = at === 0 ? 1 : 0;
    switch (effect.type) {
      case 'ring':
        return this.#ring(at, effect);
      case 'withdraw':
        this.rings[at].delete(effect.connId);
        return this.#endCrossed(at, effect.connId);
      case 'release':
        return this.#released(at, effect);
      case 'poolWaiting': {
        const { queue, callers } = effect;
        return this.#overLink(() => this.tell(there, { type: 'waitElsewhere', queue, callers }));
      }
      case 'poolTake': {
        const { connId, reservation, userData } = effect;
        return this.#overLink(() => this.tell(there, { type: 'poolTaken', connId, reservation, userData }));
      }
      case 'poolDecline': {
        const { connId, reservation, because } = effect;
        return this.#overLink(() => this.tell(there, { type: 'poolDeclined', connId, reservation, because }));
      }
      case 'poolGrant': {
        const { queue, connId, reservation, dn } = effect;
        this.#grantedAt.set(`${at} ${reservation}`, this.now);
        return this.#overLink(() =>
          this.tell(there, { type: 'poolGranted', queue, connId, reservation, dn }),
        );
      }
      case 'poolRefuse': {
        const { queue, because } = effect;
        return this.#overLink(() => this.tell(there, { type: 'poolRefused', queue, because }));
      }
      default:
    }
  }

  #ring(at: SiteNumber, { connId, dn, trunk, reservation }: Extract<CentreEffect, { type: 'ring' }>): void {
    // One agent at a time, wherever the agents are.
    expect(this.rings[at].has(connId), `${connId} is offered twice`).toBe(false);
    this.rings[at].set(connId, dn);
    if (trunk !== undefined && reservation !== undefined) return this.#cross(at, { connId, reservation });
    const caller = this.#callerOf.get(connId);
    if (caller === undefined) return;
    this.#overTrunk(() => this.tell(caller.site, { type: 'partyRinging', connId: caller.connId, dn: QUEUE }));
  }

  #cross(at: SiteNumber, { connId, reservation }: { connId: string; reservation: number }): void {
    const there = at === 0 ? 1 : 0;
    const crossed = `${connId}-${reservation}`;
    this.#crossedOf.set(`${at} ${connId}`, crossed);
    if (!this.isTrunkUp) return;
    this.#overTrunk(() => {
      // Withdrawn before it has left: RFC 3261 lets no CANCEL overtake its INVITE.
      this.#callerOf.set(crossed, { site: at, connId });
      this.live[there].add(crossed);
      this.tell(there, {
        ...{
          type: 'callStarted',
          connId: crossed,
          from: { ani: '+1', trunk: 'trunk' },
          to: QUEUE,
          userData: {},
        },
        reservation: { connId, number: reservation },
      });
    });
  }

  #endCrossed(at: SiteNumber, connId: string): void {
    const crossed = this.#crossedOf.get(`${at} ${connId}`);
    if (crossed === undefined) return;
    this.#crossedOf.delete(`${at} ${connId}`);
    const there = at === 0 ? 1 : 0;
    this.#overTrunk(() => this.tell(there, { type: 'partyGone', connId: crossed, why: 'normal' }));
  }

  #released(at: SiteNumber, { connId, status }: Extract<CentreEffect, { type: 'release' }>): void {
    this.rings[at].delete(connId);
    this.live[at].delete(connId);
    this.#endCrossed(at, connId);
    const caller = this.#callerOf.get(connId);
    if (caller === undefined) return;
    this.#callerOf.delete(connId);
    const wasAnswered = this.#answered.has(connId);
    this.#overTrunk(() => {
      // It is about this call alone: the caller may have been offered to another agent since.
      if (this.#crossedOf.get(`${caller.site} ${caller.connId}`) !== connId) return;
      const gone = { connId: caller.connId, dn: QUEUE };
      if (wasAnswered) this.tell(caller.site, { type: 'partyGone', ...gone, why: 'normal' });
      else
        this.tell(caller.site, { type: 'partyFailed', ...gone, why: status === 486 ? 'busy' : 'no-answer' });
    });
  }
}

function run(two: TwoCentres, step: Command): void {
  switch (step.do) {
    case 'call':
      return two.call(step.site, step.urgent);
    case 'answer':
    case 'refuse': {
      const [connId, dn] = [...two.rings[step.site]].at(-1 - step.nth) ?? [];
      // What rings at the other site is answered there.
      if (connId === undefined || dn === undefined || dn === QUEUE) return;
      if (step.do === 'answer') return two.answer(step.site, connId);
      two.rings[step.site].delete(connId);
      return two.tell(step.site, { type: 'partyFailed', connId, dn, why: 'rejected' });
    }
    case 'leave': {
      const connId = [...two.live[step.site]].filter((one) => !one.includes('-')).at(-1 - step.nth);
      if (connId !== undefined) two.tell(step.site, { type: 'partyGone', connId, why: 'normal' });
      return;
    }
    case 'ready':
      return two.tell(step.site, { type: step.yes ? 'ready' : 'notReady', dn: `100${step.agent + 1}` });
    case 'wait':
      return two.pass(step.ms);
    case 'link':
      return two.link(step.up);
    case 'trunk':
      two.isTrunkUp = step.up;
      return;
    case 'shutdown':
      return two.tell(step.site, { type: 'shutdown', on: step.on, by: 'max' });
  }
}

/** All is healed, everybody still logged in is Ready and answers: then nobody waits while somebody is idle. */
function settle(two: TwoCentres): void {
  two.isTrunkUp = true;
  two.link(true);
  for (const at of SITES) two.tell(at, { type: 'shutdown', on: false, by: 'max' });
  for (let round = 0; round < 40; round++) {
    for (const at of SITES) {
      for (const { dn } of two.centres[at].agents()) two.tell(at, { type: 'ready', dn });
      for (const [connId, dn] of [...two.rings[at]]) if (dn !== QUEUE) two.answer(at, connId);
    }
    two.pass(250);
  }
}

test('[QU16] [QU17] [QU18] [QU19] [QU20] whatever comes in whatever order, nobody is offered twice, nothing outlives its time, and nobody waits beside an idle agent', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 20, maxLength: 100 }), (steps) => {
      const two = new TwoCentres();
      two.link(true);
      for (const step of steps) run(two, step);
      settle(two);
      const waiting = two.centres.map(
        (centre) => centre.queueSnapshots(two.now).find(({ dn }) => dn === QUEUE)?.waiting.length ?? 0,
      );
      const idle = two.centres.map((centre) => centre.stateToCheck.queues.get(QUEUE)?.idle.size ?? 0);
      if (Math.max(...waiting) > 0) expect(idle).toEqual([0, 0]);
      for (const at of SITES)
        for (const connId of [...two.live[at]])
          if (!connId.includes('-')) two.tell(at, { type: 'partyGone', connId, why: 'normal' });
      two.pass(1_000);
      for (const at of SITES) {
        expect(two.centres[at].callCount).toBe(0);
        expect(two.centres[at].stateToCheck.pool.reservations.size).toBe(0);
        for (const { offered, answered, abandoned, overflowed, released } of two.centres[at].counters())
          expect(offered).toBe(answered + abandoned + overflowed + released);
      }
    }),
    { numRuns: 60 },
  );
});
