/**
 * The arbiter of a pair whose members run on one host: their supervisor (PR7). It can do what no other arbiter
 * can, kill the old process and see it end, and so it grants the role to another process only when the former
 * one is certainly gone.
 *
 *     swap ──► another process may hold the role? ──yes──► kill it, wait for its end ─┐
 *                          │ no                                                       │
 *                          ▼                                                          ▼
 *              the key stays what it was?  ──no──► write it to the disk ──► answer: swapped
 *                          │ yes: a renewal
 *                          └──────────────────► answer: swapped
 *
 * One change is under way at a time; swaps that come meanwhile wait, reads do not. The revision is (start of the
 * supervisor, count): the start number grows on the disk before anything is answered, so the count need not be
 * written at each renewal. A process is a text that no other life of any process has; what it is made of is the
 * shell's affair.
 */

import type { KeySeen, Revision, RoleKey } from '@holdfast/continuity';
import { type ArbiterAnswer, type ArbiterRequest, compareRevisions } from '@holdfast/continuity';
import type { Because, LogLine, Millis, Transition } from '@holdfast/kernel';
import { unreachable } from '@holdfast/kernel';

/** SIGKILL works within milliseconds unless the kernel holds the process; then the swap has failed. */
export const KILL_MAX_MS = 2_000;
/** Two members ask every 150 ms, and a change takes KILL_MAX_MS at most; one more is answered `unknown`. */
export const WAITING_MAX = 32;

type Swap = Extract<ArbiterRequest, { type: 'swap' }>;

interface Asked {
  readonly process: string;
  readonly request: Swap;
}

export interface MemberProcess {
  readonly process: string;
  /** Started by a former life of the supervisor, which may have known more of it. */
  readonly isTakenOver: boolean;
}

type Change =
  | {
      readonly name: 'killing';
      readonly asked: Asked;
      readonly victims: readonly string[];
      readonly giveUpAt: Millis;
    }
  | { readonly name: 'storing'; readonly asked: Asked };

export interface HostArbiter {
  /** The Applications of the pair. */
  readonly applications: readonly string[];
  readonly revision: Revision;
  readonly key: RoleKey | undefined;
  /** By Application: the process of it that lives. */
  readonly members: Readonly<Record<string, MemberProcess>>;
  readonly change: Change | undefined;
  readonly waiting: readonly Asked[];
  /** The holder has offered its role, which its mate is to ask for by then. */
  readonly offer: { readonly process: string; readonly until: Millis } | undefined;
}

/** What outlives the supervisor. */
export interface ArbiterRecord {
  readonly start: number;
  readonly key: RoleKey | undefined;
  /** By Application: its process. */
  readonly members: Readonly<Record<string, string>>;
}

export type HostArbiterEvent =
  /** The supervisor has started this process. */
  | { readonly type: 'started'; readonly application: string; readonly process: string }
  /** A process that lives says who it is. */
  | { readonly type: 'hello'; readonly application: string; readonly process: string }
  | { readonly type: 'asked'; readonly process: string; readonly request: ArbiterRequest }
  | { readonly type: 'yields'; readonly process: string; readonly forMs: Millis }
  | { readonly type: 'ended'; readonly process: string }
  /** The last `store` of a grant. */
  | { readonly type: 'stored' }
  | { readonly type: 'notStored'; readonly because: string }
  | { readonly type: 'expire' };

export type HostArbiterEffect =
  | { readonly type: 'answer'; readonly process: string; readonly answer: ArbiterAnswer }
  /** To everybody of the pair, or to one who has just come. */
  | { readonly type: 'tellKey'; readonly process?: string; readonly seen: KeySeen }
  | { readonly type: 'tellEnd'; readonly application: string; readonly process: string }
  | { readonly type: 'refuse'; readonly process: string; readonly text: string }
  /** `makesWay`: it had offered its role. Else it hangs or is cut off, and its end is a death like any other. */
  | {
      readonly type: 'kill';
      readonly process: string;
      readonly makesWay: boolean;
      readonly because: Because;
    }
  /** On the disk (fsync) before the next effect; for a grant the result comes back as an event. */
  | { readonly type: 'store'; readonly record: ArbiterRecord; readonly isGrant: boolean }
  | { readonly type: 'log'; readonly line: LogLine };

type Next = Transition<HostArbiter, HostArbiterEffect>;

/**
 * The first state of a life, whose record has to be on the disk before the first event. `lives` says which of
 * the processes in the former record still run. Without a record the wall clock gives the start number, so that
 * the revision grows although the disk has forgotten it.
 */
