/**
 * What crosses between a SIP Server and its clients (desks, boards, later Stat Servers): one JSON object a
 * WebSocket message. Requests carry a ReferenceID that the answer repeats. Names are T-Library's.
 */
import { z } from 'zod';
import {
  addpTimeoutMs,
  challenge,
  nonce,
  POLLS,
  proofRequest,
  ReferenceID,
  refusal,
  shownProof,
} from './link-messages.ts';
import { mirrorMessage } from './mirror-link.ts';
import { loginEpoch, position, stamp } from './position.ts';
import {
  dnSnapshot,
  eventName,
  loggedAttributes,
  queueSnapshot,
  reasons,
  userData,
  workMode,
} from './telephony.ts';

const name = z.string().min(1).max(255);
const dn = z.string().min(1).max(64);
const DIALLED = /^[A-Za-z0-9\-_.!~*'()&=+$,;?/#]{1,64}$/;
/**
 * What is called: the characters of a SIP user (RFC 3261 §25.1) and "#", which is escaped on the wire. Neither a blank nor "@",
 * which would make it another address than the one that is called.
 */
const dialled = z
  .string()
  .regex(DIALLED, "must be 1 to 64 letters, digits or - _ . ! ~ * ' ( ) & = + $ , ; ? / #, without blanks");

/** Whether a site may be asked to call this. */
export function isDialled(text: string): boolean {
  return DIALLED.test(text);
}

/** Agents named in one message about a graceful shutdown; all are counted. */
export const SHUTDOWN_STAYING_MAX = 100;

/** Callers of a line who are named in PoolWaiting: so many can be granted an agent within one way there and back. */
export const POOL_CALLERS_MAX = 8;

/** Client to server. */
export const deskRequest = z.discriminatedUnion('type', [
  /** First message on every connection. `resume` continues a former session's events after that position. */
  z.object({
    type: z.literal('RegisterClient'),
    ReferenceID,
    application: name,
    /** Chosen by the client, the same over reconnections and at both sites. */
    session: z.string().min(8).max(64),
    version: z.number().int(),
    /** Proves who is behind the client; without it only what needs no person is allowed. */
    token: z.string().max(4096).optional(),
    /**
     * LK1, of a server: it is answered by Challenge, and admitted by Proof. A Stat Server follows everything, the other
     * site's SIP Server also ends logins.
     */
    nonce: nonce.optional(),
    /** What servers said in version 1; refused. */
    secret: z.string().max(1024).optional(),
    resume: position.optional(),
    addpTimeoutMs,
  }),
  proofRequest,
  z.object({ type: z.literal('RegisterAddress'), ReferenceID, dn }),
  z.object({ type: z.literal('UnregisterAddress'), ReferenceID, dn }),
  /** Every DN of the switch, with queue snapshots in the answer: for boards and followers. */
  z.object({ type: z.literal('RegisterAll'), ReferenceID }),
  z.object({
    type: z.literal('AgentLogin'),
    ReferenceID,
    dn,
    AgentID: name,
    queues: z.array(dn).max(64),
    place: name,
    token: z.string().max(4096),
    epoch: loginEpoch,
    /** The newest stamp of this server that the desk holds (LL1). */
    stamp,
    workMode: workMode.optional(),
    reasons: reasons.optional(),
    /**
     * LL8: this desk has just started and has not waited for leases of its former run to end: admit it only when the other
     * site has ended what it holds, else refuse with `peer-silent`. Absent: it has waited, or has no need to.
     */
    needsPeer: z.boolean().optional(),
    /** The agent had a call at the site that was lost: such log-ins are not put off (SS80). */
    hasCall: z.boolean().optional(),
  }),
  /**
   * LL8: of the other site's SIP Server. What is held of that person up to the epoch ends here, and nothing up to it is
   * admitted any more: Done says so. An Error names a higher epoch that is known: `agent-elsewhere` while its lease is live,
   * else `epoch-too-low`.
   */
  z.object({ type: z.literal('EndLogin'), ReferenceID, person: name, epoch: loginEpoch }),
  /** One's own logout; a supervisor names the DN of another and may give reasons (default `supervisor_logout`). */
  z.object({
    type: z.literal('AgentLogout'),
    ReferenceID,
    dn,
    epoch: loginEpoch.optional(),
    reasons: reasons.optional(),
  }),
  z.object({
    type: z.literal('AgentReady'),
    ReferenceID,
    dn,
    workMode: workMode.optional(),
    reasons: reasons.optional(),
  }),
  z.object({
    type: z.literal('AgentNotReady'),
    ReferenceID,
    dn,
    workMode: workMode.optional(),
    reasons: reasons.optional(),
  }),
  z.object({
    type: z.literal('MakeCall'),
    ReferenceID,
    dn,
    destination: dialled,
    userData: userData.optional(),
  }),
  z.object({ type: z.literal('ReleaseCall'), ReferenceID, dn, ConnID: name }),
  /**
   * The call goes to the destination without the DN (TSingleStepTransfer), once somebody has answered there or it stands in a
   * queue: then EventReleased answers; an Error where nobody takes it, and the call is as before. The data is attached.
   */
  z.object({
    type: z.literal('SingleStepTransfer'),
    ReferenceID,
    dn,
    ConnID: name,
    destination: dialled,
    userData: userData.optional(),
  }),
  /**
   * A consultation about the call (TInitiateTransfer): as MakeCall, with CallType Consult and PreviousConnID. The phone, which
   * needs a second line, holds the first call as it does whenever its user takes another. CompleteTransfer, or ReleaseCall of
   * the consultation, ends it.
   */
  z.object({
    type: z.literal('InitiateTransfer'),
    ReferenceID,
    dn,
    ConnID: name,
    destination: dialled,
    userData: userData.optional(),
  }),
  /** Brings the other ends of two established calls of the DN together in the first (TCompleteTransfer). */
  z.object({ type: z.literal('CompleteTransfer'), ReferenceID, dn, ConnID: name, consultConnID: name }),
  z.object({ type: z.literal('AttachUserData'), ReferenceID, dn, ConnID: name, userData }),
  z.object({
    type: z.literal('DeleteUserData'),
    ReferenceID,
    dn,
    ConnID: name,
    keys: z.array(name).max(64).optional(),
  }),
  /**
   * DS17: a supervisor or administrator asks the desk on the DN to move to the other site. Answered by Done once the desk
   * moves, by an Error with its words when it declines (`declined`) or its agent is logged out (`not-logged-in`).
   */
  z.object({ type: z.literal('AskToMove'), ReferenceID, dn, to: name }),
  /** The desk's answer to MoveAsked, with its `ask`. */
  z.object({
    type: z.literal('MoveAnswer'),
    dn,
    ask: z.number().int(),
    outcome: z.enum(['accepted', 'declined', 'not-logged-in']),
    /** For whoever has asked. */
    text: z.string().max(1024),
  }),
  /** DS16: what a desk sees and whoever watches over the system should know; `dn` is the agent's own. */
  z.object({
    type: z.literal('ReportAlarm'),
    ReferenceID,
    dn,
    name,
    isRaised: z.boolean(),
    because: z.string().max(1024),
  }),
  /**
   * Of an administrator: the server lets its agents go, takes no log-in and no new call; `on: false` takes that back. Asked
   * for again, the newest terms hold.
   */
  z.object({
    type: z.literal('GracefulShutdown'),
    ReferenceID,
    on: z.boolean(),
    /** So many idle agents are logged out at once, and the next ones so long after them; absent: as configured. */
    wave: z.number().int().min(1).max(100_000).optional(),
    waveEveryMs: z.number().int().min(0).max(600_000).optional(),
    /** Whoever is left after this time is logged out; absent: everybody may finish. At most a week. */
    withinMs: z.number().int().min(1).max(604_800_000).optional(),
    /** At that deadline calls are released too. */
    isForced: z.boolean().optional(),
    /** The process ends when nothing is left, and is not started again. */
    endsProcess: z.boolean().optional(),
  }),
  /** Of an administrator, to the primary of a pair: its mate shall have the role (PR11). Done when that has begun. */
  z.object({ type: z.literal('OfferRole'), ReferenceID }),
  /** LL1: answers a stamp for one login. Sent in the message handler, never from a timer. */
  z.object({ type: z.literal('StampAnswer'), dn, epoch: loginEpoch, stamp }),
  /** AD2: what the desk sees of another site, at each change and to whoever it connects to. Not answered. */
  z.object({ type: z.literal('SiteSeen'), site: name, isUp: z.boolean() }),
  /** Of a server: it follows the records of this one (LG4). */
  z.object({ type: z.literal('Mirror'), message: mirrorMessage }),
  /**
   * PQ1, of the other site's SIP Server: the first callers of the line of a pooled queue there, in their order, at each
   * change; they take the place of those named before. Each asks for an agent until it is named no more, or PoolGranted.
   */
  z.object({
    type: z.literal('PoolWaiting'),
    queue: dn,
    callers: z
      .array(z.object({ ConnID: name, priority: z.number().int(), waitedMs: z.number().nonnegative() }))
      .max(POOL_CALLERS_MAX),
  }),
  /** Of the other site's SIP Server: the caller comes for the agent of that reservation, with this data. */
  z.object({ type: z.literal('PoolTaken'), ConnID: name, reservation: z.number().int(), userData }),
  /** Of the other site's SIP Server: the caller needs that agent no more. */
  z.object({
    type: z.literal('PoolDeclined'),
    ConnID: name,
    reservation: z.number().int(),
    because: z.string().max(1024),
  }),
  ...POLLS,
]);
export type DeskRequest = z.infer<typeof deskRequest>;

/** Where a graceful shutdown stands. */
const shutdownProgress = z.object({
  /** Who asked for it. */
  by: name,
  /** Agents still logged in; of them, idle ones who wait for their wave. */
  agents: z.number().int(),
  inWaves: z.number().int(),
  /** Calls that are not over; of them, callers who wait in queues. */
  calls: z.number().int(),
  waiting: z.number().int(),
  /** Phones still registered here. */
  phones: z.number().int(),
  /** Agents whose phones cannot register at the other site, and why: they are logged out last. The first 100. */
  staying: z.array(z.object({ dn, AgentID: name, because: z.string() })).max(SHUTDOWN_STAYING_MAX),
  stayingCount: z.number().int(),
  /** Until whoever is left is logged out; absent without a deadline, and after it. */
  deadlineInMs: z.number().int().optional(),
  isPastDeadline: z.boolean(),
  isForced: z.boolean(),
  endsProcess: z.boolean(),
  /** Neither an agent nor a call is left. */
  isDrained: z.boolean(),
});
export type ShutdownProgress = z.infer<typeof shutdownProgress>;

/** Server to client. */
export const deskReply = z.discriminatedUnion('type', [
  /** Answer to RegisterClient. */
  z.object({
    type: z.literal('ServerInfo'),
    ReferenceID,
    application: name,
    site: name,
    switch: name,
    version: z.number().int(),
    /** The log's end when the client was admitted: what follows has higher positions. */
    position,
    /** True when `resume` could be honoured and the missed events follow; else the client registers its DNs anew. */
    resumed: z.boolean(),
    /** How long a login lease lasts from its stamp, and how often stamps come, ms (LL5). */
    leaseLengthMs: z.number().int(),
    stampEveryMs: z.number().int(),
    /** LL8: the other site is put each log-in and answers. Absent: it cannot be asked now, or there is none. */
    peerAsked: z.boolean().optional(),
    /** LK1, to a server: that the server secret is held here too. */
    proof: shownProof.optional(),
    /** RD1: desks that return to this site by themselves spread over so long, ms. Absent: they come when they like. */
    returnWindowMs: z.number().int().optional(),
  }),
  challenge,
  /** Answer to a request that succeeded and has no event of its own to show it. */
  z.object({ type: z.literal('Done'), ReferenceID }),
  /** EventError: the request was refused; nothing has changed. */
  z.object({
    ...refusal,
    /** The higher epoch of `epoch-too-low`. */
    epoch: loginEpoch.optional(),
    retryAfterMs: z.number().int().optional(),
  }),
  /** Answer to RegisterAddress: the DN as it stands at `position`. */
  z.object({ type: z.literal('Registered'), ReferenceID, position, snapshot: dnSnapshot }),
  /** Answer to RegisterAll. */
  z.object({
    type: z.literal('RegisteredAll'),
    ReferenceID,
    position,
    dns: z.array(dnSnapshot),
    queues: z.array(queueSnapshot),
  }),
  /** One entry of the log that concerns a DN for which the client is registered. */
  z.object({
    type: z.literal('Event'),
    position,
    /** Wall clock of the server, ms since 1970: for people only. */
    time: z.number(),
    name: eventName,
    attributes: loggedAttributes,
  }),
  /** LL1. Also sent to clients that are only registered (the basic connection): a log-in carries the newest. */
  z.object({ type: z.literal('Stamp'), stamp }),
  /** DS17: `by` asks the agent on the DN to move. The desk decides, never while the agent is busy, and says so in MoveAnswer. */
  z.object({ type: z.literal('MoveAsked'), ask: z.number().int(), dn, to: name, by: name }),
  /** LL3: whoever answered a stamp for this epoch is not logged in with it here. */
  z.object({ type: z.literal('NotLoggedIn'), dn, epoch: loginEpoch }),
  /**
   * To every client at each change, and after ServerInfo while it is true: agents are let go, log-ins refused. To supervisors
   * and administrators also once a second while its figures change.
   */
  z.object({
    type: z.literal('ServerState'),
    isShuttingDown: z.boolean(),
    shutdown: shutdownProgress.optional(),
  }),
  /** To whoever has registered for all DNs: what a desk has reported, or the server of itself. */
  z.object({
    type: z.literal('Alarm'),
    /** Wall clock of the server, ms since 1970: for people only. */
    time: z.number(),
    /** Of a desk: its DN and its agent's user name. Absent where the server reports of itself (SS91). */
    dn: dn.optional(),
    person: name.optional(),
    /** The Application that reports it. */
    application: name,
    name,
    isRaised: z.boolean(),
    because: z.string(),
  }),
  /** To a server that follows the records. */
  z.object({ type: z.literal('Mirror'), message: mirrorMessage }),
  /**
   * PQ1, to the other site's SIP Server: the agent on the DN is kept for its caller for 500 ms, until the call comes over
   * the trunk between the sites with this reservation.
   */
  z.object({
    type: z.literal('PoolGranted'),
    queue: dn,
    ConnID: name,
    reservation: z.number().int(),
    dn,
  }),
  /** PQ1, to the other site's SIP Server: nobody is granted to that queue, and why. */
  z.object({ type: z.literal('PoolRefused'), queue: dn, because: z.string().max(1024) }),
  ...POLLS,
]);
export type DeskReply = z.infer<typeof deskReply>;
export type EventMessage = Extract<DeskReply, { type: 'Event' }>;
