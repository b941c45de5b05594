import type { EventName } from '@holdfast/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SiteView } from '../stats/site-view.ts';
import { Centre } from './centre.ts';
import type { CentreConfiguration, CentreEffect, CentreInput } from './centre-types.ts';
import { checkCentre } from './check-centre.ts';
import { compareIdleAgents } from './queue.ts';
import { SITE } from './transcript.ts';

/**
 * Anything in any order. Beside the centre runs a small model that knows events only, as a client would: which
 * calls stand in which queue, which requests wait for an answer, which calls have not been released.
 */
class Model {
  readonly centre = new Centre();
  now = 0;
  #calls = 0;
  #requests = 0;
  #epoch = 0;
  readonly live = new Map<
    string,
    {
      given: number | undefined;
      priority: number;
      since: number;
      dns: Set<string>;
      queue: string | undefined;
    }
  >();
  readonly rung = new Map<string, string>();

  perform(input: CentreInput): void {
    const effects = this.centre.handle(this.now, input);
    const request = 'referenceId' in input ? input.referenceId : undefined;
    this.watch(effects);
    if (request !== undefined) expect(effects.filter((effect) => answers(effect, request))).toHaveLength(1);
  }

  pass(ms: number): void {
    const until = this.now + ms;
    for (
      let due = this.centre.nextDeadline();
      due !== undefined && due <= until;
      due = this.centre.nextDeadline()
    ) {
      this.now = Math.max(this.now, due);
      this.watch(this.centre.expire(this.now));
    }
    this.now = until;
  }

  start(from: string, to: string, priority: number | undefined): void {
    this.#calls += 1;
    const connId = `k${this.#calls}`;
    this.live.set(connId, {
      given: priority,
      priority: 0,
      since: -1,
      dns: new Set(),
      queue: undefined,
    });
    const userData: Record<string, string> = priority === undefined ? {} : { Priority: String(priority) };
    const origin = from.startsWith('+') ? { ani: from, trunk: 'trunk' } : { dn: from };
    const outbound = to.startsWith('0') ? { trunk: 'trunk' } : {};
    this.perform({ type: 'callStarted', connId, from: origin, to, userData, ...outbound });
  }

  ask(): { client: string; referenceId: number } {
    this.#requests += 1;
    return { client: 'desk', referenceId: this.#requests };
  }

  nextEpoch(): { number: number; desk: string } {
    this.#epoch += 1;
    return { number: this.#epoch, desk: 'desk' };
  }

  watch(effects: readonly CentreEffect[]): void {
    for (const effect of effects) this.#watchOne(effect);
    expect(checkCentre(this.centre)).toEqual([]);
  }

  #watchOne(effect: CentreEffect): void {
    if (effect.type === 'event' && effect.attributes.ConnID !== undefined)
      this.#watchEvent(effect.name, effect.dn, effect.attributes.ConnID);
    if (effect.type === 'ring') this.rung.set(effect.connId, effect.dn);
    if (effect.type === 'release') {
      const call = this.live.get(effect.connId);
      // Released once, and with every party told.
      expect(call).toBeDefined();
      expect([...(call?.dns ?? []), call?.queue].filter((dn) => dn !== undefined)).toEqual([]);
      this.live.delete(effect.connId);
      this.rung.delete(effect.connId);
    }
  }

  #watchEvent(name: EventName, dn: string, connId: string): void {
    const call = this.live.get(connId);
    expect(call, `${name} of ${connId} after its release`).toBeDefined();
    if (call === undefined) return;
    switch (name) {
      case 'EventQueued':
        expect(call.queue).toBeUndefined();
        call.queue = dn;
        // A queue's own priority is that of the calls that arrive there without one.
        call.priority = call.given ?? (dn === '6001' ? 5 : 0);
        if (dn.startsWith('6') && call.since < 0) call.since = this.now;
        return;
      case 'EventDiverted':
      case 'EventAbandoned':
        if (dn.startsWith('1') || dn === '8000') call.dns.delete(dn);
        else {
          expect(call.queue).toBe(dn);
          call.queue = undefined;
        }
        return;
      case 'EventDialing':
      case 'EventRinging':
        expect(call.dns.has(dn)).toBe(false);
        call.dns.add(dn);
        return;
      case 'EventReleased':
        expect(call.dns.has(dn)).toBe(true);
        call.dns.delete(dn);
    }
  }

