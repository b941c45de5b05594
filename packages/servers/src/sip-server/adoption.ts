/**
 * Calls of the other site that go on here (rules AD): when its agent has logged in here with a higher epoch, a call
 * that stood there is taken over from the records that were followed, and both ends are told where we are now.
 *
 *     EventAgentLogin here ──▶ the agent's DN in the records of the other site ──▶ its calls that stood
 *                                    legs to us ◀── UPDATE or re-INVITE to both ends ──┘
 *
 * Callers who wait there have no desk that could show that the site is dead: they are taken over when all signs agree
 * (AD2).
 *
 * The number of the next request is the fence (AD3): the ends refuse what the other site, if it lives, still sends.
 */
import type { Agent, Call, Centre, CentreEffect } from '@holdfast/centre';
import { fromRecord, type HeldRecord, type LogLine, type Millis } from '@holdfast/kernel';
import { compareLoginEpochs, type LoginEpoch } from '@holdfast/protocol';
import { type LegRecord, SEQ_JUMP_OF_SITE, type UserAgentOutput } from '@holdfast/sip';
import type { CallControl } from './call-control.ts';
import { callFrom } from './call-records.ts';
import {
  callsIn,
  isWithUs,
  legHere,
  type NotAdopted,
  type PeerLegPorts,
  type PeerRecords,
  peerLeg,
} from './peer-legs.ts';

export interface AdoptionPorts extends PeerLegPorts {
  readonly centre: Centre;
  readonly calls: CallControl;
  records(): PeerRecords | undefined;
  /** Since when the other site has not answered; undefined while it does. */
  silentSince(): Millis | undefined;
  /** For how long at least, before those who wait there are taken over. */
  silenceMinMs(): Millis;
  /** AD9: an end of it has hung up here. */
  hasEnded(connId: string): boolean;
  run(output: UserAgentOutput): void;
  perform(now: Millis, effects: readonly CentreEffect[]): void;
  log(line: Omit<LogLine, 'site'>): void;
}

interface PeerDN {
  readonly agent?: Pick<Agent, 'person' | 'epoch'>;
  readonly calls: readonly string[];
}

export class Adoption {
  readonly #ports: AdoptionPorts;
  /**
   * Calls that were taken over, or cannot be, by ConnID, with how often each had moved: the records of a dead site still
   * name them. One that comes back here has moved more often, and is decided anew (AD3).
   */
  readonly #decided = new Map<string, number>();
  /** With so many decisions, those are forgotten of which the records of the other site say nothing any more. */
  #decisionsMax = DECISIONS_MIN;
  /** Connections whose desks say that they reach the other site. */
  readonly #seenBy = new Set<string>();
  /**
   * In the silence that began then, somebody who worked there has come to work here: the second of the three signs of
   * AD2. When the other site answers again, and falls silent later, somebody has to come anew.
   */
  #lostInSilenceOf: Millis | undefined;
  /** LG4: what became of the calls of the other site that could have gone on here. */
  readonly #account = new Map<'adopted' | NotAdopted, number>();
  /** The waiting callers of the silence that began then were taken over, or are too old for that. */
  #doneInSilenceOf: Millis | undefined;

  constructor(ports: AdoptionPorts) {
    this.#ports = ports;
  }

  /** AD1: whoever has logged in here with a higher epoch is at work here, and so are the calls. */
  loggedIn(
    now: Millis,
    login: { readonly dn: string; readonly person: string; readonly epoch: LoginEpoch },
  ): void {
    const records = this.#ports.records();
    if (records === undefined) return;
    const there = dnOf(records, login);
    if (there?.agent === undefined || compareLoginEpochs(login.epoch, there.agent.epoch) <= 0) return;
    for (const connId of there.calls) this.#adoptTalk(now, records, connId);
    this.#lostInSilenceOf = this.#ports.silentSince();
    this.expire(now);
  }

  /** A desk says whether it reaches the other site. */
  seen(now: Millis, connection: string, isUp: boolean): void {
    if (isUp) this.#seenBy.add(connection);
    else this.#seenBy.delete(connection);
    this.expire(now);
  }

  forget(connection: string): void {
    this.#seenBy.delete(connection);
  }

