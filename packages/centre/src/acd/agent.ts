/**
 * One agent's state, as T-Library knows it: LoggedOut, NotReady, Ready, and after-call work, which T-Library
 * calls NotReady in work mode AfterCallWork.
 *
 *   LoggedOut ──login──▶ NotReady ◀──────ask──────▶ Ready
 *                           ▲                         │
 *                           │      a business call ends, wrap-up > 0
 *                           │                         ▼
 *                           └──── time, or ask ── AfterCallWork ── time, or ask ──▶ Ready
 *
 * What is asked for during a call is put down and takes effect when the call is over (AG5); the newest word
 * counts (D37). After-call work leads back to the state before the call (D36), unless the agent said otherwise.
 * Whether the agent gets a call is not decided here but in routing.ts.
 */
import { type Millis, type Transition, unreachable } from '@holdfast/kernel';
import type { Reasons, WorkMode } from '@holdfast/protocol';

/** Ready or NotReady, for as long as nobody changes it. */
export interface Standing {
  readonly name: 'Ready' | 'NotReady';
  readonly workMode: WorkMode;
  readonly reasons: Reasons;
}

/** Length of after-call work in ms; 0 for none, untimed until the agent asks for another state. */
export type WrapUp = number | 'untimed';

/** After-call work that is asked for outside a call (AG9). */
export interface IdleWork {
  /** How long it takes; 0 has no end of its own either. */
  readonly wrapUp: WrapUp;
  /** It ends in Ready; else in the state before it. */
  readonly isReadyAfter: boolean;
}

export type AgentState =
  | { readonly name: 'LoggedOut' }
  | (Standing & { readonly since: Millis; readonly asked: Standing | undefined })
  | {
      readonly name: 'AfterCallWork';
      readonly reasons: Reasons;
      readonly since: Millis;
      readonly wrapUp: WrapUp;
      readonly wrapUpEndsAt: Millis | undefined;
      /** What follows when the time is up. */
      readonly next: Standing;
      readonly asked: Standing | undefined;
    };

export type AgentEvent =
  | { readonly type: 'login'; readonly workMode: WorkMode | undefined; readonly reasons: Reasons }
  | { readonly type: 'logout' }
  /** `idleWork` is the agent's own: what after-call work is that is asked for outside a call. */
  | {
      readonly type: 'ask';
      readonly standing: Standing;
      readonly onCall: boolean;
      readonly idleWork: IdleWork;
    }
  /** The server's own decision, such as after a call that was not answered; takes effect at once. */
  | { readonly type: 'setNotReady'; readonly reasons: Reasons }
  /** A call that was answered here is about to be released; `wrapUp` is 0 unless it calls for after-call work. */
  | { readonly type: 'callEnding'; readonly wrapUp: WrapUp }
  /** It has been released; `last` when no other answered call is left here. */
  | { readonly type: 'callEnded'; readonly last: boolean }
  | { readonly type: 'timeUp' };

export type AgentChange =
  | { readonly type: 'became'; readonly standing: Standing; readonly wrapUp: WrapUp | undefined }
  /** The state that was asked for holds already. */
  | { readonly type: 'same'; readonly standing: Standing; readonly wrapUp: WrapUp | undefined }
  /** Put down for the end of the call. */
  | { readonly type: 'deferred' };

type Answer = Transition<AgentState, AgentChange>;

export function stepAgent(state: AgentState, event: AgentEvent, now: Millis): Answer {
  if (event.type === 'login') return stepLogin(event, now);
  if (state.name === 'LoggedOut') return { state, effects: [] };
  switch (event.type) {
    case 'logout':
      return { state: { name: 'LoggedOut' }, effects: [] };
    case 'ask':
      return stepAsk(state, event, now);
    case 'setNotReady':
      return become({ name: 'NotReady', workMode: 'Unknown', reasons: event.reasons }, now);
    case 'callEnding':
      return stepCallEnding(state, event.wrapUp, now);
    case 'callEnded':
      return stepCallEnded(state, event.last, now);
    case 'timeUp':
      if (state.name !== 'AfterCallWork' || state.wrapUpEndsAt === undefined || now < state.wrapUpEndsAt) {
        return { state, effects: [] };
      }
      return become(state.next, now, state.asked);
    default:
      return unreachable(event);
  }
}