export function beginHostArbiter(options: {
  readonly applications: readonly string[];
  readonly record: ArbiterRecord | undefined;
  readonly wallMs: number;
  readonly lives: (process: string) => boolean;
}): HostArbiter {
  const { applications, record, wallMs, lives } = options;
  const start = Math.max((record?.start ?? 0) + 1, Math.floor(wallMs));
  const key = record?.key;
  // The holder stands here even if its own line was never written.
  const known = { ...(key === undefined ? {} : { [key.holder]: key.process }), ...record?.members };
  const members = Object.fromEntries(
    Object.entries(known)
      .filter(([application, process]) => applications.includes(application) && lives(process))
      .map(([application, process]) => [application, { process, isTakenOver: true }]),
  );
  const idle = { change: undefined, waiting: [], offer: undefined };
  return { applications, revision: { start, count: 0 }, key, members, ...idle };
}

/** A grant that is on its way to the disk counts already: nothing written later may take it back. */
export function recordOf({ revision, key, change, members }: HostArbiter): ArbiterRecord {
  const processes = Object.entries(members).map(([application, { process }]) => [application, process]);
  const granted = change?.name === 'storing' ? change.asked.request.key : key;
  return { start: revision.start, key: granted, members: Object.fromEntries(processes) };
}

export function hostArbiterDeadline({ change }: HostArbiter): Millis | undefined {
  return change?.name === 'killing' ? change.giveUpAt : undefined;
}

export function stepHostArbiter(state: HostArbiter, event: HostArbiterEvent, now: Millis): Next {
  switch (event.type) {
    case 'started':
      return admit(state, event.application, { process: event.process, isTakenOver: false });
    case 'hello':
      return hello(state, event.application, event.process);
    case 'asked':
      return asked(state, event.process, event.request, now);
    case 'yields': {
      const { process, forMs } = event;
      return { state: { ...state, offer: { process, until: now + forMs } }, effects: [] };
    }
    case 'ended':
      return ended(state, event.process, now);
    case 'stored':
    case 'notStored': {
      const { change } = state;
      if (change?.name !== 'storing') return { state, effects: [] };
      const idle = { ...state, change: undefined };
      const done =
        event.type === 'stored'
          ? grant(idle, change.asked)
          : answer(idle, change.asked, {
              type: 'unknown',
              n: change.asked.request.n,
              because: `The supervisor could not write the grant to its disk: ${event.because}.`,
            });
      return andThen(done, (next) => workOff(next, now));
    }
    case 'expire':
      return expire(state, now);
    default:
      return unreachable(event);
  }
}

const seenOf = ({ revision, key }: HostArbiter): KeySeen => ({ revision, key });

function admit(state: HostArbiter, application: string, member: MemberProcess): Next {
  const next = { ...state, members: { ...state.members, [application]: member } };
  return { state: next, effects: [{ type: 'store', record: recordOf(next), isGrant: false }] };
}

function hello(state: HostArbiter, application: string, process: string): Next {
  const told = (now: HostArbiter): HostArbiterEffect[] => [
    { type: 'tellKey', process, seen: seenOf(now) },
    ...endOfHolder(now),
  ];
  const known = state.members[application];
  if (known?.process === process) return { state, effects: told(state) };
  const problem = !state.applications.includes(application)
    ? `Application "${application}" is no member of this pair; its members are ${state.applications.join(' and ')}.`
    : known !== undefined
      ? `Another process of "${application}" runs already; end one of the two.`
      : undefined;
  if (problem !== undefined) return { state, effects: [{ type: 'refuse', process, text: problem }] };
  // A former life of the supervisor started it and died before its line was on the disk.
  const admitted = admit(state, application, { process, isTakenOver: true });
  return { state: admitted.state, effects: [...admitted.effects, ...told(admitted.state)] };
}

/** Who came after its end, such as all of a site that starts again, need not wait for a lease of the dead (PR11). */
function endOfHolder({ key, members }: HostArbiter): HostArbiterEffect[] {
  if (key === undefined || Object.values(members).some(({ process }) => process === key.process)) return [];
  return [{ type: 'tellEnd', application: key.holder, process: key.process }];
}

function asked(state: HostArbiter, process: string, request: ArbiterRequest, now: Millis): Next {
  if (request.type === 'read')
    return {
      state,
      effects: [{ type: 'answer', process, answer: { type: 'stands', n: request.n, seen: seenOf(state) } }],
    };
  const one: Asked = { process, request };
  const refused = (because: string) => answer(state, one, { type: 'unknown', n: request.n, because });
  const { holder } = request.key;
  if (request.key.process !== process || state.members[holder]?.process !== process)
    return refused(`Only a living process of "${holder}" may ask for its own role.`);
  if (state.waiting.length >= WAITING_MAX) return refused(`${WAITING_MAX} swaps wait already; ask again.`);
  return workOff({ ...state, waiting: [...state.waiting, one] }, now);
}

/** Swaps in their order, until one has to wait for an end or for the disk. */
function workOff(state: HostArbiter, now: Millis): Next {
  let next: Next = { state, effects: [] };
  for (;;) {
    const [first, ...waiting] = next.state.waiting;
    if (first === undefined || next.state.change !== undefined) return next;
    next = andThen(next, (before) => swap({ ...before, waiting }, first, now));
  }
}