  /** For checks: how many calls of the other site are decided. */
  get size(): number {
    return this.#decided.size;
  }

  get account(): ReadonlyMap<'adopted' | NotAdopted, number> {
    return this.#account;
  }

  /** AD1, AD2: it was taken over, or cannot be. */
  hasDecided(connId: string): boolean {
    return this.#decided.has(connId);
  }

  nextDeadline(): Millis | undefined {
    const since = this.#ports.silentSince();
    if (since === undefined || this.#seenBy.size > 0) return undefined;
    if (this.#lostInSilenceOf !== since || this.#doneInSilenceOf === since) return undefined;
    return since + this.#ports.silenceMinMs();
  }

  /** AD2: silent for long enough, lost by whoever worked there, and seen by nobody: those who wait there wait here. */
  expire(now: Millis): void {
    const due = this.nextDeadline();
    const records = this.#ports.records();
    if (due === undefined || now < due || records === undefined) return;
    this.#doneInSilenceOf = this.#ports.silentSince();
    if (now > due - this.#ports.silenceMinMs() + WAITED_IN_SILENCE_MAX_MS) return;
    const waiting = callsIn(records).filter(isInLine);
    // Equal places in the order in which they arrived there.
    waiting.sort((one, other) => orderOf(one) - orderOf(other));
    for (const call of waiting) this.#adoptWaiting(now, records, call);
  }

  #adoptTalk(now: Millis, records: PeerRecords, connId: string): void {
    const held = records.get(`call/${connId}`);
    const call = held && fromRecord<Call>(held.value, held.heldAt);
    // Whoever only rings is rung again, by the queue in which the caller waits.
    if (call?.phase.name !== 'talking') return;
    const talk = this.#take(now, records, call, (roles) => this.#legs(records, roles, isTalking, 2));
    if (talk === undefined) return;
    const { userAgent, centre } = this.#ports;
    this.#ports.perform(now, centre.adopt(now, call));
    // AD4: a change that is done again says the same.
    for (const { leg } of talk) this.#ports.run(userAgent.refresh(now, leg.id));
    this.#told(connId, 'AD1: it stood at the other site, and its agent has logged in here');
  }

  /** Turning the caller to our announcer tells that end where we are. */
  #adoptWaiting(now: Millis, records: PeerRecords, call: Call): void {
    // The caller alone: the phone that rang for the call belongs to an agent who may be rung here.
    const origin = (roles: Roles) => roles.filter(([, { role }]) => role === 'origin');
    const taken = this.#take(now, records, call, (roles) => this.#legs(records, origin(roles), isWaiting, 1));
    if (taken === undefined) return;
    this.#ports.perform(now, this.#ports.centre.adopt(now, call));
    this.#told(call.connId, 'AD2: its caller waits, and the other site is dead by all signs');
  }

  /** Loads its legs and what the B2BUA held of it; undefined when it cannot be taken over. */
  #take(
    now: Millis,
    records: PeerRecords,
    { connId }: Call,
    legsOf: (roles: Roles) => readonly LegRecord[] | Obstacle,
  ): readonly LegRecord[] | undefined {
    const { calls, userAgent } = this.#ports;
    const talk = records.get(`talk/${connId}`);
    if (talk === undefined || this.#ports.hasEnded(connId)) return undefined;
    // AD3: it has moved here before, and the other site has not read of that yet.
    if (calls.movesOf(connId) !== undefined) return undefined;
    const { call, roles } = callFrom(talk);
    if (this.#decided.get(connId) === call.moves) return undefined;
    const legs = legsOf(roles);
    this.#decide(records, connId, call.moves);
    if ('cause' in legs) {
      const { cause, because } = legs;
      const detail = this.#count(cause);
      this.#ports.log({ level: 'warn', what: 'call not adopted', call: connId, because, detail });
      return undefined;
    }
    this.#ports.run(userAgent.loadLegs(now, legs, SEQ_JUMP_OF_SITE));
    calls.adopt(now, talk);
    return legs;
  }

  /** No more are kept than twice the calls of the other site, and some. */
  #decide(records: PeerRecords, connId: string, moves: number): void {
    this.#decided.set(connId, moves);
    if (this.#decided.size < this.#decisionsMax) return;
    for (const each of this.#decided.keys())
      if (records.get(`talk/${each}`) === undefined) this.#decided.delete(each);
    this.#decisionsMax = Math.max(DECISIONS_MIN, 2 * this.#decided.size);
  }

  /** All of them, or why the call cannot be taken over. */
  #legs(
    records: PeerRecords,
    roles: Roles,
    obstacleTo: (leg: LegRecord['leg']) => Obstacle | undefined,
    least: number,
  ): readonly LegRecord[] | Obstacle {
    const legs: LegRecord[] = [];
    for (const [id, { dn }] of roles) {
      const record = peerLeg(records, id);
      if ('cause' in record) return record;
      const obstacle = obstacleTo(record.leg);
      if (obstacle !== undefined) return obstacle;
      if (isWithUs(record, this.#ports)) return WITH_US;
      legs.push(legHere(record, dn, this.#ports));
    }
    return legs.length < least ? { cause: 'too-few-legs', because: 'it has too few legs' } : legs;
  }

  /** LG4: how often this was what became of a call, this time included. */
  #count(cause: 'adopted' | NotAdopted): { readonly cause: string; readonly count: number } {
    const count = (this.#account.get(cause) ?? 0) + 1;
    this.#account.set(cause, count);
    return { cause, count };
  }

  #told(connId: string, because: string): void {
    const detail = this.#count('adopted');
    this.#ports.log({ level: 'info', what: 'call adopted', call: connId, because, detail });
  }
}

/** So few that looking through them costs nothing. */
export const DECISIONS_MIN = 32;
/**
 * Callers of a silence that is older are not taken over: nothing has played to them since, so that hardly one of them is
 * still there, and an agent would be offered one after the other who is not.
 */
export const WAITED_IN_SILENCE_MAX_MS = 10 * 60_000;
type Roles = ReturnType<typeof callFrom>['roles'];
/** Why a call is not taken over. */
const WITH_US = {
  cause: 'other-end-ours',
  because: 'it has crossed from here, and our own part of it goes on',
} as const;
type Obstacle = { readonly cause: NotAdopted; readonly because: string };

/**
 * The agent's phone has answered; the caller may not have been answered yet, where the answer waits for a PRACK. That
 * went to the other site and comes no more, so that the answer goes out here (`resumeLeg`).
 */
function isTalking({ state }: LegRecord['leg']): Obstacle | undefined {
  switch (state.name) {
    case 'established':
      return undefined;
    case 'incoming':
      if (state.heldAnswer !== undefined) return undefined;
      return { cause: 'caller-unanswered', because: 'its caller had no answer yet, and none was on its way' };
    case 'calling':
      return { cause: 'leg-ringing', because: 'a leg of it was calling' };
    case 'ending':
    case 'over':
      return { cause: 'leg-ending', because: `a leg of it was ${state.name}` };
  }
}

function isWaiting(leg: LegRecord['leg']): Obstacle | undefined {
  return leg.state.name === 'incoming' ? undefined : isTalking(leg);
}

/** From outside: a colleague who waits calls again, and who came for a reserved agent stands in our own line (PQ1). */
export function isInLine({ phase, origin }: Call): boolean {
  if (phase.name !== 'waiting' && phase.name !== 'offered') return false;
  return origin.dn === undefined && phase.ticket.reservation === undefined;
}

function orderOf({ phase }: Call): number {
  return phase.name === 'waiting' || phase.name === 'offered' ? phase.ticket.order : 0;
}

/** The DN on which this person was logged in there: the same number as a rule, any other at another's place. */
function dnOf(
  records: PeerRecords,
  { dn, person }: { readonly dn: string; readonly person: string },
): PeerDN | undefined {
  const same = read(records.get(`dn/${dn}`));
  if (same?.agent?.person === person) return same;
  for (const key of records.keys()) {
    if (!key.startsWith('dn/')) continue;
    const other = read(records.get(key));
    if (other?.agent?.person === person) return other;
  }
  return undefined;
}

function read(held: HeldRecord | undefined): PeerDN | undefined {
  return held && fromRecord<PeerDN>(held.value, held.heldAt);
}