  /** Who stood in this queue before whoever is rung now must not be more urgent. */
  lineOf(queue: string): { connId: string; priority: number; since: number }[] {
    const line: { connId: string; priority: number; since: number }[] = [];
    for (const [connId, call] of this.live)
      if (call.queue === queue) line.push({ connId, priority: call.priority, since: call.since });
    return line;
  }
}

function answers(effect: CentreEffect, request: number): boolean {
  if (effect.type === 'event') return effect.attributes.ReferenceID === request;
  return (effect.type === 'refuse' || effect.type === 'done') && effect.referenceId === request;
}

const DNS = ['1001', '1002', '1003', '1004'] as const;
const PEOPLE = ['ann', 'bob', 'cid', 'dan'] as const;
const QUEUES = ['6000', '6001', '6002'] as const;
const dn = fc.constantFrom(...DNS);
const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('call' as const),
      from: fc.constantFrom('+1', '+2', '1001', '1003'),
      to: fc.constantFrom(
        ...QUEUES,
        ...QUEUES,
        '6003',
        '7000',
        '7001',
        '8000',
        '1001',
        '1002',
        '0301',
        '9999',
      ),
      priority: fc.option(fc.integer({ min: -2, max: 9 }), { nil: undefined }),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('answer' as const), nth: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      nth: fc.nat(9),
      why: fc.constantFrom('busy', 'no-answer', 'rejected', 'unreachable', 'lost'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('redirect' as const),
      nth: fc.nat(9),
      to: fc.constantFrom('1001', '1002', '6000', '7777'),
      trunk: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('gone' as const), nth: fc.nat(9), party: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('ringing' as const), nth: fc.nat(9) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('hold' as const), nth: fc.nat(9), held: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('release' as const),
      nth: fc.nat(9),
      dn: fc.constantFrom(...DNS, '6000'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('attach' as const),
      nth: fc.nat(9),
      dn: fc.constantFrom(...DNS, '6000'),
      value: fc.constantFrom('a', 'b'),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('phone' as const), dn, up: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('routable' as const), dn, yes: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('login' as const),
      dn,
      who: fc.nat(3),
      queues: fc.subarray([...QUEUES]),
      auto: fc.boolean(),
      stale: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('logout' as const),
      dn,
      by: fc.constantFrom('agent', 'supervisor'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('shutdown' as const),
      // Longer on than off nothing much would happen any more.
      on: fc.constantFrom(true, false, false),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('ready' as const), dn, manual: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('notready' as const),
      dn,
      mode: fc.constantFrom('AuxWork', 'AfterCallWork', undefined),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 100, 4_000, 11_000, 30_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('configure' as const),
      without: fc.constantFrom('6001', '1002', ''),
    }),
  },
);
type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