/** The state as T-Library names it. */
export function standingOf(state: AgentState): Standing | undefined {
  switch (state.name) {
    case 'LoggedOut':
      return undefined;
    case 'AfterCallWork':
      return { name: 'NotReady', workMode: 'AfterCallWork', reasons: state.reasons };
    default:
      return state;
  }
}

/** NotReady, and Ready at once when the login says AutoIn. */
function stepLogin(event: Extract<AgentEvent, { type: 'login' }>, now: Millis): Answer {
  const workMode = event.workMode ?? 'Unknown';
  if (workMode === 'AutoIn') return become({ name: 'Ready', workMode, reasons: event.reasons }, now);
  const standing: Standing = { name: 'NotReady', workMode, reasons: event.reasons };
  return { state: { ...standing, since: now, asked: undefined }, effects: [] };
}

type LoggedIn = Exclude<AgentState, { name: 'LoggedOut' }>;

function stepAsk(state: LoggedIn, event: Extract<AgentEvent, { type: 'ask' }>, now: Millis): Answer {
  const { standing } = event;
  if (event.onCall) return { state: { ...state, asked: standing }, effects: [{ type: 'deferred' }] };
  if (standing.workMode === 'AfterCallWork') {
    // Asked for while it runs, after-call work is prolonged until the agent ends it.
    const inIt = state.name === 'AfterCallWork';
    const { wrapUp: own, isReadyAfter } = event.idleWork;
    const wrapUp = inIt || own === 0 ? 'untimed' : own;
    const next = isReadyAfter ? READY : before(state);
    return startAfterCallWork(
      { wrapUp, reasons: standing.reasons, next, since: inIt ? state.since : now },
      now,
    );
  }
  if (state.name !== 'AfterCallWork' && isSame(state, standing)) {
    return { state, effects: [{ type: 'same', standing, wrapUp: undefined }] };
  }
  return become(standing, now);
}

function stepCallEnding(state: LoggedIn, wrapUp: WrapUp, now: Millis): Answer {
  const { asked } = state;
  if (asked?.workMode === 'AfterCallWork') {
    return startAfterCallWork({ wrapUp: 'untimed', reasons: asked.reasons, next: READY, since: now }, now);
  }
  // Whoever has said what follows needs no untimed work to say it in: `callEnded` does it.
  if (wrapUp === 0 || (wrapUp === 'untimed' && asked !== undefined)) return { state, effects: [] };
  return startAfterCallWork({ wrapUp, reasons: {}, next: asked ?? before(state), since: now }, now);
}

/** What after-call work that begins now, or goes on, leads back to. */
function before(state: LoggedIn): Standing {
  if (state.name === 'AfterCallWork') return state.next;
  const { name, workMode, reasons } = state;
  return { name, workMode, reasons };
}

function stepCallEnded(state: LoggedIn, last: boolean, now: Millis): Answer {
  const { asked } = state;
  if (!last || asked === undefined) return { state, effects: [] };
  if (state.name !== 'AfterCallWork' && isSame(state, asked)) {
    return { state: { ...state, asked: undefined }, effects: [] };
  }
  return become(asked, now);
}

function startAfterCallWork(
  work: { wrapUp: WrapUp; reasons: Reasons; next: Standing; since: Millis },
  now: Millis,
): Answer {
  const wrapUpEndsAt = work.wrapUp === 'untimed' ? undefined : now + work.wrapUp;
  const standing: Standing = { name: 'NotReady', workMode: 'AfterCallWork', reasons: work.reasons };
  return {
    state: { name: 'AfterCallWork', ...work, wrapUpEndsAt, asked: undefined },
    effects: [{ type: 'became', standing, wrapUp: work.wrapUp }],
  };
}

function become(standing: Standing, now: Millis, asked?: Standing): Answer {
  const { name, workMode, reasons } = standing;
  return {
    state: { name, workMode, reasons, since: now, asked },
    effects: [{ type: 'became', standing: { name, workMode, reasons }, wrapUp: undefined }],
  };
}

function isSame(a: Standing, b: Standing): boolean {
  if (a.name !== b.name || a.workMode !== b.workMode) return false;
  const keys = Object.keys(a.reasons);
  return (
    keys.length === Object.keys(b.reasons).length && keys.every((key) => a.reasons[key] === b.reasons[key])
  );
}

/** Where after-call work that was asked for leads, unless `acw-in-idle-force-ready` is false. */
const READY: Standing = { name: 'Ready', workMode: 'AutoIn', reasons: {} };
