/**
 * A request in a dialog of the other site that reaches us, through a gateway or a proxy that has found that site silent
 * (AD9). BYE is obeyed without any proof of that site's death, for the endpoint itself has ended the call: it is
 * answered as that site would answer it, and the other end is hung up on. Everything else is answered 503, so that
 * whoever sent it tries again there, or here once the call has been taken over.
 *
 *     BYE ──▶ leg/… of the other site ──▶ its call ──▶ 200; BYE to the other end; ended/… for that site to read
 */
import {
  fromRecord,
  type HeldRecord,
  type LogLine,
  type Millis,
  type Plain,
  toRecord,
} from '@holdfast/kernel';
import {
  callIdOf,
  cseqOf,
  fromOf,
  type LegId,
  type LegRecord,
  SEQ_JUMP_OF_SITE,
  type SipRequest,
  tagOf,
  toOf,
  type UserAgentEvent,
  type UserAgentOutput,
} from '@holdfast/sip';
import { callFrom } from './call-records.ts';
import { legHere, type PeerLegPorts, type PeerRecords, peerLeg } from './peer-legs.ts';

/** Calls that were ended here; beyond, the oldest is forgotten, and the other site finds out by asking its ends. */
export const ENDED_CALLS_MAX = 4_096;

/**
 * Why nothing is known of a request in a dialog: nothing has been told here of the other site; nothing of the leg; in a form that cannot
 * be read; of the leg, but not of its call; or the names are those of another dialog.
 */
export const STRAY_CAUSES = [
  'no-records',
  'leg-unknown',
  'leg-unreadable',
  'call-unknown',
  'other-dialog',
] as const;
export type StrayCause = (typeof STRAY_CAUSES)[number];

export interface StrayRequestPorts extends PeerLegPorts {
  records(): PeerRecords | undefined;
  /** Since when the other site does not answer. */
  silentSince(): Millis | undefined;
  run(output: UserAgentOutput): void;
  log(line: Omit<LogLine, 'site'>): void;
}

/** A call of the other site that is over, with the legs to which that was said here, or which go on here. */
interface Ended {
  readonly endedAt: Millis;
  /** A server of a former version has not written them. */
  readonly legs?: readonly LegId[];
}

type Stray = Extract<UserAgentEvent, { type: 'stray' }>;

export class StrayRequests {
  readonly #ports: StrayRequestPorts;
  /** ConnIDs of calls of the other site that were ended here, the oldest first. */
  readonly #ended = new Map<string, Ended>();
  readonly #changed = new Set<string>();
  readonly #unknown = new Map<StrayCause, number>();

  constructor(ports: StrayRequestPorts) {
    this.#ports = ports;
  }

  /** LG4: requests that may have been of calls whose records never came, by why nothing is known of them. */
  get unknown(): ReadonlyMap<StrayCause, number> {
    return this.#unknown;
  }

  hasEnded(connId: string): boolean {
    return this.#ended.has(connId);
  }