function run(model: Model, step: Command): void {
  const nth = 'nth' in step ? [...model.live.keys()].at(-1 - step.nth) : undefined;
  const party = nth === undefined ? undefined : model.rung.get(nth);
  switch (step.do) {
    case 'call':
      return model.start(step.from, step.to, step.priority);
    case 'answer':
      if (nth !== undefined && party !== undefined)
        model.perform({ type: 'partyAnswered', connId: nth, dn: party });
      return;
    case 'fail':
      if (nth !== undefined && party !== undefined)
        model.perform({ type: 'partyFailed', connId: nth, dn: party, why: step.why });
      return;
    case 'redirect':
      if (nth !== undefined && party !== undefined) {
        const { to, trunk } = step;
        const over = trunk ? { trunk: 'trunk' } : {};
        model.perform({ type: 'partyRedirected', connId: nth, dn: party, to, ...over });
      }
      return;
    case 'ringing':
      if (nth !== undefined && party !== undefined)
        model.perform({ type: 'partyRinging', connId: nth, dn: party });
      return;
    case 'gone':
      if (nth === undefined) return;
      return model.perform({
        type: 'partyGone',
        connId: nth,
        why: 'normal',
        ...(step.party && party !== undefined ? { dn: party } : {}),
      });
    case 'hold':
      if (nth !== undefined && party !== undefined)
        model.perform({ type: 'partyHeld', connId: nth, dn: party, held: step.held });
      return;
    case 'release':
      return model.perform({ type: 'releaseCall', connId: nth ?? 'none', dn: step.dn, ...model.ask() });
    case 'attach':
      return model.perform({
        type: 'attachUserData',
        connId: nth ?? 'none',
        dn: step.dn,
        userData: { key: step.value },
        ...model.ask(),
      });
    case 'phone':
      return model.perform({ type: 'phone', dn: step.dn, inService: step.up });
    case 'routable':
      return model.perform({ type: 'routable', changes: [{ dn: step.dn, routable: step.yes }] });
    case 'login':
      return model.perform(loginOf(model, step));
    case 'logout':
      return model.perform({ type: 'logout', dn: step.dn, by: step.by, ...model.ask() });
    case 'shutdown':
      return model.perform({ type: 'shutdown', on: step.on, by: 'max', ...model.ask() });
    case 'ready':
      return model.perform({
        type: 'ready',
        dn: step.dn,
        workMode: step.manual ? 'ManualIn' : 'AutoIn',
        ...model.ask(),
      });
    case 'notready':
      return model.perform({
        type: 'notReady',
        dn: step.dn,
        ...(step.mode === undefined ? {} : { workMode: step.mode }),
        ...model.ask(),
      });
    case 'wait':
      return model.pass(step.ms);
    case 'configure':
      return model.perform({
        type: 'configured',
        configuration: { ...SITE, dns: SITE.dns.filter((dn) => dn.number !== step.without) },
      });
  }
}

function loginOf(model: Model, step: Extract<Command, { do: 'login' }>): CentreInput {
  const person = PEOPLE[step.who] ?? 'ann';
  return {
    type: 'login',
    dn: step.dn,
    agentId: `id-${person}`,
    person,
    place: 'place',
    queues: step.queues,
    epoch: step.stale ? { number: 1, desk: 'desk' } : model.nextEpoch(),
    workMode: step.auto ? 'AutoIn' : 'Unknown',
    ...model.ask(),
  };
}

/** A world in which work begins at once: everybody is in, and Ready. */
function openedCentre(configuration: CentreConfiguration = SITE): Model {
  const model = new Model();
  model.perform({ type: 'configured', configuration });
  for (const [index, dn] of DNS.entries()) {
    model.perform({ type: 'phone', dn, inService: true });
    run(model, { do: 'login', dn, who: index, queues: [...QUEUES], auto: index < 2, stale: false });
  }
  return model;
}

test('[AG17] [QU13] [CA11] whatever comes in whatever order, the invariants hold, each request is answered once, each call released once, and nothing is left', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 20, maxLength: 120 }), (steps) => {
      const model = openedCentre();
      for (const step of steps) run(model, step);
      for (const connId of [...model.live.keys()])
        model.perform({ type: 'partyGone', connId, why: 'normal' });
      expect(model.live.size).toBe(0);
      expect(model.centre.callCount).toBe(0);
      for (const dn of DNS) model.perform({ type: 'phone', dn, inService: false });
      expect(model.centre.nextDeadline()).toBeUndefined();
      expect(model.centre.agents()).toEqual([]);
      expect(model.centre.allSnapshots(model.now).flatMap((snapshot) => snapshot.calls)).toEqual([]);
      for (const { offered, answered, abandoned, overflowed, released } of model.centre.counters()) {
        expect(offered).toBe(answered + abandoned + overflowed + released);
      }
    }),
    { numRuns: 250 },
  );
});

