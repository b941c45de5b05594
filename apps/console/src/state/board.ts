/**
 * All that the page knows, and how each thing that happens changes it. The lab's messages are checked against the
 * protocol here, once; what does not fit becomes a notice and changes nothing else.
 *
 * Instants of the lab are on the lab's wall clock; `labAheadMs` translates, since page and lab may run on
 * different machines.
 */
import {
  type BoardDecision,
  type BoardSite,
  type BoardSnapshot,
  boardMessage,
  RECENT_DECISIONS_MAX,
  TIMELINE_MAX,
} from '@holdfast/protocol';
import type { Command } from './site-buttons.ts';

export type LinkState =
  | { readonly name: 'connecting' }
  | { readonly name: 'live' }
  /** The connection stands, but nothing comes. `since`: when something came last, on the page's clock. */
  | { readonly name: 'silent'; readonly since: number }
  /** `since` and `retryAt` on the page's clock. */
  | { readonly name: 'lost'; readonly since: number; readonly retryAt: number; readonly attempt: number };

export interface Crossing {
  readonly agent: string;
  readonly from: string | null;
  readonly to: string | null;
  /** On the page's clock. */
  readonly at: number;
}

export interface Notice {
  readonly id: number;
  readonly level: 'info' | 'error';
  readonly text: string;
  readonly at: number;
}

export interface FeedEntry extends BoardDecision {
  readonly id: number;
}

/** The agent whose details are open, with what was decided and reported there. */
export interface OpenedAgent {
  readonly agent: string;
  /** Newest first. Before the lab has answered: what the page has seen itself. */
  readonly entries: readonly FeedEntry[];
  /** Older ones that the lab no longer holds; null before it has answered. */
  readonly dropped: number | null;
}

export interface BoardState {
  readonly link: LinkState;
  /** When the link was opened or brought something, on the page's clock. */
  readonly heardAt: number;
  readonly snapshot: BoardSnapshot | null;
  readonly labAheadMs: number;
  /** Newest first. */
  readonly decisions: readonly FeedEntry[];
  readonly opened: OpenedAgent | null;
  readonly notices: readonly Notice[];
  /** Agents who changed banks just now. */
  readonly crossings: readonly Crossing[];
  /** Buttons that were pressed and whose effect is not seen yet, by site. */
  readonly pending: Readonly<Record<string, { readonly command: Command; readonly at: number }>>;
  /** For screen readers: the last great change. */
  readonly announcement: { readonly site: string; readonly state: BoardSite['state'] } | null;
  readonly nextId: number;
}

export type BoardEvent =
  | { readonly type: 'opened' }
  | { readonly type: 'lost'; readonly retryAt: number }
  | { readonly type: 'received'; readonly text: string }
  | { readonly type: 'pressed'; readonly site: string; readonly command: Command }
  | { readonly type: 'dismissed'; readonly id: number }
  /** A card was pressed, or the details were closed. */
  | { readonly type: 'selected'; readonly agent: string | null }
  | { readonly type: 'ticked' };

/** The lab sends four times a second; a busy machine may hold it up for a while. */
export const SILENT_AFTER_MS = 3_000;
export const NOTICES_MAX = 4;
export const NOTICE_STAYS_MS = 6_000;
/** How long a card counts as crossing: a little longer than its way takes. */
export const CROSSING_MS = 2_500;
/** A button that has had no effect by then may be pressed again. */
export const PENDING_MAX_MS = 15_000;

export const INITIAL_BOARD: BoardState = {
  link: { name: 'connecting' },
  heardAt: 0,
  snapshot: null,
  labAheadMs: 0,
  decisions: [],
  opened: null,
  notices: [],
  crossings: [],
  pending: {},
  announcement: null,
  nextId: 1,
};

/** `now`: the page's wall clock, ms. */
export function boardStep(state: BoardState, event: BoardEvent, now: number): BoardState {
  switch (event.type) {
    case 'opened':
      return { ...state, link: { name: 'live' }, heardAt: now };
    case 'lost': {
      const before = state.link.name === 'lost' ? state.link : undefined;
      return {
        ...state,
        pending: {},
        link: {
          name: 'lost',
          since: before?.since ?? now,
          retryAt: event.retryAt,
          attempt: (before?.attempt ?? 0) + 1,
        },
      };
    }
    case 'received':
      return receive(state, event.text, now);
    case 'pressed':
      return { ...state, pending: { ...state.pending, [event.site]: { command: event.command, at: now } } };
    case 'dismissed':
      return { ...state, notices: state.notices.filter(({ id }) => id !== event.id) };
    case 'selected':
      return { ...state, opened: event.agent === null ? null : openedFrom(state, event.agent) };
    case 'ticked':
      return tick(state, now);
  }
}

function openedFrom({ decisions }: BoardState, agent: string): OpenedAgent {
  return { agent, entries: decisions.filter(({ who }) => who === agent), dropped: null };
}

