/**
 * Which state an agent comes back in after a re-login (DS13, DS14).
 *
 * Like a bookmark: the state last seen before the login was lost is put back when the reader is ready, which is
 * not at once. It is held back while interaction windows are open, so that no new call comes in over the last
 * one [C62], and while a call of the lost site may still be going on (DS14). A choice that the agent makes in
 * the meantime throws the bookmark away [D37].
 */
import { type Because, type Millis, type Transition, unreachable } from '@holdfast/kernel';
import type { Governed } from './governed.ts';

export interface AgentChoice {
  readonly state: 'Ready' | 'NotReady';
  /** T-Library's word; `AfterCallWork` ends by itself when it is timed. */
  readonly workMode: string;
  readonly reasons: Readonly<Record<string, string>>;
}

export interface SeenState extends AgentChoice {
  /** Timed after-call work: when it ends (D26: it goes on, it does not start again). */
  readonly endsAt: Millis | undefined;
}

export interface Restore {
  /** `restore-agent-state`: false comes back NotReady. */
  readonly restoreLastState: Governed<boolean>;
  /** Logged in with the state settled; logged in with the state held back; not logged in. */
  readonly phase: 'settled' | 'held' | 'loggedOut';
  readonly seen: SeenState | undefined;
  /** What the agent chose while not logged in. */
  readonly chosen: AgentChoice | undefined;
  /** DS14: a call stood at the lost site and nobody has said that it is over. */
  readonly hasCallAtLostSite: boolean;
  readonly openWindows: number;
  /**
   * Requests for a state that the site has not answered. Until it has, what it reports is older than what was
   * asked for and is not remembered.
   */
  readonly asksOpen: number;
  /** The last one was the agent's own choice. */
  readonly isAskByAgent: boolean;
  /** The login was lost, perhaps, while a request was open. */
  readonly isUnanswered: boolean;
  /** After-call work that this desk has restored and will end. */
  readonly endsAt: Millis | undefined;
}

export type RestoreEvent =
  /** The site reports the state of the agent; `isAnswer` when a request of this desk brought it about. */
  | { readonly type: 'seen'; readonly state: SeenState; readonly isAnswer: boolean }
  /** The site has answered a request without a new state: refused, or nothing to change. */
  | { readonly type: 'answered' }
  /** The agent (or the program that acts for one) chooses. */
  | { readonly type: 'chosen'; readonly choice: AgentChoice }
  | { readonly type: 'loginLost'; readonly hadCall: boolean }
  | { readonly type: 'loggedIn' }
  /** The site answers again and the login still stands there: nothing was lost. */
  | { readonly type: 'loginKept' }
  | { readonly type: 'windows'; readonly open: number }
  /** The call at the lost site is over: the phone reports it or the agent says so. */
  | { readonly type: 'callOver' }
  | { readonly type: 'expire' };

export interface RestoreEffect {
  readonly type: 'ask';
  readonly choice: AgentChoice;
  readonly because: Because;
}

/** The reason of NotReady while a call of the lost site may still be going on (DS14). */
export const CALL_AT_LOST_SITE = 'call-at-lost-site';

export function startRestore(restoreLastState: Governed<boolean>): Restore {
  return {
    restoreLastState,
    phase: 'loggedOut',
    seen: undefined,
    chosen: undefined,
    hasCallAtLostSite: false,
    openWindows: 0,
    asksOpen: 0,
    isAskByAgent: false,
    isUnanswered: false,
    endsAt: undefined,
  };
}

export function stepRestore(
  before: Restore,
  event: RestoreEvent,
  now: Millis,
): Transition<Restore, RestoreEffect> {
  const { state, effects } = stepEvent(before, event, now);
  return { state: { ...state, asksOpen: state.asksOpen + effects.length }, effects };
}

function stepEvent(restore: Restore, event: RestoreEvent, now: Millis): Transition<Restore, RestoreEffect> {
  switch (event.type) {
    case 'seen':
      return see(restore, event.state, event.isAnswer);
    case 'answered':
      return { state: { ...restore, asksOpen: Math.max(0, restore.asksOpen - 1) }, effects: [] };
    case 'chosen':
      return choose(restore, event.choice);
    case 'loginLost':
      return lose(restore, event.hadCall);
    case 'loggedIn':
      return resume({ ...restore, phase: 'held', isUnanswered: false }, now, true);
    case 'loginKept': {
      const kept: Restore = { ...restore, phase: 'settled', isUnanswered: false };
      if (restore.chosen !== undefined) return choose(kept, restore.chosen);
      // What was asked for when the link broke may never have arrived.
      return restore.isUnanswered
        ? resume({ ...kept, phase: 'held' }, now, false)
        : { state: kept, effects: [] };
    }
    case 'windows':
      return resume({ ...restore, openWindows: event.open }, now, false);
    case 'callOver':
      return resume({ ...restore, hasCallAtLostSite: false }, now, false);
    case 'expire':
      return endAfterCallWork(restore, now);
    default:
      return unreachable(event);
  }
}

