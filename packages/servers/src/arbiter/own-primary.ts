/**
 * What the supervisor of a host knows of its own member of a pair across hosts (PR8). The primary says with each
 * confirmation how long it may act; when that time is over and no further word has come, the process is killed. A
 * primary that lives pauses by itself (PR6): this is for one that is stopped, and could only send what it had
 * decided before once it wakes.
 *
 *                      confirmed ──▶ the address comes here
 *     notPrimary ────────────────────────▶ primary ────────────▶ killed
 *          ▲  ▲     stands by, ended          │      lease over:    │
 *          │  └── the address leaves ─────────┘      it leaves      │
 *          └──────────────────── ended ─────────────────────────────┘
 *
 * A virtual SIP address is where the primary is (PR10), and it is the supervisor who brings and removes it: a process
 * that is stopped can do neither.
 */
import type { Because, Millis, Transition } from '@holdfast/kernel';
import { unreachable } from '@holdfast/kernel';

/** Woken so late, the supervisor slept itself: words of the member may wait unread, and are read first. */
export const LATE_MS = 50;

export type OwnPrimary =
  | { readonly name: 'notPrimary' }
  | { readonly name: 'primary'; readonly process: string; readonly killAt: Millis; readonly leaseMs: Millis }
  | { readonly name: 'killed'; readonly process: string };

export type OwnPrimaryEvent =
  /** The mate or the arbiter has confirmed it: it may act for so much longer. */
  | { readonly type: 'confirmed'; readonly process: string; readonly remainsMs: Millis }
  | { readonly type: 'standsBy'; readonly process: string }
  | { readonly type: 'ended'; readonly process: string }
  | { readonly type: 'expire' };

export type OwnPrimaryEffect =
  | { readonly type: 'kill'; readonly process: string; readonly because: Because }
  /** The SIP address of the pair is on this host from now on, or is not; the last word counts. */
  | { readonly type: 'address'; readonly verb: 'add' | 'remove'; readonly because: Because };

type Next = Transition<OwnPrimary, OwnPrimaryEffect>;

export const NOT_PRIMARY: OwnPrimary = { name: 'notPrimary' };

/** A former life of the supervisor may have ended with the address on this host. */
export function beginOwnPrimary(): Next {
  return {
    state: NOT_PRIMARY,
    effects: [address('remove', 'The supervisor begins, and no primary runs here yet.')],
  };
}

export function ownPrimaryDeadline(state: OwnPrimary): Millis | undefined {
  return state.name === 'primary' ? state.killAt : undefined;
}

export function stepOwnPrimary(state: OwnPrimary, event: OwnPrimaryEvent, now: Millis): Next {
  switch (event.type) {
    case 'confirmed': {
      const { process, remainsMs } = event;
      // What is killed has said its last word, whatever of it still arrives.
      if (state.name === 'killed' && state.process === process) return { state, effects: [] };
      const isNew = state.name !== 'primary' || state.process !== process;
      return {
        state: { name: 'primary', process, killAt: now + remainsMs, leaseMs: remainsMs },
        effects: isNew ? [address('add', 'The member that runs here is primary.')] : [],
      };
    }
    case 'standsBy':
      if (state.name !== 'primary' || state.process !== event.process) return { state, effects: [] };
      return { state: NOT_PRIMARY, effects: [address('remove', 'The member that runs here stands by.')] };
    case 'ended':
      return ended(state, event.process);
    case 'expire':
      return expire(state, now);
    default:
      return unreachable(event);
  }
}

function ended(state: OwnPrimary, process: string): Next {
  if (state.name === 'notPrimary' || state.process !== process) return { state, effects: [] };
  // Who was killed has lost it already.
  const effects = state.name === 'primary' ? [address('remove', 'The primary that ran here has ended.')] : [];
  return { state: NOT_PRIMARY, effects };
}

function address(verb: 'add' | 'remove', text: string): OwnPrimaryEffect {
  return { type: 'address', verb, because: { rule: 'PR10', text } };
}

function expire(state: OwnPrimary, now: Millis): Next {
  if (state.name !== 'primary' || now < state.killAt) return { state, effects: [] };
  const { process, killAt, leaseMs } = state;
  if (now - killAt >= LATE_MS) return { state: { ...state, killAt: now + LATE_MS - 1 }, effects: [] };
  const text = `The primary was confirmed by neither its mate nor the arbiter for ${Math.round(leaseMs)} ms, and has not said that it stands by.`;
  return {
    state: { name: 'killed', process },
    effects: [
      { type: 'kill', process, because: { rule: 'PR8', text } },
      address('remove', 'The primary that ran here is killed.'),
    ],
  };
}
