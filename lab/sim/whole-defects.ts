/**
 * ME4, whole: mistakes that the checkers must find within 500 seeds, and which check has to find each. They are planted
 * around the real nodes, in what their shells tell them, send for them, or do to the centre's lines; no product code
 * knows of them.
 */
import type { Centre, CentreEffect, CentreInput } from '@holdfast/centre';
import type { DeskInput, DeskView } from '@holdfast/desk';
import { assert } from '@holdfast/kernel';
import type { DeskReply, DeskRequest } from '@holdfast/protocol';
import type { SipServerConfiguration } from '@holdfast/servers';
import type { SipMessage } from '@holdfast/sip';
import { asAdopted, type LineDefect } from './line-defects.ts';
import type { ScriptedDefect } from './scripted-defects.ts';
import { PAIR_WHOLE_DEFECTS } from './whole-pair-defects.ts';

export const WHOLE_DEFECTS = {
  /** LL1: the lease counts from when the answer is read. */
  'lease-from-answer': 'never-routable-twice',
  /** LL2: nobody looks whether a lease has ended. */
  'no-lease-check': 'never-routable-twice',
  /** LL6: the site does not notice that its host has slept. */
  'sleep-unnoticed': 'never-routable-twice',
  /** LL8: a desk that has just started logs in at once. */
  'no-wait-at-start': 'never-routable-twice',
  /** LL3: the end of a lease is not told to the centre, which goes on offering calls. */
  'lease-end-untold': 'no-offer-without-lease',
  /** QU5: it is taken for granted that a call which comes back from a phone still has its agent there. */
  'agent-taken-for-granted': 'no-crash',
  /** AG14: who has logged out stays in the line of the idle. */
  'idle-after-logout': 'centre-in-order',
  /** QU5: a call that comes back from an agent finds no place in line and is forgotten. */
  'caller-forgotten': 'calls-accounted',
  /** QU11: a caller who leaves the line is not reported. */
  'abandon-untold': 'calls-accounted',
  /** SS27: the end of a call is not passed on to the phone at its other end. */
  'bye-not-passed': 'no-one-legged-call',
  /** SS60: a leg that was asked about is always believed to stand. */
  'legs-believed': 'no-orphans',
  /** DS5: a desk that has lost its telephony never tries again. */
  'desk-never-retries': 'all-settled',
  /** DS16: a third-party desk whose configuration link is lost moves to the other site. */
  'moves-without-configuration': 'voice-for-voice-only',
  /** DS1: whoever should have a third-party desktop has started Workspace, and its links move. */
  'wrong-family': 'lesser-link-stays',
  /** DS5: a desk that has lost its statistics never tries again. */
  'statistics-never-retried': 'links-stand',
  /** SL2: what the Stat Server is told of a logout concerns somebody else. */
  'logout-of-nobody': 'statistics-right',
  /** LG1: a follower takes a position for its number alone. */
  'resume-by-number': 'board-current',
  /** PQ1: a caller who is offered to an agent of the other site stands in line all the while. */
  'crossing-forgotten': 'one-agent-a-caller',
  /** PQ1: what is granted to the other site stays granted until its call comes. */
  'reservation-never-lapses': 'reservation-short',
  /** SS77: the token of a call that has crossed is not read. */
  'token-unread': 'crosses-once',
  /** PQ4: no number is known as one for emergencies. */
  'emergency-unknown': 'emergency-goes-through',
  ...PAIR_WHOLE_DEFECTS,
} as const;
/** Any that may be planted in a whole world; those of the table are found in worlds that a seed draws. */
export type WholeDefect = keyof typeof WHOLE_DEFECTS | ScriptedDefect | LineDefect;

/** Where the agents' phones are. */
export const PHONE_NET = '10.3.';

/** What the site's shell does to a message of a desk before the node sees it. */
export function asRead(
  defect: WholeDefect | undefined,
  message: DeskRequest,
  freshStamp: () => { pairEpoch: number; number: number; at: number },
): DeskRequest {
  if (defect !== 'lease-from-answer') return message;
  if (message.type !== 'StampAnswer' && message.type !== 'AgentLogin') return message;
  return { ...message, stamp: freshStamp() };
}

/** What the site's shell reads of what comes over SIP. */
export function asReceived(defect: WholeDefect | undefined, message: SipMessage): SipMessage {
  if (defect !== 'token-unread') return message;
  return { ...message, headers: message.headers.filter(({ key }) => key !== 'x-holdfast-hop') };
}

/** What the site's shell tells it of its configuration. */
export function asConfigured(
  defect: WholeDefect | undefined,
  configuration: SipServerConfiguration,
): SipServerConfiguration {
  return defect === 'emergency-unknown' ? { ...configuration, emergencyNumbers: [] } : configuration;
}

/** The site that never looks at a lease still tells desks its true length. */
export function asSaid(
  defect: WholeDefect | undefined,
  message: DeskReply,
  leaseLengthMs: number,
): DeskReply {
  if (defect !== 'no-lease-check' || message.type !== 'ServerInfo') return message;
  return { ...message, leaseLengthMs };
}