function receive(before: BoardState, text: string, now: number): BoardState {
  const parsed = boardMessage.safeParse(parseJson(text));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue === undefined ? '' : ` (${issue.path.join('.') || 'message'}: ${issue.message})`;
    return notify(
      before,
      { level: 'error', text: `The lab sent what this page does not know${where}.` },
      now,
    );
  }
  const state: BoardState = { ...before, link: { name: 'live' }, heardAt: now };
  switch (parsed.data.type) {
    case 'snapshot':
      return follow(state, parsed.data, now);
    case 'decisions': {
      // Also after a reconnection: instead of what is held, so that nothing stands twice and nothing is missing.
      const decisions = identified(parsed.data.entries, state.nextId);
      return { ...state, decisions, nextId: state.nextId + decisions.length };
    }
    case 'decision': {
      const entry = { ...parsed.data.decision, id: state.nextId };
      const { opened } = state;
      return {
        ...state,
        decisions: [entry, ...state.decisions].slice(0, RECENT_DECISIONS_MAX),
        opened:
          opened?.agent === entry.who
            ? { ...opened, entries: [entry, ...opened.entries].slice(0, TIMELINE_MAX) }
            : opened,
        nextId: state.nextId + 1,
      };
    }
    case 'timeline': {
      const { agent, entries, dropped } = parsed.data;
      // Another agent may have been opened meanwhile.
      if (state.opened?.agent !== agent) return state;
      const opened = { agent, entries: identified(entries, state.nextId), dropped };
      return { ...state, opened, nextId: state.nextId + entries.length };
    }
    case 'notice': {
      const { level, text: words } = parsed.data;
      return notify(level === 'error' ? { ...state, pending: {} } : state, { level, text: words }, now);
    }
  }
}

/** From newest last to newest first. */
function identified(entries: readonly BoardDecision[], firstId: number): FeedEntry[] {
  return entries.map((entry, index) => ({ ...entry, id: firstId + index })).reverse();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON: the schema refuses undefined and says so.
    return undefined;
  }
}

function notify(state: BoardState, notice: Pick<Notice, 'level' | 'text'>, now: number): BoardState {
  // The same words again only live longer: a lab that repeats itself must not fill the page.
  const others = state.notices.filter(({ text }) => text !== notice.text);
  return {
    ...state,
    notices: [...others, { ...notice, id: state.nextId, at: now }].slice(-NOTICES_MAX),
    nextId: state.nextId + 1,
  };
}

function follow(state: BoardState, snapshot: BoardSnapshot, now: number): BoardState {
  const before = state.snapshot;
  const formerSite = new Map(before?.agents.map(({ agent, site }) => [agent, site]));
  const crossings = snapshot.agents.flatMap(({ agent, site }): Crossing[] => {
    const from = formerSite.get(agent);
    if (from === undefined || from === site) return [];
    // Through the river without a stay is one crossing, from bank to bank.
    const before = state.crossings.find((crossing) => crossing.agent === agent);
    return [{ agent, from: from ?? before?.from ?? null, to: site, at: now }];
  });
  const movedNow = new Set(crossings.map(({ agent }) => agent));
  const changed = snapshot.sites.find(({ site, state: siteState }) => {
    const former = before?.sites.find((other) => other.site === site);
    return former !== undefined && former.state !== siteState;
  });
  return {
    ...state,
    snapshot,
    labAheadMs: snapshot.now - now,
    crossings: [...state.crossings.filter(({ agent }) => !movedNow.has(agent)), ...crossings],
    pending: stillPending(state.pending, before, snapshot),
    announcement: changed === undefined ? state.announcement : { site: changed.site, state: changed.state },
  };
}

/** A button's effect is seen when its site is no longer in the state in which it was pressed. */
function stillPending(
  pending: BoardState['pending'],
  before: BoardSnapshot | null,
  snapshot: BoardSnapshot,
): BoardState['pending'] {
  const stateIn = (of: BoardSnapshot | null, site: string) =>
    of?.sites.find((other) => other.site === site)?.state;
  return Object.fromEntries(
    Object.entries(pending).filter(([site]) => stateIn(before, site) === stateIn(snapshot, site)),
  );
}

function tick(state: BoardState, now: number): BoardState {
  const notices = state.notices.filter(({ at }) => now - at < NOTICE_STAYS_MS);
  const crossings = state.crossings.filter(({ at }) => now - at < CROSSING_MS);
  const pending = Object.entries(state.pending).filter(([, { at }]) => now - at < PENDING_MAX_MS);
  const isSilent = state.link.name === 'live' && now - state.heardAt >= SILENT_AFTER_MS;
  const link: LinkState = isSilent ? { name: 'silent', since: state.heardAt } : state.link;
  const isSame =
    link === state.link &&
    notices.length === state.notices.length &&
    crossings.length === state.crossings.length &&
    pending.length === Object.keys(state.pending).length;
  return isSame ? state : { ...state, link, notices, crossings, pending: Object.fromEntries(pending) };
}
