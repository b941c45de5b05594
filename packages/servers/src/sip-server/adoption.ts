/**
 * Calls of the other site that go on here (rules AD): when its agent has logged in here with a higher epoch, a call
 * that stood there is taken over from the records that were followed, and both ends are told where we are now.
 *
 *     EventAgentLogin here ──▶ the agent's DN in the records of the other site ──▶ its calls that stood
 *                                    legs to us ◀── UPDATE or re-INVITE to both ends ──┘
 *
 * Callers who wait there have no desk that could show that the site is dead: they are taken over when all signs agree
 * (AD2), and with them whatever else has no agent. What cannot go on is ended at each end that can be reached (AD10).
 *
 * The number of the next request is the fence (AD3): the ends refuse what the other site, if it lives, still sends.
 */
import { beforeTransfer, type Call, type Centre, type CentreEffect } from '@holdfast/centre';
import { fromRecord, type HeldRecord, type Millis, WatchedMap } from '@holdfast/kernel';
import { compareLoginEpochs, type LoginEpoch } from '@holdfast/protocol';
import { type LegRecord, SEQ_JUMP_OF_SITE, type UserAgentOutput } from '@holdfast/sip';
import type { AdoptionAccount } from './adoption-account.ts';
import type { CallControl } from './call-control.ts';
import { callBeforeTransfer, callFrom } from './call-records.ts';
import {
  atNumbersHere,
  dnOf,
  hasAgent,
  isInLine,
  isRingingDirectly,
  isTalking,
  isWaiting,
  orderOf,
} from './calls-to-adopt.ts';
import type { CrossedCalls } from './crossed-calls.ts';
import {
  callsIn,
  isReachable,
  leadsThroughDeadSite,
  legHere,
  type Obstacle,
  type PeerLegPorts,
  type PeerRecords,
  peerLeg,
} from './peer-legs.ts';
import type { Roles, UnsavedCalls } from './unsaved-calls.ts';

export interface AdoptionPorts extends PeerLegPorts {
  readonly centre: Centre;
  readonly calls: CallControl;
  readonly account: AdoptionAccount;
  readonly crossed: CrossedCalls;
  readonly unsaved: UnsavedCalls;
  records(): PeerRecords | undefined;
  /** Since when the other site has not answered; undefined while it does. */
  silentSince(): Millis | undefined;
  /** For how long at least, before those who wait there are taken over. */
  silenceMinMs(): Millis;
  /** AD9: an end of it has hung up here. */
  hasEnded(connId: string): boolean;
  /** It is over at the other site, which reads of that in our records: with these legs. */
  end(now: Millis, connId: string, legs: Roles): void;
  run(output: UserAgentOutput): void;
  perform(now: Millis, effects: readonly CentreEffect[]): void;
}

/** AD2: what speaks for the death of the other site, and what against it; for the mate (AD13). */
export interface Signs {
  /** When somebody who worked there came to work here while it was silent. */
  readonly lostAt: Millis | undefined;
  /** When what has no agent was taken over, or was too old for that. */
  readonly doneAt: Millis | undefined;
  /** A desk says that it reaches the other site. */
  readonly isSeen: boolean;
}

export class Adoption {
  readonly #ports: AdoptionPorts;
  /**
   * Calls that were taken over, or cannot be, by ConnID, with how often each had moved: the records of a dead site still
   * name them. One that comes back here has moved more often, and is decided anew (AD3).
   */
  readonly decided = new WatchedMap<string, number>();
  /** With so many decisions, those are forgotten of which the records of the other site say nothing any more. */
  #decisionsMax = DECISIONS_MIN;
  /** AD5: calls that wait for the phone of a DN to register here. The oldest first; each is a call of the other site. */
  readonly phoneAwaited = new WatchedMap<string, { readonly dn: string; readonly until: Millis }>();
  /** Connections whose desks say that they reach the other site. */
  readonly #seenBy = new Set<string>();
  /** AD13: a desk had said so to the server before us; until then it has come here and says it again, or works no more. */
  #seenUntil = Number.NEGATIVE_INFINITY;
  /**
   * When somebody who worked there came to work here while it was silent: the second of the three signs of AD2. When the
   * other site answers again, and falls silent later, somebody has to come anew.
   */
  #lostAt: Millis | undefined;
  /** When what has no agent was taken over, or was too old for that: once in each silence. */
  #doneAt: Millis | undefined;

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
    if (there.offer !== undefined) this.#stopRinging(now, records, there.offer, there.number);
    this.#lostAt = this.#ports.silentSince() === undefined ? undefined : now;
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

