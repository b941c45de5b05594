/**
 * Queues that two sites pool (PQ1): how they are configured; and what must hold of them, looked at after each step of a site: whoever waits is offered to one
 * agent at a time, and an agent is kept for nobody longer than a reservation lasts. And which leg of one site is the other
 * end of a leg of the other, where a call has crossed.
 */
import { SALES_QUEUE, SUPPORT_QUEUE } from '@holdfast/centre';
import type { ConfigObject } from '@holdfast/protocol';
import { cseqOf, fromOf, type LegId, type SipMessage, toOf } from '@holdfast/sip';
import type { Check } from './checkers.ts';
import { SIP_PORT } from './node-program.ts';
import type { Site } from './whole-centre.ts';
import type { SteppedServer } from './whole-checks.ts';
import type { SipServerProgram } from './whole-sip-server.ts';

const PEER_TRUNK = 'peer-trunk';
const POOLED: ReadonlySet<string> = new Set([SALES_QUEUE, SUPPORT_QUEUE]);
/** PQ1. */
const RESERVATION_MAX_MS = 500;
/** A timer may be late by so much. */
const LATE_MAX_MS = 50;
/** Answers that are remembered; calls of a world at once are fewer. */
const JOINED_MAX = 10_000;

/** The queues for which agents work are pooled. */
export function withPools(objects: readonly ConfigObject[], sites: readonly Site[]): ConfigObject[] {
  const pooled = objects.map((object): ConfigObject => {
    const { options } = object;
    if (object.objectType === 'DN' && POOLED.has(object.number))
      return { ...object, options: { ...options, holdfast: { ...options.holdfast, pooled: 'true' } } };
    return object;
  });
  return withPeerTrunks(pooled, sites);
}

/** Each SIP Server without a trunk to the other site gets one. */
export function withPeerTrunks(objects: readonly ConfigObject[], sites: readonly Site[]): ConfigObject[] {
  if (!objects.some(isWithoutTrunk)) return [...objects];
  const connected = objects.map((object): ConfigObject => {
    if (!isWithoutTrunk(object)) return object;
    const TServer = { ...object.options.TServer, 'dr-peer-trunk': PEER_TRUNK };
    return { ...object, options: { ...object.options, TServer } };
  });
  const trunks = sites.flatMap(({ name }) =>
    sites.filter((other) => other.name !== name).map(({ address }) => trunkTo(name, address)),
  );
  return [...connected, ...trunks];
}

function isWithoutTrunk(object: ConfigObject): boolean {
  if (object.objectType !== 'Application' || object.type !== 'SIPServer') return false;
  return object.options.TServer?.['dr-peer-trunk'] === undefined;
}

function trunkTo(site: string, address: string): ConfigObject {
  return {
    ...{ objectType: 'DN', number: PEER_TRUNK, switch: site, type: 'Trunk', displayName: 'The other site' },
    ...{ enabled: true, options: { TServer: { contact: `sip:${address}:${SIP_PORT}` } } },
  };
}

/** Where the caller stands it is decided who is rung: one agent, or one is talked to, never two. */
export function oneAgentACaller(stepped: SteppedServer): Check {
  const turns = new WeakMap<SipServerProgram, number>();
  return {
    name: 'one-agent-a-caller',
    violated: () => {
      const { site, program } = stepped() ?? {};
      if (program?.parts === undefined || turns.get(program) === program.centreTurns) return undefined;
      turns.set(program, program.centreTurns);
      for (const { connId, ringing, party } of program.parts.calls.calls()) {
        const agents = ringing.size + (party === undefined ? 0 : 1);
        if (agents > 1)
          return `${site?.name}: call ${connId} is offered to ${[...ringing.keys()].join(', ')}`;
      }
      return undefined;
    },
  };
}

/** By the clock of the site, and not counting while it is stopped. */
export function reservationsShort(stepped: SteppedServer): Check {
  const since = new WeakMap<object, number>();
  const lastStep = new WeakMap<SipServerProgram, number>();
  return {
    name: 'reservation-short',
    violated: () => {
      const { site, process, program } = stepped() ?? {};
      const reservations = program?.parts?.centre.stateToCheck.pool.reservations;
      if (program === undefined || process === undefined || reservations === undefined) return undefined;
      const now = process.now();
      const away = now - (lastStep.get(program) ?? now);
      lastStep.set(program, now);
      for (const [connId, reservation] of reservations) {
        const begun = since.get(reservation) ?? now;
        since.set(reservation, begun);
        if (reservation.rungBy !== undefined) continue;
        if (now - begun > RESERVATION_MAX_MS + LATE_MAX_MS + away)
          return `${site?.name}: ${reservation.dn} is kept for ${connId} for ${Math.round(now - begun)} ms`;
      }
      return undefined;
    },
  };
}

/** Read from the answers of sites to each other: their two tags name the leg at either end. */
export class JoinedLegs {
  readonly #other = new Map<LegId, LegId>();

  answered(message: SipMessage): void {
    if (message.kind !== 'response' || message.status < 200 || message.status > 299) return;
    if (cseqOf(message)?.method !== 'INVITE') return;
    const [from, to] = [fromOf(message), toOf(message)].map((end) => end?.params.get('tag') ?? undefined);
    if (from === undefined || to === undefined) return;
    if (this.#other.size > JOINED_MAX) this.#other.clear();
    this.#other.set(from, to);
    this.#other.set(to, from);
  }

  otherOf(leg: LegId): LegId | undefined {
    return this.#other.get(leg);
  }
}
