/**
 * Who writes (CW1). All Configuration Servers that share a store ask it once a second; it answers who the writer is. Whoever hears
 * that the writer has not been seen for a while claims, and has a higher epoch. The store decides between two that claim in the same moment, and it alone
 * decides whether an entry is written: an epoch that has been overtaken writes nothing, whatever its holder believes.
 *
 *     reading ──the store answers──▶ following ──claim won──▶ writing
 *        ▲                              ▲  ▲                     │
 *        │                              │  └──overtaken──────────┤
 *        └── cut off ◀──no answer──── (either) ◀──────────────────┘
 */
import type { Millis } from '@holdfast/kernel';
import type { Revision } from '@holdfast/protocol';

/** A writer that has not been seen for so long, by the clock of the store, may be followed by another. */
export const WRITER_STALE_MS = 3_000;
/** How often each asks. */
export const ASK_EVERY_MS = 500;
/** An ask without an answer for so long has failed: the store is out of reach. */
export const ANSWER_MAX_MS = 2_000;

/** What the store says when it is asked. */
export interface StoreStanding {
  /** Of whoever writes now; the asker, where it has won. */
  readonly epoch: number;
  readonly holder: string;
  readonly isOurs: boolean;
  /** Of the last entry. */
  readonly revision: Revision;
}

export type WriterRole =
  /** The store has not answered yet, or no longer. `since`: for how long. */
  | { readonly name: 'cutOff'; readonly since: Millis; readonly because: string }
  | { readonly name: 'following'; readonly holder: string }
  | { readonly name: 'writing'; readonly epoch: number };

export interface WriterState {
  readonly role: WriterRole;
  /** An ask that is open was made then; else the next is due then. */
  readonly ask: { readonly isOpen: boolean; readonly at: Millis };
}

export type WriterEvent =
  | { readonly type: 'standing'; readonly standing: StoreStanding }
  | { readonly type: 'failed'; readonly because: string }
  /** A commit was refused for its epoch. */
  | { readonly type: 'overtaken' }
  | { readonly type: 'expire' };

export interface WriterStep {
  readonly state: WriterState;
  /** `claimAs`: an own epoch is renewed; without it the writer's place is taken if it is stale. */
  readonly ask?: { readonly epoch?: number };
}

export function freshWriter(now: Millis): WriterState {
  return {
    role: { name: 'cutOff', since: now, because: 'The database has not been read yet.' },
    ask: { isOpen: false, at: now },
  };
}

export function writerDeadline({ ask }: WriterState): Millis {
  return ask.isOpen ? ask.at + ANSWER_MAX_MS : ask.at;
}

export function stepWriter(state: WriterState, event: WriterEvent, now: Millis): WriterStep {
  const closed = { isOpen: false, at: Math.max(now, state.ask.at + ASK_EVERY_MS) };
  switch (event.type) {
    case 'standing': {
      const { isOurs, epoch, holder } = event.standing;
      const role: WriterRole = isOurs ? { name: 'writing', epoch } : { name: 'following', holder };
      return { state: { role, ask: closed } };
    }
    case 'failed':
      return { state: { role: cutOff(state.role, now, event.because), ask: closed } };
    case 'overtaken':
      // Who has overtaken us is asked at once.
      return { state: { role: { name: 'following', holder: '' }, ask: { isOpen: false, at: now } } };
    case 'expire': {
      if (now < writerDeadline(state)) return { state };
      const { role } = state;
      if (state.ask.isOpen) {
        const because = `The database has not answered within ${ANSWER_MAX_MS} ms.`;
        return asked({ role: cutOff(role, now, because), ask: closed }, now);
      }
      return asked(state, now);
    }
  }
}

function asked({ role }: WriterState, now: Millis): WriterStep {
  const ask = role.name === 'writing' ? { epoch: role.epoch } : {};
  return { state: { role, ask: { isOpen: true, at: now } }, ask };
}

function cutOff(role: WriterRole, now: Millis, because: string): WriterRole {
  return { name: 'cutOff', since: role.name === 'cutOff' ? role.since : now, because };
}
