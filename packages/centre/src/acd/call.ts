/**
 * One call: who started it, where it is now, and what each party is told about it.
 *
 *            ┌─────────────── withdrawn ──────────────┐
 *            ▼                                        │
 *   new ─▶ waiting (in a queue) ──offered──▶ offered (rings at an agent) ──answered──▶ talking
 *    │             └──crossing──▶ offered (to an agent of the other site; there: new ──reserved──▶ offered)
 *    │       └──leftQueue──▶ new                                                         │
 *    └──alert──▶ alerting (a direct or outbound call rings) ──answered──▶ talking        ▼
 *   talking ──parked──▶ new (call-transfer.ts)
 *   any of them ──originGone, partyGone, partyFailed, ended──▶ over
 *
 * The step says which event each DN gets, in order, and what to ask of the phones. It does not know why a call
 * goes to an agent (routing.ts) or what a queue is (queue.ts). A fact that no longer fits the phase, such as an
 * answer that crossed a withdrawal, changes nothing.
 */
import { assert, type Millis, type Transition, unreachable } from '@holdfast/kernel';
import type { CallType, EventName, UserData } from '@holdfast/protocol';
import { tellBusy, tellOrigin, tellParty, tellPartyOver, tellQueue } from './call-told.ts';
import {
  type JoinedEnd,
  stepFailed,
  stepFreed,
  stepJoined,
  stepMerged,
  stepParked,
  type Transfer,
  tellTransferor,
  tellTurned,
} from './call-transfer.ts';
import type { CentreEffect, PartyRelease, Request } from './centre-types.ts';

export interface Call {
  readonly connId: string;
  readonly callType: CallType;
  readonly ani: string | undefined;
  /** The number that was dialled first. */
  readonly dnis: string;
  readonly origin: { readonly dn: string | undefined; readonly heldAt: Millis | undefined };
  readonly startedAt: Millis;
  readonly userData: UserData;
  /** Queues, routing points and overflows passed, so that a ring of them ends (D14). */
  readonly hops: number;
  /** A called phone has sent the caller elsewhere; a second one is not followed (CA15). */
  readonly isRedirected: boolean;
  /** To an emergency number, however it has come there: a graceful shutdown never ends it (PQ4). */
  readonly isEmergency: boolean;
  /** It stood at the other site, or an end of it did, and goes on here (AD1, AD11). */
  readonly isAdopted: boolean;
  /** Whoever was at its other end has turned its origin to somebody else, once at least (CA17). */
  readonly isTransferred: boolean;
  /** Somebody is turning it to somebody else now. */
  readonly transfer: Transfer | undefined;
  /** The call for which it was made, of a consultation (CA20). */
  readonly consultOf: string | undefined;
  /** Since when the caller has waited in queues; undefined before the first. */
  readonly waitingSince: Millis | undefined;
  /** The queue whose treatment the caller hears; undefined once somebody has answered. */
  readonly treatedBy: string | undefined;
  readonly phase: CallPhase;
}

export type CallPhase =
  | { readonly name: 'new' }
  | { readonly name: 'waiting'; readonly ticket: Ticket; readonly since: Millis }
  | {
      readonly name: 'offered';
      readonly ticket: Ticket;
      /** Where it rings: an agent's extension, or the number of the queue at the other site. */
      readonly dn: string;
      readonly crossing: Crossing | undefined;
      readonly since: Millis;
    }
  | {
      readonly name: 'alerting';
      readonly dn: string;
      readonly trunk: string | undefined;
      readonly reached: boolean;
      readonly since: Millis;
    }
  | {
      readonly name: 'talking';
      readonly dn: string;
      readonly trunk: string | undefined;
      /** The queue that distributed the call. */
      readonly queue: string | undefined;
      readonly since: Millis;
      readonly heldAt: Millis | undefined;
    }
  | { readonly name: 'over' };

/** How a caller who waits here is offered to an agent of the other site (PQ1). */
export interface Crossing {
  readonly trunk: string;
  /** Given by the other site. */
  readonly reservation: number;
  /** The other site has taken it: the agent's phone is rung there. */
  readonly hasRung: boolean;
}