  get signs(): Signs {
    return { lostAt: this.#lostAt, doneAt: this.#doneAt, isSeen: this.#seenBy.size > 0 };
  }

  /** AD13: as the server before us saw it. */
  goOn(now: Millis, { lostAt, doneAt, isSeen }: Signs): void {
    this.#lostAt = lostAt;
    this.#doneAt = doneAt;
    if (isSeen) this.#seenUntil = now + this.#ports.silenceMinMs();
  }

  /** AD5: the phones of these DNs have registered here. */
  phonesCame(now: Millis, dns: ReadonlySet<string>): void {
    const records = this.#ports.records();
    if (records === undefined) return;
    const { numberHere } = this.#ports;
    for (const [connId, { dn }] of [...this.phoneAwaited])
      if (dns.has(dn) || dns.has(numberHere(dn))) this.#adoptTalk(now, records, connId);
  }

  /** For checks: how many calls of the other site are decided. */
  get size(): number {
    return this.decided.size;
  }

  /** AD5: calls wait for phones. */
  get awaitsPhones(): boolean {
    return this.phoneAwaited.size > 0;
  }

  /** AD1, AD2: it was taken over, or cannot be. */
  hasDecided(connId: string): boolean {
    return this.decided.has(connId);
  }

  nextDeadline(): Millis | undefined {
    const never = Number.POSITIVE_INFINITY;
    const [phone] = this.phoneAwaited.values();
    const next = Math.min(phone?.until ?? never, this.#signsAt() ?? never);
    return next === never ? undefined : next;
  }

  /** When the silence is long enough, where the other two signs agree and it is known who waits there. */
  #signsAt(): Millis | undefined {
    const since = this.#ports.silentSince();
    if (since === undefined || this.#seenBy.size > 0 || this.#ports.records() === undefined) return undefined;
    const isInIt = (at: Millis | undefined) => at !== undefined && at >= since;
    if (!isInIt(this.#lostAt) || isInIt(this.#doneAt)) return undefined;
    return Math.max(since + this.#ports.silenceMinMs(), this.#seenUntil);
  }

  /** AD2: silent for long enough, lost by whoever worked there, and seen by nobody: those who wait there wait here. */
  expire(now: Millis): void {
    const records = this.#ports.records();
    this.#giveUpPhones(now, records);
    const since = this.#ports.silentSince();
    const due = this.#signsAt();
    if (records === undefined || since === undefined || due === undefined || now < due) return;
    this.#doneAt = now;
    if (now > since + WAITED_IN_SILENCE_MAX_MS) return;
    this.#adoptAgentless(now, records);
  }

  #adoptAgentless(now: Millis, records: PeerRecords): void {
    const calls = callsIn(records);
    const waiting = calls.filter((call) => isInLine(call) || isRingingDirectly(call));
    // Equal places in the order in which they arrived there.
    waiting.sort((one, other) => orderOf(one) - orderOf(other));
    for (const call of waiting) this.#adoptWaiting(now, records, call);
    for (const call of calls) {
      if (isInLine(call) || isRingingDirectly(call)) continue;
      // Its caller waits here, and is back in our own line (PQ1).
      if (call.phase.name === 'offered') this.#stopRinging(now, records, call.connId);
      else if (call.phase.name !== 'talking') this.#notAnswered(now, records, call.connId);
      else if (!hasAgent(records, call)) this.#adoptTalk(now, records, call.connId);
    }
  }

  #adoptTalk(now: Millis, records: PeerRecords, connId: string): void {
    const held = records.get(`call/${connId}`);
    const call = held && beforeTransfer(fromRecord<Call>(held.value, held.heldAt));
    // Whoever only rings is rung again, by the queue in which the caller waits.
    if (call?.phase.name !== 'talking') return this.#stopRinging(now, records, connId);
    const open = this.#undecided(records, connId);
    if (open === undefined) return;
    const { roles } = open;
    const half = this.#ports.crossed.halfOf(records, roles);
    if (half !== undefined) {
      this.#decide(records, connId, open.call.moves);
      const leg = this.#ports.crossed.rejoin(now, records, call, half);
      // What the other site has of it is over, however that came.
      if (typeof leg !== 'string') return this.#unsaved(now, records, { connId, roles }, leg);
      this.#ports.end(now, connId, roles);
      return this.#ports.account.begun(
        connId,
        [leg],
        'AD11: it had crossed, and the other half of it is ours',
      );
    }
    const talk = this.#take(now, records, open, this.#legs(records, roles, isTalking, 2));
    if (talk === undefined) return;
    const { userAgent, centre, account, numberHere } = this.#ports;
    this.#ports.perform(now, centre.adopt(now, atNumbersHere(call, numberHere)));
    const because = hasAgent(records, call)
      ? 'AD1: it stood at the other site, and its agent has logged in here'
      : 'AD2: it stood without an agent, and the other site is dead by all signs';
    account.begun(connId, idsOf(talk), because);
    // AD12: a phone that was called for whoever was to be transferred.
    this.#ports.unsaved.stopRinging(now, records, callFrom(open.talk).roles);
    // AD4: a change that is done again says the same.
    for (const { leg } of talk) this.#ports.run(userAgent.refresh(now, leg.id));
  }

  /** Turning the caller to our announcer tells that end where we are. */
  #adoptWaiting(now: Millis, records: PeerRecords, call: Call): void {
    const open = this.#undecided(records, call.connId);
    if (open === undefined) return;
    // The caller alone: the phone that rang for the call belongs to an agent who may be rung here.
    const origin = open.roles.filter(([, { role }]) => role === 'origin');
    const taken = this.#take(now, records, open, this.#legs(records, origin, isWaiting, 1));
    if (taken === undefined) return;
    this.#ports.unsaved.stopRinging(now, records, open.roles);
    const because = 'AD2: its caller waits, and the other site is dead by all signs';
    this.#ports.account.begun(call.connId, idsOf(taken), because);
    this.#ports.perform(now, this.#ports.centre.adopt(now, call));
  }

  /** Being set up by a colleague or over a trunk: whoever wants it calls again. */
  #notAnswered(now: Millis, records: PeerRecords, connId: string): void {
    const open = this.#undecided(records, connId);
    if (open === undefined) return;
    const because = 'AD10: it was being set up at the other site, and its caller stood in no line';
    this.#decide(records, connId, open.call.moves);
    this.#unsaved(now, records, { connId, roles: open.roles }, { cause: 'not-answered', because });
  }