function swap(state: HostArbiter, one: Asked, now: Millis): Next {
  const { n, ifRevision } = one.request;
  if (compareRevisions(ifRevision, state.revision) !== 0)
    return answer(state, one, { type: 'not-swapped', n, seen: seenOf(state) });
  const victims = Object.values(state.members)
    .filter((member) => member.process !== one.process && mayHold(state, member))
    .map(({ process }) => process);
  if (victims.length === 0) return store(state, one);
  return {
    state: { ...state, change: { name: 'killing', asked: one, victims, giveUpAt: now + KILL_MAX_MS } },
    effects: victims.map((process) => kill(state, one, process, now)),
  };
}

function kill({ offer }: HostArbiter, { request }: Asked, process: string, now: Millis): HostArbiterEffect {
  const makesWay = offer?.process === process && now < offer.until;
  const why = makesWay ? 'It had offered that.' : 'It had not offered that: it hangs, or is cut off.';
  const text = `${request.key.holder} asks for the role, and the process that holds it has to end before it is granted. ${why}`;
  return { type: 'kill', process, makesWay, because: { rule: 'PR7', text } };
}

/** Where nothing is written of a holder, whoever was not started in this life may be one. */
function mayHold({ key }: HostArbiter, { process, isTakenOver }: MemberProcess): boolean {
  return key === undefined ? isTakenOver : key.process === process;
}

/** A renewal leaves on the disk what stands there: the start number alone makes its revision outlive this life. */
function store(state: HostArbiter, one: Asked): Next {
  if (state.key !== undefined && isSameKey(state.key, one.request.key)) return grant(state, one);
  const next: HostArbiter = { ...state, change: { name: 'storing', asked: one } };
  return { state: next, effects: [{ type: 'store', record: recordOf(next), isGrant: true }] };
}

function isSameKey(a: RoleKey, b: RoleKey): boolean {
  return a.process === b.process && a.epoch === b.epoch && a.ask === b.ask && a.lengthMs === b.lengthMs;
}

function grant(state: HostArbiter, one: Asked): Next {
  const { key, n } = one.request;
  const isNewHolder = state.key?.process !== key.process || state.key.epoch !== key.epoch;
  const { start, count } = state.revision;
  const next = { ...state, key, revision: { start, count: count + 1 } };
  const seen = seenOf(next);
  const line: LogLine = {
    level: 'info',
    what: 'role granted',
    because: 'PR7: no other process that may hold it lives.',
    epoch: key.epoch,
    detail: { application: key.holder, ask: key.ask, lengthMs: key.lengthMs },
  };
  return {
    state: next,
    effects: [
      { type: 'answer', process: one.process, answer: { type: 'swapped', n, seen } },
      { type: 'tellKey', seen },
      ...(isNewHolder ? [{ type: 'log', line } as const] : []),
    ],
  };
}

function ended(state: HostArbiter, process: string, now: Millis): Next {
  const found = Object.entries(state.members).find(([, member]) => member.process === process);
  if (found === undefined) return { state, effects: [] };
  const [application] = found;
  const members = Object.fromEntries(Object.entries(state.members).filter(([name]) => name !== application));
  const waiting = state.waiting.filter((one) => one.process !== process);
  const without = { ...state, members, waiting };
  const told: Next = {
    state: without,
    effects: [
      { type: 'tellEnd', application, process },
      { type: 'store', record: recordOf(without), isGrant: false },
    ],
  };
  const { change } = state;
  if (change?.name !== 'killing') return told;
  const idle = { ...without, change: undefined };
  // Who asked is gone: nobody is to be granted anything.
  if (change.asked.process === process)
    return andThen({ ...told, state: idle }, (next) => workOff(next, now));
  const victims = change.victims.filter((victim) => victim !== process);
  if (victims.length > 0) return { ...told, state: { ...without, change: { ...change, victims } } };
  return andThen({ ...told, state: idle }, (next) =>
    andThen(store(next, change.asked), (after) => workOff(after, now)),
  );
}

function expire(state: HostArbiter, now: Millis): Next {
  const { change } = state;
  if (change?.name !== 'killing' || now < change.giveUpAt) return { state, effects: [] };
  const { asked: one, victims } = change;
  const idle = { ...state, change: undefined };
  const line: LogLine = {
    level: 'error',
    what: 'process does not end',
    because: `PR7: ${victims.join(', ')} still runs ${KILL_MAX_MS} ms after SIGKILL, so the role is not granted.`,
    detail: { application: one.request.key.holder },
  };
  const failed = answer(idle, one, { type: 'not-swapped', n: one.request.n, seen: seenOf(idle) });
  return andThen({ ...failed, effects: [{ type: 'log', line }, ...failed.effects] }, (next) =>
    workOff(next, now),
  );
}

function answer(state: HostArbiter, { process }: Asked, given: ArbiterAnswer): Next {
  return { state, effects: [{ type: 'answer', process, answer: given }] };
}

function andThen(first: Next, go: (state: HostArbiter) => Next): Next {
  const second = go(first.state);
  return { state: second.state, effects: [...first.effects, ...second.effects] };
}