/** A place in line: it does not change while the call waits, rings at agents and comes back (LL3, QU1). */
export interface Ticket {
  readonly connId: string;
  readonly queue: string;
  readonly priority: number;
  /** Since when the caller has waited, in this queue and those before it. */
  readonly waitingSince: Millis;
  /** When the call arrived in this queue. */
  readonly enteredAt: Millis;
  /** Of arrival, to part equal instants. */
  readonly order: number;
  /** The caller stands in line at the other site, and an agent of ours was reserved (PQ1); undefined for whoever stands in ours. */
  readonly reservation: number | undefined;
}

export type CallEvent =
  | { readonly type: 'started' }
  | { readonly type: 'queued'; readonly ticket: Ticket }
  /** To a DN beyond the queue, or to none. */
  | { readonly type: 'leftQueue' }
  | { readonly type: 'offered'; readonly dn: string }
  /** To an agent of the other site, whose DN there is `agentDN`. */
  | {
      readonly type: 'crossing';
      readonly trunk: string;
      readonly reservation: number;
      readonly agentDN: string;
    }
  /** A caller of the other site has come for the agent who was reserved. */
  | { readonly type: 'reserved'; readonly ticket: Ticket; readonly dn: string }
  | { readonly type: 'withdrawn'; readonly why: Withdrawal; readonly callState: CallState }
  | { readonly type: 'alert'; readonly dn: string; readonly trunk: string | undefined }
  | { readonly type: 'ringing'; readonly dn: string }
  | { readonly type: 'answered'; readonly dn: string }
  | { readonly type: 'partyFailed'; readonly dn: string; readonly why: PartyRelease }
  /** The phone that rings sends the caller elsewhere. */
  | { readonly type: 'redirected'; readonly isEmergency: boolean }
  | { readonly type: 'originGone'; readonly why: PartyRelease }
  | { readonly type: 'partyGone'; readonly dn: string; readonly why: PartyRelease }
  | { readonly type: 'held'; readonly dn: string; readonly held: boolean }
  /** An end of it begins to turn the other to somebody else. */
  | {
      readonly type: 'parked';
      readonly by: string;
      readonly isEmergency: boolean;
      readonly request: Request;
    }
  /** That end leaves; the call is with `to`. */
  | { readonly type: 'freed'; readonly to: string }
  /** It gets the far end of a second call in place of `by`. */
  | {
      readonly type: 'joined';
      readonly by: string;
      readonly consult: string;
      readonly isEmergency: boolean;
      readonly end: JoinedEnd;
    }
  /** It is the second call; `with` remains in the first. */
  | { readonly type: 'merged'; readonly by: string; readonly with: string }
  /** The centre ends a call that has nowhere to go. */
  | { readonly type: 'ended'; readonly status: number; readonly why: string };

type Withdrawal = Extract<CentreEffect, { type: 'withdraw' }>['why'];

/** T-Library's CallState, in the few words that we need. */
export type CallState = 'Ok' | 'Busy' | 'NoAnswer' | 'Redirected' | 'Overflowed' | 'Failed' | 'Transferred';

export type CallChange =
  /** An event on one DN, as that party sees the call. */
  | {
      readonly type: 'tell';
      readonly to: 'origin' | 'party' | 'queue';
      readonly dn: string;
      readonly name: EventName;
      readonly otherDN: string | undefined;
      readonly queue: string | undefined;
      readonly callState: CallState;
      readonly thirdPartyDN?: string;
      /** By what ConnID this DN has known the call until now. */
      readonly previousConnId?: string;
    }
  | {
      readonly type: 'ring';
      readonly dn: string;
      readonly trunk: string | undefined;
      readonly reservation?: number | undefined;
    }
  | { readonly type: 'withdraw'; readonly dn: string; readonly why: Withdrawal }
  | { readonly type: 'park' | 'transferred'; readonly dn: string }
  | { readonly type: 'transferFailed'; readonly dn: string; readonly status: number }
  | { readonly type: 'join'; readonly consult: string; readonly dn: string }
  | { readonly type: 'release'; readonly status: number; readonly why: string };

type Answer = Transition<Call, CallChange>;

