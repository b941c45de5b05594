/**
 * Calls that stand over both sites (AD11): one leg of ours leads to a leg of the other site, whose own call goes on from
 * there (PQ1, SS76, SS79). When that site dies, the end that it had is joined with ours, and the two legs between the sites
 * are forgotten; the sound never went that way.
 *
 *     caller ═ ours ─ our leg ╌╌╌ their leg ─ theirs ═ agent     ──▶     caller ═ ours ═ agent
 *
 * Its agent may have answered there, and we have not heard of it: then that answer is made good here, while it is waited for.
 *
 * Our leg to a dead site is found dead long before its agent has logged in here. While that may still happen, and until
 * somebody hangs up, the call stands with the end that it has.
 */
import type { Call, Centre, CentreEffect } from '@holdfast/centre';
import { type Millis, WatchedMap } from '@holdfast/kernel';
import { type LegId, SEQ_JUMP_OF_SITE, type UserAgentOutput } from '@holdfast/sip';
import type { CallControl } from './call-control.ts';
import { callBeforeTransfer, rolesAtNumbersHere } from './call-records.ts';
import { atNumbersHere } from './calls-to-adopt.ts';
import {
  isWithUs,
  leadsThroughDeadSite,
  legHere,
  type Obstacle,
  type PeerLegPorts,
  type PeerRecords,
  peerLeg,
} from './peer-legs.ts';
import type { Roles } from './unsaved-calls.ts';

/**
 * So long a call stands without the end that the dead site had: the time-outs of a desk and its phone, a lease, and as
 * much again for the person.
 */
export const HALF_CALL_MAX_MS = 180_000;

export interface CrossedCallsPorts extends PeerLegPorts {
  readonly calls: CallControl;
  readonly centre: Centre;
  records(): PeerRecords | undefined;
  /** Since when the other site has not answered; undefined while it does. */
  silentSince(): Millis | undefined;
  /** It has gone on here, or was ended here. */
  isOver(connId: string): boolean;
  run(output: UserAgentOutput): void;
  perform(now: Millis, effects: readonly CentreEffect[]): void;
}

/** The other site's half of a call of which we have the other. */
export interface Half {
  /** Our leg that leads there. */
  readonly ours: LegId;
  readonly far: Roles[number];
}

export class CrossedCalls {
  readonly #ports: CrossedCallsPorts;
  /** Our legs that led to the other site and are dead, until when their calls wait for the end that it had. */
  readonly waiting = new WatchedMap<LegId, Millis>();
  /** By our leg: the call of the other site, as it stood in the silence that began then. */
  #index: { readonly since: Millis; readonly connIds: ReadonlyMap<LegId, string> } | undefined;

  constructor(ports: CrossedCallsPorts) {
    this.#ports = ports;
  }

  get size(): number {
    return this.waiting.size;
  }

