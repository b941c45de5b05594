/**
 * Who writes (CW1). All Configuration Servers that share a store ask it twice a second who that is. Whoever finds that the writer
 * has not been seen for a while claims, and has a higher epoch. The store decides between two that claim in the same moment, and it alone
 * decides whether an entry is written: an epoch that has been overtaken writes nothing, whatever its holder believes.
 *
 *     cutOff ──the store answers──▶ following ──claimed──▶ writing
 *       ▲                               ▲                     │
 *       │                               └──── epochLost ──────┤
 *       └──────────── no answer ◀──────────── (either) ◀──────┘
 */
import type { Millis } from '@holdfast/kernel';
import type { BeatAnswer, ClaimAnswer } from './store-answers.ts';

/** A writer that has not been seen for so long, by the clock of the store, may be followed by another. */
export const WRITER_STALE_MS = 3_000;
/** How often each asks. */
export const ASK_EVERY_MS = 500;
/** An ask without an answer for so long has failed: the store is out of reach. */
export const STORE_ANSWER_MAX_MS = 2_000;

export type WriterRole =
  /** The store has not answered yet, or no longer. `epoch`: under which it wrote until then; it may still hold. */
  | { readonly name: 'cutOff'; readonly since: Millis; readonly because: string; readonly epoch?: number }
  /** `holder`: the Application that writes; unknown until the next answer. */
  | { readonly name: 'following'; readonly holder: string | undefined }
  | { readonly name: 'writing'; readonly epoch: number };

export interface WriterState {
  readonly role: WriterRole;
  /** An ask that is open was made then; else the next is due then. */
  readonly ask: { readonly isOpen: boolean; readonly at: Millis };
}

export type WriterEvent =
  | { readonly type: 'answered'; readonly answer: ClaimAnswer | BeatAnswer }
  /** A commit was refused for its epoch. */
  | { readonly type: 'overtaken' }
  | { readonly type: 'expire' };

export interface WriterStep {
  readonly state: WriterState;
  /** Ask now: with an epoch whether it still holds, without one for the role. */
  readonly ask?: { readonly epoch: number | undefined };
}

export function freshWriter(now: Millis): WriterState {
  const because = 'The database has not been asked yet.';
  return { role: { name: 'cutOff', since: now, because }, ask: { isOpen: false, at: now } };
}

export function writerDeadline({ ask }: WriterState): Millis {
  return ask.isOpen ? ask.at + STORE_ANSWER_MAX_MS : ask.at;
}

export function stepWriter(state: WriterState, event: WriterEvent, now: Millis): WriterStep {
  switch (event.type) {
    case 'answered':
      return { state: { role: roleAfter(state.role, event.answer, now), ask: next(state, now) } };
    case 'overtaken':
      // Who it is now is asked at once.
      return { state: { role: { name: 'following', holder: undefined }, ask: { isOpen: false, at: now } } };
    case 'expire': {
      if (now < writerDeadline(state)) return { state };
      if (!state.ask.isOpen) return asking(state.role, now);
      return asking(cutOff(state.role, now, `It has not answered within ${STORE_ANSWER_MAX_MS} ms.`), now);
    }
  }
}

function roleAfter(role: WriterRole, answer: ClaimAnswer | BeatAnswer, now: Millis): WriterRole {
  switch (answer.type) {
    case 'claimed':
      return { name: 'writing', epoch: answer.epoch };
    case 'renewed':
      return role.name === 'cutOff' && role.epoch !== undefined
        ? { name: 'writing', epoch: role.epoch }
        : role;
    case 'held':
    case 'epochLost':
      return { name: 'following', holder: answer.by };
    case 'unavailable':
      return cutOff(role, now, answer.because);
  }
}

function asking(role: WriterRole, now: Millis): WriterStep {
  const epoch = role.name === 'following' ? undefined : role.epoch;
  return { state: { role, ask: { isOpen: true, at: now } }, ask: { epoch } };
}

function next({ ask }: WriterState, now: Millis): WriterState['ask'] {
  return { isOpen: false, at: Math.max(now, ask.at + ASK_EVERY_MS) };
}

function cutOff(role: WriterRole, now: Millis, because: string): WriterRole {
  const since = role.name === 'cutOff' ? role.since : now;
  const epoch = role.name === 'following' ? undefined : role.epoch;
  return { name: 'cutOff', since, because, ...(epoch === undefined ? {} : { epoch }) };
}