/** When restored after-call work ends. */
export function restoreDeadline(restore: Restore): Millis | undefined {
  return restore.endsAt;
}

function see(restore: Restore, seen: SeenState, isAnswer: boolean): Transition<Restore, RestoreEffect> {
  const asksOpen = Math.max(0, restore.asksOpen - (isAnswer ? 1 : 0));
  // What the site reports while the state is held back, or before it has answered, is our own log-in.
  const isNews = restore.phase === 'settled' && asksOpen === 0;
  return {
    state: isNews ? { ...restore, asksOpen, seen, endsAt: undefined } : { ...restore, asksOpen },
    effects: [],
  };
}

function lose(restore: Restore, hadCall: boolean): Transition<Restore, RestoreEffect> {
  const { asksOpen, isAskByAgent, seen } = restore;
  // A choice of the agent that was not answered is a choice still.
  const chosen = restore.chosen ?? (asksOpen > 0 && isAskByAgent ? seen : undefined);
  const state: Restore = {
    ...restore,
    phase: 'loggedOut',
    hasCallAtLostSite: restore.hasCallAtLostSite || hadCall,
    chosen,
    isUnanswered: restore.isUnanswered || asksOpen > 0,
    asksOpen: 0,
    endsAt: undefined,
  };
  return { state, effects: [] };
}

function choose(restore: Restore, choice: AgentChoice): Transition<Restore, RestoreEffect> {
  // An agent who wants to be Ready says by it that the old call is over (DS14).
  const hasCallAtLostSite = restore.hasCallAtLostSite && choice.state !== 'Ready';
  if (restore.phase === 'loggedOut')
    return { state: { ...restore, chosen: choice, hasCallAtLostSite }, effects: [] };
  const because = { rule: 'DS13', text: 'The agent has chosen.' };
  const seen = { ...choice, endsAt: undefined };
  return {
    state: {
      ...restore,
      phase: 'settled',
      seen,
      chosen: undefined,
      hasCallAtLostSite,
      isAskByAgent: true,
      endsAt: undefined,
    },
    effects: [{ type: 'ask', choice, because }],
  };
}

function resume(restore: Restore, now: Millis, isLoggingIn: boolean): Transition<Restore, RestoreEffect> {
  if (restore.phase !== 'held') return { state: restore, effects: [] };
  if (restore.chosen !== undefined) return choose(restore, restore.chosen);
  if (restore.hasCallAtLostSite) {
    if (!isLoggingIn) return { state: restore, effects: [] };
    const choice = {
      state: 'NotReady',
      workMode: 'Unknown',
      reasons: { ReasonCode: CALL_AT_LOST_SITE },
    } as const;
    const text = 'A call stood at the lost site and may still be going on.';
    return { state: restore, effects: [{ type: 'ask', choice, because: { rule: 'DS14', text } }] };
  }
  const { option, value } = restore.restoreLastState;
  if (!value || restore.seen === undefined) {
    // A log-in leaves the agent NotReady; only the reason of DS14 has to be taken away.
    const choice = { state: 'NotReady', workMode: 'Unknown', reasons: {} } as const;
    const because = { rule: 'DS13', text: 'The last state is not restored.', option };
    const effects: RestoreEffect[] = isLoggingIn ? [] : [{ type: 'ask', choice, because }];
    return { state: { ...restore, phase: 'settled', seen: { ...choice, endsAt: undefined } }, effects };
  }
  if (restore.openWindows > 0) return { state: restore, effects: [] };
  return putBack(restore, restore.seen, now);
}

function putBack(restore: Restore, seen: SeenState, now: Millis): Transition<Restore, RestoreEffect> {
  const because = {
    rule: 'DS13',
    text: 'The last state seen before the login was lost is restored.',
    option: restore.restoreLastState.option,
  };
  const isOver = seen.endsAt !== undefined && seen.endsAt <= now;
  const state: SeenState = isOver ? AFTER_WORK : seen;
  const { endsAt, ...choice } = state;
  return {
    state: { ...restore, phase: 'settled', seen: state, isAskByAgent: false, endsAt },
    effects: [{ type: 'ask', choice, because }],
  };
}

/** Timed after-call work ends in Ready. */
const AFTER_WORK: SeenState = { state: 'Ready', workMode: 'Unknown', reasons: {}, endsAt: undefined };

function endAfterCallWork(restore: Restore, now: Millis): Transition<Restore, RestoreEffect> {
  if (restore.endsAt === undefined || now < restore.endsAt) return { state: restore, effects: [] };
  const { endsAt: _, ...choice } = AFTER_WORK;
  const because = { rule: 'DS13', text: 'The after-call work that began before the login was lost is over.' };
  return {
    state: { ...restore, seen: AFTER_WORK, endsAt: undefined },
    effects: [{ type: 'ask', choice, because }],
  };
}
