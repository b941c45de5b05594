/**
 * Anything in any order: what properties of the centre are tried with. Beside the centre runs a small model that
 * knows events only, as a client would: which calls stand in which queue, which requests wait for an answer, which
 * calls have not been released.
 */
import type { HeldRecord, Millis } from '@holdfast/kernel';
import type { EventAttributes, EventName } from '@holdfast/protocol';
import fc from 'fast-check';
import { expect } from 'vitest';
import { Centre } from './centre.ts';
import type { CentreConfiguration, CentreEffect, CentreInput } from './centre-types.ts';
import { checkCentre } from './check-centre.ts';
import { SITE } from './transcript.ts';

export const RINGS_ON_MS = 8_000;

export class Model {
  centre = new Centre();
  now = 0;
  #configuration: CentreConfiguration = SITE;
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
      treatedBy: string | undefined;
    }
  >();
  readonly rung = new Map<string, string>();

  perform(input: CentreInput): void {
    if (input.type === 'configured') this.#configuration = input.configuration;
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
      treatedBy: undefined,
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

  /** Another server goes on with the centre, from records alone and on a clock of its own; leases are shown to it at once. */
  takeOver(records: ReadonlyMap<string, HeldRecord>, clocksApart: Millis): void {
    const routable = this.centre.agents().filter((agent) => agent.routable);
    this.now += clocksApart;
    for (const call of this.live.values()) call.since += clocksApart;
    this.centre = new Centre();
    this.perform({ type: 'configured', configuration: this.#configuration });
    this.watch(this.centre.load(this.now, records, RINGS_ON_MS));
    this.perform({ type: 'routable', changes: routable.map(({ dn }) => ({ dn, routable: true })) });
  }

  watch(effects: readonly CentreEffect[]): void {
    for (const effect of effects) this.#watchOne(effect);
    expect(checkCentre(this.centre)).toEqual([]);
  }

  #watchOne(effect: CentreEffect): void {
    if (effect.type === 'event' && effect.attributes.ConnID !== undefined) {
      // Of every event of a call (CA16).
      const { CallID, CallType, CallState, ThisDNRole } = effect.attributes;
      expect([CallID, CallType, CallState, ThisDNRole]).not.toContain(undefined);
      if (effect.name === 'EventPartyChanged') this.#joined(effect.dn, effect.attributes);
      else this.#watchEvent(effect.name, effect.dn, effect.attributes.ConnID);
    }
    if (effect.type === 'park') {
      // A new way through the switch, and a new wait.
      const call = this.live.get(effect.connId);
      expect(call?.dns).toContain(effect.dn);
      if (call !== undefined) call.since = -1;
    }
    if (effect.type === 'ring') this.rung.set(effect.connId, effect.dn);
    if (effect.type === 'release') {
      const call = this.live.get(effect.connId);
      // Released once, and with every party told.
      expect(call).toBeDefined();
      expect([...(call?.dns ?? []), call?.queue, call?.treatedBy].filter((dn) => dn !== undefined)).toEqual(
        [],
      );
      this.live.delete(effect.connId);
      this.rung.delete(effect.connId);
    }
  }

  /** Who is told so is in the call already, under this name or another. */
  #joined(dn: string, { ConnID = '', PreviousConnID }: EventAttributes): void {
    if (PreviousConnID !== undefined) {
      expect(this.live.get(PreviousConnID)?.dns.delete(dn)).toBe(true);
      this.live.get(ConnID)?.dns.add(dn);
    }
    expect(this.live.get(ConnID)?.dns).toContain(dn);
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
      case 'EventTreatmentApplied':
        expect(call.treatedBy).toBeUndefined();
        call.treatedBy = dn;
        return;
      case 'EventTreatmentEnd':
        expect(call.treatedBy).toBe(dn);
        call.treatedBy = undefined;
        return;
      case 'EventEstablished':
        expect(call.treatedBy).toBeUndefined();
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

export const DNS = ['1001', '1002', '1003', '1004'] as const;
export const PEOPLE = ['ann', 'bob', 'cid', 'dan'] as const;
export const QUEUES = ['6000', '6001', '6002'] as const;
const dn = fc.constantFrom(...DNS);
const shutdownTerms = fc
  .record({
    wave: fc.integer({ min: 1, max: 3 }),
    waveEveryMs: fc.constantFrom(1, 500, 5_000),
    withinMs: fc.constantFrom(undefined, 1_000, 20_000),
    isForced: fc.boolean(),
    endsProcess: fc.constant(false),
  })
  .map(({ withinMs, ...terms }) => (withinMs === undefined ? terms : { ...terms, withinMs }));
export const command = fc.oneof(
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
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('transfer' as const),
      nth: fc.nat(5),
      dn,
      to: fc.constantFrom(...DNS, ...QUEUES, '6003', '7000', '8000', '0301', '9999'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('join' as const), nth: fc.nat(5), other: fc.nat(5), dn }),
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
      terms: fc.option(shutdownTerms, { nil: undefined }),
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
export type Command = typeof command extends fc.Arbitrary<infer Value> ? Value : never;

export function run(model: Model, step: Command): void {
  const nth = 'nth' in step ? [...model.live.keys()].at(-1 - step.nth) : undefined;
  const party = nth === undefined ? undefined : model.rung.get(nth);
  switch (step.do) {
    case 'call':
      return model.start(step.from, step.to, step.priority);
    case 'transfer':
    case 'join':
      return transfer(model, step, nth);
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
      return model.perform({ type: 'shutdown', by: 'max', ...shutdownOf(step), ...model.ask() });
    case 'ready':
      return model.perform(readyOf(model, step));
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

function shutdownOf({ on, terms }: Extract<Command, { do: 'shutdown' }>) {
  return terms === undefined ? { on } : { on, terms };
}

function readyOf(model: Model, step: Extract<Command, { do: 'ready' }>): CentreInput {
  return { type: 'ready', dn: step.dn, workMode: step.manual ? 'ManualIn' : 'AutoIn', ...model.ask() };
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
    tokenIssuedWall: 0,
    workMode: step.auto ? 'AutoIn' : 'Unknown',
    ...model.ask(),
  };
}

/** A world in which work begins at once: everybody is in, and Ready. */
export function openedCentre(configuration: CentreConfiguration = SITE): Model {
  const model = new Model();
  model.perform({ type: 'configured', configuration });
  for (const [index, dn] of DNS.entries()) {
    model.perform({ type: 'phone', dn, inService: true });
    run(model, { do: 'login', dn, who: index, queues: [...QUEUES], auto: index < 2, stale: false });
  }
  return model;
}

function transfer(
  model: Model,
  step: Extract<Command, { do: 'transfer' | 'join' }>,
  connId: string | undefined,
): void {
  const { dn } = step;
  if (connId === undefined) return;
  if (step.do === 'join') {
    const consult = [...model.live.keys()].at(-1 - step.other) ?? connId;
    return model.perform({ type: 'completeTransfer', connId, consult, dn });
  }
  const over = step.to.startsWith('0') ? { trunk: 'trunk' } : {};
  model.perform({ type: 'transfer', connId, dn, to: step.to, ...over });
}