/** Whoever is still idle in the queue has not been idle longer than whoever rings. */
function expectLongestIdle(centre: Centre, rung: { dn: string; queue: string }): void {
  const { dns, queues } = centre.stateToCheck;
  const idleSince = dns.get(rung.dn)?.agent?.idleSince ?? 0;
  for (const other of queues.get(rung.queue)?.idle.items() ?? []) {
    expect(
      compareIdleAgents(other, { dn: rung.dn, idleSince }),
      `${other.dn} was idle before ${rung.dn}`,
    ).toBeGreaterThan(0);
  }
}

test('[QU1] [QU2] [QU3] whoever is rung is the most urgent of the queue, and whoever rings has been idle longest', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 20, maxLength: 120 }), (steps) => {
      const model = openedCentre();
      const plain = model.watch.bind(model);
      model.watch = (effects) => {
        for (const [index, effect] of effects.entries()) {
          const after = effects[index + 1];
          const isOffer =
            effect.type === 'event' &&
            effect.name === 'EventDiverted' &&
            effect.dn.startsWith('6') &&
            effect.attributes.CallState === 'Ok';
          plain([effect]);
          if (!isOffer || after?.type !== 'event' || after.name !== 'EventRinging') continue;
          const chosen = model.live.get(effect.attributes.ConnID ?? '');
          if (chosen === undefined) throw new Error('an offer of a call that is over');
          for (const other of model.lineOf(effect.dn)) {
            const inverted =
              other.priority > chosen.priority ||
              (other.priority === chosen.priority && other.since < chosen.since);
            expect(inverted, `${other.connId} should have been served in ${effect.dn}`).toBe(false);
          }
        }
        for (const effect of effects) {
          if (effect.type !== 'ring' || model.rung.get(effect.connId) !== effect.dn) continue;
          const snapshot = model.centre.dnSnapshot(effect.dn, model.now);
          const offered = snapshot?.calls.find(
            (call) =>
              call.ConnID === effect.connId && call.state === 'Ringing' && call.ThisQueue !== undefined,
          );
          if (offered === undefined) continue;
          expect(snapshot).toMatchObject({
            inService: true,
            agent: { state: 'Ready', routable: true },
            calls: [offered],
          });
          expectLongestIdle(model.centre, { dn: effect.dn, queue: offered.ThisQueue ?? '' });
        }
      };
      for (const step of steps) run(model, step);
    }),
    { numRuns: 200 },
  );
});

test('[ST1] [ST6] [ST7] who follows the events knows at every moment what a snapshot would show', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 20, maxLength: 120 }), (steps) => {
      const model = openedCentre();
      const objects = {
        persons: new Set<string>(PEOPLE),
        extensions: new Map(DNS.map((number) => [number, `place ${number}`])),
        queues: new Set<string>(QUEUES),
      };
      const afresh = () => {
        const view = new SiteView();
        view.configure(objects);
        view.snapshot(
          model.centre.allSnapshots(model.now),
          model.centre.queueSnapshots(model.now),
          model.now,
        );
        return view;
      };
      let followed = afresh();
      let isConfigured = true;
      const plain = model.watch.bind(model);
      model.watch = (effects) => {
        plain(effects);
        for (const effect of effects) if (effect.type === 'event') followed.event(effect, model.now);
        if (!isConfigured) return;
        const shown = afresh();
        for (const person of PEOPLE) {
          const { status, login } = followed.agent(person);
          expect({ status, login }).toEqual({
            status: shown.agent(person).status,
            login: shown.agent(person).login,
          });
        }
        for (const queue of QUEUES) expect(followed.queue(queue)).toEqual(shown.queue(queue));
      };
      for (const step of steps) {
        isConfigured = step.do !== 'configure';
        run(model, step);
        // The queues of a login may have become fewer, which no event tells: a Stat Server reads anew then.
        if (!isConfigured) followed = afresh();
      }
    }),
    { numRuns: 80 },
  );
});