export function stepCall(call: Call, event: CallEvent, now: Millis): Answer {
  switch (event.type) {
    case 'started':
      return { state: call, effects: tellOrigin(call, 'EventDialing') };
    case 'queued':
      assert(call.phase.name === 'new', 'only a call that is nowhere joins a queue');
      return {
        state: inPhase(call, { name: 'waiting', ticket: event.ticket, since: now }),
        effects: [tellQueue(call, event.ticket.queue, 'EventQueued')],
      };
    case 'leftQueue':
      assert(call.phase.name === 'waiting', 'only a waiting call leaves its queue');
      return {
        state: inPhase(call, { name: 'new' }),
        effects: [tellQueue(call, call.phase.ticket.queue, 'EventDiverted', 'Overflowed')],
      };
    case 'offered':
      return stepOffered(call, event.dn, now);
    case 'crossing':
      return stepCrossing(call, event, now);
    case 'reserved':
      return stepReserved(call, event, now);
    case 'withdrawn':
      return stepWithdrawn(call, event);
    case 'alert':
      return stepAlert(call, event, now);
    case 'ringing':
      return stepRinging(call, event.dn);
    case 'answered':
      return stepAnswered(call, event.dn, now);
    case 'partyFailed':
    case 'partyGone':
      return stepPartyGone(call, event);
    case 'redirected':
      return stepRedirected(call, event.isEmergency);
    case 'originGone':
      return stepOriginGone(call, event.why);
    case 'held':
      return stepHeld(call, event, now);
    case 'parked':
      return stepParked(call, event);
    case 'freed':
      return stepFreed(call, event.to);
    case 'joined':
      return stepJoined(call, event, now);
    case 'merged':
      return stepMerged(call, event);
    case 'ended':
      return stepEnded(call, event);
    default:
      return unreachable(event);
  }
}

/** The DN that rings or talks, if any. */
export function partyOf(call: Call): string | undefined {
  const { phase } = call;
  return phase.name === 'offered' || phase.name === 'alerting' || phase.name === 'talking'
    ? phase.dn
    : undefined;
}

function stepOffered(call: Call, dn: string, now: Millis): Answer {
  assert(call.phase.name === 'waiting', 'only a waiting call is offered');
  const { ticket } = call.phase;
  return {
    state: inPhase(call, { name: 'offered', ticket, dn, crossing: undefined, since: now }),
    effects: [
      tellQueue(call, ticket.queue, 'EventDiverted'),
      tellParty(call, { dn, queue: ticket.queue }, 'EventRinging'),
      { type: 'ring', dn, trunk: undefined },
    ],
  };
}

/** The agent's own events are told where the agent is. */
function stepCrossing(call: Call, event: Extract<CallEvent, { type: 'crossing' }>, now: Millis): Answer {
  assert(call.phase.name === 'waiting', 'only a waiting call is offered');
  const { ticket } = call.phase;
  const { trunk, reservation, agentDN } = event;
  const crossing: Crossing = { trunk, reservation, hasRung: false };
  const dn = ticket.queue;
  return {
    state: inPhase(call, { name: 'offered', ticket, dn, crossing, since: now }),
    effects: [
      { ...tellQueue(call, ticket.queue, 'EventDiverted'), thirdPartyDN: agentDN },
      { type: 'ring', dn, trunk, reservation },
    ],
  };
}

/** The queue here does not hear of it: the caller has never stood in its line. */
function stepReserved(call: Call, event: Extract<CallEvent, { type: 'reserved' }>, now: Millis): Answer {
  assert(call.phase.name === 'new', 'a reserved agent is for a call that is nowhere');
  const { ticket, dn } = event;
  return {
    state: inPhase(call, { name: 'offered', ticket, dn, crossing: undefined, since: now }),
    effects: [
      tellParty(call, { dn, queue: ticket.queue }, 'EventRinging'),
      { type: 'ring', dn, trunk: undefined, reservation: ticket.reservation },
    ],
  };
}

/** The offer is taken back; the caller of this step puts the call where it belongs next. */
function stepWithdrawn(call: Call, event: Extract<CallEvent, { type: 'withdrawn' }>): Answer {
  const { phase } = call;
  assert(phase.name === 'offered', 'only an offer is withdrawn');
  return {
    state: inPhase(call, { name: 'new' }),
    effects: [
      ...tellPartyOver(call, 'EventReleased', event.callState),
      { type: 'withdraw', dn: phase.dn, why: event.why },
    ],
  };
}