  answer(now: Millis, { transaction, request }: Stray): void {
    const { userAgent, run } = this.#ports;
    const records = this.#ports.records();
    const own = tagOf(toOf(request)) ?? '';
    const unknown = (cause?: StrayCause) => {
      if (cause !== undefined) this.#count(cause);
      run(userAgent.respond(now, transaction, 481));
    };
    if (records === undefined) return unknown('no-records');
    const record = peerLeg(records, own);
    if ('cause' in record)
      return unknown(record.cause === 'leg-unreadable' ? 'leg-unreadable' : 'leg-unknown');
    if (!isOf(record, request)) return unknown('other-dialog');
    const found = callWith(records, own);
    if (found === undefined) return unknown('call-unknown');
    if (this.#ended.has(found.connId)) return unknown();
    // Without Retry-After: that would make clients shun us for a while (RFC 3261 §21.5.4).
    if (request.method !== 'BYE') return run(userAgent.respond(now, transaction, 503));
    if (isTooOld(record, request)) return run(userAgent.respond(now, transaction, 500));
    const legs: LegRecord[] = [];
    for (const [id, { dn }] of found.roles) {
      const leg = peerLeg(records, id);
      // A phone that only rings stops by itself: the INVITE is not ours to take back.
      const isOurs = 'leg' in leg && (id === own || leg.leg.state.name === 'established');
      if (isOurs) legs.push(legHere(leg, dn, this.#ports));
    }
    this.end(now, found.connId, found.roles);
    run(userAgent.loadLegs(now, legs, SEQ_JUMP_OF_SITE));
    run(userAgent.takeStray(now, transaction));
    for (const { leg } of legs) if (leg.id !== own) run(userAgent.bye(now, leg.id));
    const because = 'AD9: an end of it has hung up here, and the call stood at the other site';
    this.#ports.log({ level: 'info', what: 'call of the other site ended', call: found.connId, because });
  }

  /** While the other site answers, whatever it lacks here is on its way: such a request is nobody's. */
  #count(cause: StrayCause): void {
    if (this.#ports.silentSince() === undefined) return;
    this.#unknown.set(cause, (this.#unknown.get(cause) ?? 0) + 1);
  }

  /** The other site reads of it, and drops it without a word to these legs (AD3, AD9). */
  end(endedAt: Millis, connId: string, roles: ReturnType<typeof callFrom>['roles']): void {
    const [oldest] = this.#ended.size >= ENDED_CALLS_MAX ? this.#ended.keys() : [];
    if (oldest !== undefined) {
      this.#ended.delete(oldest);
      this.#changed.add(oldest);
    }
    this.#ended.set(connId, { endedAt, legs: roles.map(([leg]) => leg) });
    this.#changed.add(connId);
  }

  // ── records: the other site reads there what has ended, and so does our mate ──────────────────────────────────

  takeChanges(): readonly string[] {
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  connIds(): Iterable<string> {
    return this.#ended.keys();
  }

  record(connId: string, now: Millis): Plain | undefined {
    const ended = this.#ended.get(connId);
    return ended && toRecord(ended, now);
  }

  load(connId: string, held: { readonly value: Plain; readonly heldAt: Millis }): void {
    this.#ended.set(connId, fromRecord(held.value, held.heldAt));
  }
}

/** Of a record of the other site: whether that has dealt with this leg of ours. */
export function endedLegs({ value, heldAt }: HeldRecord): (leg: LegId) => boolean {
  const { legs } = fromRecord<Ended>(value, heldAt);
  return (leg) => legs === undefined || legs.includes(leg);
}

/** The record says how the other end of the dialog is named; a tag alone could be guessed by whoever saw one message. */
function isOf({ leg, callId }: LegRecord, request: SipRequest): boolean {
  const { state } = leg;
  const remoteTag = tagOf(fromOf(request)) ?? '';
  if (state.name === 'over' || callId !== callIdOf(request)) return false;
  if (state.name === 'calling') return state.forks.some(({ dialog }) => dialog.remoteTag === remoteTag);
  return state.dialog.remoteTag === remoteTag;
}

/** RFC 3261 §12.2.2. */
function isTooOld({ leg }: LegRecord, request: SipRequest): boolean {
  const { state } = leg;
  if (state.name === 'over' || state.name === 'calling') return false;
  return (cseqOf(request)?.number ?? 0) < (state.dialog.remoteSeq ?? 0);
}

function callWith(records: PeerRecords, leg: string) {
  for (const key of records.keys()) {
    const held = key.startsWith(TALK) ? records.get(key) : undefined;
    if (held === undefined) continue;
    const { roles } = callFrom(held);
    if (roles.some(([id]) => id === leg)) return { connId: key.slice(TALK.length), roles };
  }
  return undefined;
}

const TALK = 'talk/';