  /** The half of a call that the other site has, where the call has crossed. */
  halfOf(records: PeerRecords, roles: Roles): Half | undefined {
    for (const [id] of roles) {
      const record = peerLeg(records, id);
      if ('cause' in record || record.leg.state.name !== 'established' || !isWithUs(record, this.#ports))
        continue;
      const far = roles.filter(([other]) => other !== id);
      // Their tag for the other side of that dialog is our name of the leg.
      if (far[0] !== undefined && far.length === 1)
        return { ours: record.leg.state.dialog.remoteTag, far: far[0] };
    }
    return undefined;
  }

  /** Joins the two halves; the answer is the leg that is ours now, or why it cannot be. */
  rejoin(now: Millis, records: PeerRecords, theirs: Call, { ours, far }: Half): LegId | Obstacle {
    const { calls, centre, userAgent, run } = this.#ports;
    const connId = calls.handover.connIdOf(ours);
    if (connId === undefined) return { cause: 'other-end-gone', because: 'our own part of it is over' };
    const [leg, role] = far;
    const record = peerLeg(records, leg);
    if ('cause' in record) return record;
    if (record.leg.state.name !== 'established' || !isJoined(role))
      return { cause: 'leg-ending', because: `its other end was ${record.leg.state.name}` };
    if (leadsThroughDeadSite(record))
      return { cause: 'route-dead', because: 'its other end is reached through the dead site' };
    if (userAgent.legInfo(ours)?.state === 'calling' && !this.#answered(now, connId, ours)) return GIVEN_UP;
    const { numberHere } = this.#ports;
    const theirsHere = atNumbersHere(theirs, numberHere);
    const joined = centre.rejoin(now, { connId, theirs: theirsHere, end: role.role });
    if (joined === undefined) return NOT_TALKING;
    run(userAgent.loadLegs(now, [legHere(record, role.dn, this.#ports)], SEQ_JUMP_OF_SITE));
    const [farHere] = rolesAtNumbersHere({ call: role.call, roles: [far] }, numberHere).roles;
    calls.handover.rejoin(now, ours, { leg, role: farHere?.[1] ?? role });
    this.waiting.delete(ours);
    this.#ports.perform(now, joined);
    run(userAgent.refresh(now, leg));
    return leg;
  }

  /** Their 200 was lost with the site; false when nobody waits for it here any more. */
  #answered(now: Millis, connId: string, ours: LegId): boolean {
    const { calls, centre, perform } = this.#ports;
    const dn = calls.handover.answeredThere(ours);
    if (dn !== undefined) perform(now, centre.handle(now, { type: 'partyAnswered', connId, dn }));
    return dn !== undefined;
  }

  /** Our leg is dead: whether its call waits for the end that the other site had. */
  awaits(now: Millis, leg: LegId): boolean {
    if (this.theirsOf(leg) === undefined) return false;
    // AD13: it may have waited already at the server before us.
    if (!this.waiting.has(leg)) this.waiting.set(leg, now + HALF_CALL_MAX_MS);
    return true;
  }

  /** The call of a silent site that goes on from this leg of ours. */
  theirsOf(leg: LegId): string | undefined {
    const since = this.#ports.silentSince();
    const records = this.#ports.records();
    if (since === undefined || records === undefined) return undefined;
    if (this.#index?.since !== since) this.#index = { since, connIds: this.#read(records) };
    const connId = this.#index.connIds.get(leg);
    return connId === undefined || this.#ports.isOver(connId) ? undefined : connId;
  }

  #read(records: PeerRecords): ReadonlyMap<LegId, string> {
    const connIds = new Map<LegId, string>();
    for (const key of records.keys()) {
      const held = key.startsWith(TALK) ? records.get(key) : undefined;
      const half = held && this.halfOf(records, callBeforeTransfer(held).roles);
      if (half !== undefined) connIds.set(half.ours, key.slice(TALK.length));
    }
    return connIds;
  }

  /** The call of that leg is over, or has got its end. */
  forget(leg: LegId): void {
    this.waiting.delete(leg);
  }

  /** At once when the other site answers: it has found its own leg dead too. */
  nextDeadline(): Millis | undefined {
    if (this.waiting.size === 0) return undefined;
    if (this.#ports.silentSince() === undefined) return 0;
    const [first] = this.waiting.values();
    return first;
  }

  /** Legs whose calls have waited for long enough, with the call of the other site. */
  *takeGivenUp(now: Millis): Generator<{ readonly leg: LegId; readonly theirs: string | undefined }> {
    const isBack = this.#ports.silentSince() === undefined;
    for (const [leg, until] of [...this.waiting]) {
      if (!isBack && now < until) return;
      const theirs = this.theirsOf(leg);
      this.waiting.delete(leg);
      yield { leg, theirs };
    }
  }
}

const GIVEN_UP: Obstacle = {
  cause: 'other-end-gone',
  because: 'it was answered there when its caller was back in line here, or had gone',
};
const NOT_TALKING: Obstacle = { cause: 'other-end-gone', because: 'our own part of it does not stand' };

/** The other site's call had its two ends together. */
function isJoined({ role, call }: Roles[number][1]): boolean {
  return role === 'origin' ? call.origin.answered : call.party !== undefined;
}

const TALK = 'talk/';