function stepAlert(call: Call, event: Extract<CallEvent, { type: 'alert' }>, now: Millis): Answer {
  assert(call.phase.name === 'new', 'only a call that is nowhere rings a DN');
  const { dn, trunk } = event;
  const ring: CallChange = { type: 'ring', dn, trunk };
  return {
    state: inPhase(call, { name: 'alerting', dn, trunk, reached: false, since: now }),
    effects: trunk === undefined ? [tellParty(call, { dn, queue: undefined }, 'EventRinging'), ring] : [ring],
  };
}

/** The far end of an outbound call rings: EventNetworkReached, once. A local phone's ringing is told by EventRinging. */
function stepRinging(call: Call, dn: string): Answer {
  const { phase } = call;
  if (phase.name === 'offered' && phase.dn === dn && phase.crossing !== undefined) {
    const crossing = { ...phase.crossing, hasRung: true };
    return { state: inPhase(call, { ...phase, crossing }), effects: [] };
  }
  if (phase.name !== 'alerting' || phase.dn !== dn || phase.trunk === undefined || phase.reached)
    return same(call);
  // Who is transferred has long been in a call.
  const isKnown = call.transfer !== undefined || call.isTransferred;
  return {
    state: inPhase(call, { ...phase, reached: true }),
    effects: isKnown ? [] : tellOrigin(call, 'EventNetworkReached'),
  };
}

function stepAnswered(call: Call, dn: string, now: Millis): Answer {
  const { phase } = call;
  if ((phase.name !== 'offered' && phase.name !== 'alerting') || phase.dn !== dn) return same(call);
  const trunk = phase.name === 'alerting' ? phase.trunk : phase.crossing?.trunk;
  const queue = phase.name === 'offered' ? phase.ticket.queue : undefined;
  const told = trunk === undefined ? [tellParty(call, { dn, queue }, 'EventEstablished')] : [];
  const talking = inPhase(call, { name: 'talking', dn, trunk, queue, since: now, heldAt: undefined });
  const { state, effects } = stepFreed(talking, dn);
  if (state !== talking) return { state, effects: [...told, ...effects] };
  const isNew = !call.isTransferred;
  const toOrigin = isNew ? tellOrigin(call, 'EventEstablished', { otherDN: dn }) : tellTurned(call, dn);
  return { state, effects: [...told, ...toOrigin] };
}

function stepRedirected(call: Call, isEmergency: boolean): Answer {
  assert(call.phase.name === 'alerting', 'only a phone that rings redirects');
  const isNow = call.isEmergency || isEmergency;
  return {
    state: { ...inPhase(call, { name: 'new' }), isRedirected: true, isEmergency: isNow },
    effects: tellPartyOver(call, 'EventReleased', 'Redirected'),
  };
}

/** The called side failed, or left after the answer. An offer from a queue is withdrawn instead (queueing.ts). */
function stepPartyGone(call: Call, event: Extract<CallEvent, { type: 'partyFailed' | 'partyGone' }>): Answer {
  const { phase } = call;
  if (phase.name === 'talking' && phase.dn === event.dn) {
    return over(
      call,
      [
        ...tellPartyOver(call, 'EventReleased', 'Ok'),
        ...tellOrigin(call, 'EventReleased', { otherDN: event.dn }),
      ],
      {
        status: ANSWERED,
        why: event.why,
      },
    );
  }
  if (phase.name !== 'alerting' || phase.dn !== event.dn) return same(call);
  const callState = event.why === 'busy' ? 'Busy' : event.why === 'no-answer' ? 'NoAnswer' : 'Failed';
  if (call.transfer !== undefined)
    return stepFailed(call, tellPartyOver(call, 'EventReleased', callState), STATUS_OF[event.why]);
  const changes = [
    ...tellBusy(call, callState, { otherDN: event.dn }),
    ...tellPartyOver(call, 'EventReleased', callState),
    ...tellOrigin(call, 'EventReleased', { callState, otherDN: event.dn }),
  ];
  return over(call, changes, { status: STATUS_OF[event.why], why: event.why });
}