/** A connection that a planted desk should ask for, and does not. */
export function isNeverTried(defect: WholeDefect | undefined, connection: string): boolean {
  if (defect === 'configuration-never-retried') return /^configuration.*#(?!1$)/.test(connection);
  if (defect === 'desk-never-retries') return /^telephony:.*#(?!1$)/.test(connection);
  return defect === 'statistics-never-retried' && /^statistics.*#(?!1$)/.test(connection);
}

/** What a planted desk makes of the loss of a connection. */
export function misled(
  defect: WholeDefect | undefined,
  connection: string,
  view: DeskView | undefined,
): DeskInput | undefined {
  if (defect !== 'moves-without-configuration' || !connection.startsWith('configuration')) return undefined;
  const to = view?.links.find(({ kind, site }) => kind === 'telephony' && site !== view.site)?.site;
  if (view?.family !== 'agent-desktop' || to === undefined) return undefined;
  return { type: 'move', to, by: 'program' };
}

/** What a Stat Server reads of its SIP Server's log. */
export function asFollowed(defect: WholeDefect | undefined, message: DeskReply): DeskReply {
  if (defect !== 'logout-of-nobody' || message.type !== 'Event' || message.name !== 'EventAgentLogout')
    return message;
  return { ...message, attributes: { ...message.attributes, ThisDN: 'nobody' } };
}

/** Whether the shell keeps this message of the site to itself. */
export function isSwallowed(defect: WholeDefect | undefined, message: SipMessage, to: string): boolean {
  if (defect !== 'bye-not-passed' || message.kind !== 'request') return false;
  // To the callers all is well.
  return message.method === 'BYE' && to.startsWith(PHONE_NET);
}

/** A request whose answer the shell makes up: "it still stands". */
export function isBelieved(defect: WholeDefect | undefined, message: SipMessage): boolean {
  return defect === 'legs-believed' && message.kind === 'request' && message.method === 'OPTIONS';
}

/** Puts the defect between the SIP Server and its centre. */
export function plantInCentre(centre: Centre, defect: WholeDefect | undefined): void {
  const handle = centre.handle.bind(centre);
  const planted = defect === undefined ? undefined : PLANTED[defect];
  if (planted !== undefined)
    centre.handle = (now, input) => planted(centre, input, (told) => handle(now, told));
  const adopt = centre.adopt.bind(centre);
  if (defect === 'past-for-future') centre.adopt = (now, call) => adopt(now, asAdopted(now, call));
}

type Planted = (
  centre: Centre,
  input: CentreInput,
  handle: (input: CentreInput) => CentreEffect[],
) => CentreEffect[];

const PLANTED: Partial<Record<WholeDefect, Planted>> = {
  'lease-end-untold': (_centre, input, handle) => {
    if (input.type !== 'routable') return handle(input);
    return handle({ ...input, changes: input.changes.filter(({ routable }) => routable) });
  },
  'agent-taken-for-granted': (centre, input, handle) => {
    const hasAgent = input.type !== 'partyFailed' || centre.agentOn(input.dn) !== undefined;
    assert(hasAgent, 'a call that comes back from a phone has its agent there');
    return handle(input);
  },
  'idle-after-logout': (centre, input, handle) => {
    if (input.type !== 'logout') return handle(input);
    const { dns, queues } = centre.stateToCheck;
    const idle = dns.get(input.dn)?.idle;
    const lines = [...queues.values()].filter(
      (queue) => idle !== undefined && queue.idle.items().includes(idle),
    );
    const effects = handle(input);
    for (const { idle: line } of lines) if (idle !== undefined) line.add(idle);
    return effects;
  },
  'caller-forgotten': (centre, input, handle) => {
    const { calls, queues, deadlines } = centre.stateToCheck;
    const wasOffered = new Set([...calls.values()].filter((call) => call.phase.name === 'offered'));
    const effects = handle(input);
    for (const { connId } of wasOffered) {
      const phase = calls.get(connId)?.phase;
      if (phase?.name !== 'waiting') continue;
      queues.get(phase.ticket.queue)?.waiting.remove(phase.ticket);
      calls.delete(connId);
      deadlines.clear(`overflow ${connId}`);
    }
    return effects;
  },
  'crossing-forgotten': (centre, input, handle) => {
    const { calls, queues } = centre.stateToCheck;
    const before = input.type === 'poolGranted' ? calls.get(input.connId) : undefined;
    const effects = handle(input);
    const after = before && calls.get(before.connId);
    if (before?.phase.name !== 'waiting' || after?.phase.name !== 'offered') return effects;
    calls.set(before.connId, before);
    queues.get(before.phase.ticket.queue)?.waiting.add(before.phase.ticket);
    return effects.filter((effect) => effect.type !== 'event' || effect.name !== 'EventDiverted');
  },
  'reservation-never-lapses': (centre, input, handle) => {
    if (input.type === 'poolDeclined') return [];
    const effects = handle(input);
    const { deadlines } = centre.stateToCheck;
    for (const effect of effects)
      if (effect.type === 'poolGrant')
        deadlines.set(`reservation-lapses ${effect.connId}`, Number.MAX_SAFE_INTEGER);
    return effects;
  },
  'abandon-untold': (_centre, input, handle) =>
    handle(input).filter((effect) => effect.type !== 'event' || effect.name !== 'EventAbandoned'),
};