  /** What of it is not decided; undefined where there is nothing to decide. */
  #undecided(records: PeerRecords, connId: string) {
    const talk = records.get(`talk/${connId}`);
    if (talk === undefined || this.#ports.hasEnded(connId)) return undefined;
    // AD3: it has moved here before, and the other site has not read of that yet.
    if (this.#ports.calls.handover.movesOf(connId) !== undefined) return undefined;
    const { call, roles } = callBeforeTransfer(talk);
    return this.decided.get(connId) === call.moves ? undefined : { talk, call, roles };
  }

  /** Loads its legs and what the B2BUA held of it; undefined when it cannot be taken over. */
  #take(
    now: Millis,
    records: PeerRecords,
    { talk, call: { connId, moves }, roles }: { talk: HeldRecord } & ReturnType<typeof callFrom>,
    legs: readonly LegRecord[] | Obstacle,
  ): readonly LegRecord[] | undefined {
    const isPhoneAbsent = 'cause' in legs && legs.cause === 'phone-absent';
    if (isPhoneAbsent && this.#awaitsPhone(now, records, connId, roles)) return undefined;
    this.phoneAwaited.delete(connId);
    this.#decide(records, connId, moves);
    if ('cause' in legs) {
      this.#unsaved(now, records, { connId, roles }, legs);
      return undefined;
    }
    this.#ports.run(this.#ports.userAgent.loadLegs(now, legs, SEQ_JUMP_OF_SITE));
    this.#ports.calls.handover.adopt(now, talk, this.#ports.numberHere);
    return legs;
  }

  /** AD5: whether the call waits for a phone that has not registered here. */
  #awaitsPhone(now: Millis, records: PeerRecords, connId: string, roles: Roles): boolean {
    const known = this.phoneAwaited.get(connId);
    const isAbsent = ([id, role]: Roles[number]) => {
      const record = peerLeg(records, id);
      return 'leg' in record && !isReachable(record, role.dn, this.#ports);
    };
    const dn = roles.find(isAbsent)?.[1].dn;
    if (dn === undefined || (known !== undefined && now >= known.until)) return false;
    this.phoneAwaited.set(connId, { dn, until: known?.until ?? now + PHONE_AWAITED_MAX_MS });
    return true;
  }

  #giveUpPhones(now: Millis, records: PeerRecords | undefined): void {
    const isBack = this.#ports.silentSince() === undefined;
    for (const [connId, { until }] of [...this.phoneAwaited]) {
      // Whoever answers has its calls, and records that say what became of them.
      if (isBack) this.phoneAwaited.delete(connId);
      else if (now < until) return;
      else if (records?.get(`talk/${connId}`) !== undefined) this.#adoptTalk(now, records, connId);
      // Without its record nobody knows any more whom to let go; it is counted all the same.
      else if (!this.#ports.hasEnded(connId))
        this.#ports.account.failed(connId, 'phone-absent', RECORDS_GONE);
      this.phoneAwaited.delete(connId);
    }
  }

  /** AD10. Where the other site answers it has the call, and goes on with it. */
  #unsaved(
    now: Millis,
    records: PeerRecords,
    { connId, roles }: { readonly connId: string; readonly roles: Roles },
    { cause, because }: Obstacle,
  ): void {
    this.#ports.account.failed(connId, cause, because);
    if (this.#ports.silentSince() === undefined) return;
    this.#ports.unsaved.end(now, records, roles);
    this.#ports.end(now, connId, roles);
  }

  /** A phone that rings for a dead site is busy for the next call. */
  #stopRinging(now: Millis, records: PeerRecords, connId: string, dn?: string): void {
    const talk = records.get(`talk/${connId}`);
    if (talk === undefined || this.#ports.silentSince() === undefined) return;
    this.#ports.unsaved.stopRinging(now, records, callFrom(talk).roles, dn);
  }

  /** No more are kept than twice the calls of the other site, and some. */
  #decide(records: PeerRecords, connId: string, moves: number): void {
    this.decided.set(connId, moves);
    if (this.decided.size < this.#decisionsMax) return;
    for (const each of this.decided.keys())
      if (records.get(`talk/${each}`) === undefined) this.decided.delete(each);
    this.#decisionsMax = Math.max(DECISIONS_MIN, 2 * this.decided.size);
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
      if (leadsThroughDeadSite(record)) return ROUTE_DEAD;
      if (!isReachable(record, dn, this.#ports))
        return { cause: 'phone-absent', because: `AD5: the phone of ${dn} has not registered here` };
      legs.push(legHere(record, dn, this.#ports));
    }
    return legs.length < least ? { cause: 'too-few-legs', because: 'it has too few legs' } : legs;
  }
}

/** So few that looking through them costs nothing. */
export const DECISIONS_MIN = 32;
/**
 * Callers of a silence that is older are not taken over: nothing has played to them since, so that hardly one of them is
 * still there, and an agent would be offered one after the other who is not.
 */
export const WAITED_IN_SILENCE_MAX_MS = 10 * 60_000;
/** AD5: so long a call waits for the phone of a colleague, who has a site time-out and a registration to go through. */
export const PHONE_AWAITED_MAX_MS = 120_000;

const RECORDS_GONE = 'AD5: its phone has not registered here, and nothing is held of the other site any more';

const ROUTE_DEAD: Obstacle = {
  cause: 'route-dead',
  because: 'AD4: a leg of it leads through the dead site itself',
};

function idsOf(legs: readonly LegRecord[]): string[] {
  return legs.map(({ leg }) => leg.id);
}