function stepOriginGone(call: Call, why: PartyRelease): Answer {
  const { phase } = call;
  switch (phase.name) {
    case 'over':
      return same(call);
    case 'new':
      return over(call, tellOrigin(call, 'EventReleased'), { status: CALLER_GONE, why });
    case 'waiting':
      return over(
        call,
        [tellQueue(call, phase.ticket.queue, 'EventAbandoned'), ...tellOrigin(call, 'EventReleased')],
        { status: CALLER_GONE, why },
      );
    case 'talking':
      return over(
        call,
        [
          ...tellPartyOver(call, 'EventReleased', 'Ok'),
          ...tellOrigin(call, 'EventReleased', { otherDN: phase.dn }),
        ],
        { status: ANSWERED, why },
      );
    default: {
      // Only callers from outside abandon a ringing phone; a colleague's call is released there.
      const name = call.origin.dn === undefined ? 'EventAbandoned' : 'EventReleased';
      const changes: CallChange[] = [
        ...tellPartyOver(call, name, 'Ok'),
        { type: 'withdraw', dn: phase.dn, why: 'caller-gone' },
        ...tellTransferor(call, { name: 'EventReleased', callState: 'Ok' }),
        ...tellOrigin(call, 'EventReleased', { otherDN: phase.dn }),
      ];
      return over(call, changes, { status: CALLER_GONE, why });
    }
  }
}

function stepHeld(call: Call, event: Extract<CallEvent, { type: 'held' }>, now: Millis): Answer {
  const { phase, origin } = call;
  if (phase.name !== 'talking') return same(call);
  const name = event.held ? 'EventHeld' : 'EventRetrieved';
  const heldAt = event.held ? now : undefined;
  if (origin.dn === event.dn) {
    if ((origin.heldAt !== undefined) === event.held) return same(call);
    return {
      state: { ...call, origin: { ...origin, heldAt } },
      effects: tellOrigin(call, name, { otherDN: phase.dn }),
    };
  }
  if (phase.dn !== event.dn || phase.trunk !== undefined || (phase.heldAt !== undefined) === event.held)
    return same(call);
  return { state: inPhase(call, { ...phase, heldAt }), effects: [tellParty(call, phase, name)] };
}

function stepEnded(call: Call, event: Extract<CallEvent, { type: 'ended' }>): Answer {
  const { phase } = call;
  if (phase.name === 'over') return same(call);
  const left =
    phase.name === 'waiting' ? [tellQueue(call, phase.ticket.queue, 'EventDiverted', 'Overflowed')] : [];
  const withdrawn: CallChange[] =
    phase.name === 'offered' || phase.name === 'alerting'
      ? [{ type: 'withdraw', dn: phase.dn, why: 'released' }]
      : [];
  const callState = phase.name === 'talking' ? 'Ok' : event.status === 486 ? 'Busy' : 'Failed';
  if (call.transfer !== undefined) {
    const told = [...left, ...tellPartyOver(call, 'EventReleased', callState), ...withdrawn];
    return stepFailed(call, told, event.status);
  }
  const changes = [
    ...left,
    ...tellBusy(call, callState),
    ...tellPartyOver(call, 'EventReleased', callState),
    ...withdrawn,
    ...tellOrigin(call, 'EventReleased', { callState }),
  ];
  return over(call, changes, { status: event.status, why: event.why });
}

function over(call: Call, changes: CallChange[], release: { status: number; why: string }): Answer {
  return { state: inPhase(call, { name: 'over' }), effects: [...changes, { type: 'release', ...release }] };
}

function same(call: Call): Answer {
  return { state: call, effects: [] };
}

function inPhase(call: Call, phase: CallPhase): Call {
  return { ...call, phase };
}

/** What the caller is answered, who was never answered (RFC 3261 §21). */
const STATUS_OF: Readonly<Record<PartyRelease, number>> = {
  normal: 480,
  busy: 486,
  'no-answer': 480,
  rejected: 603,
  unreachable: 480,
  lost: 480,
};
/** The caller's INVITE has been cancelled already. */
const CALLER_GONE = 487;
/** Both sides were answered long ago; BYE needs no status. */
const ANSWERED = 200;
