/**
 * When a site dies all its agents decide the same within a second, and an entry for each would push all else out of
 * sight. Entries that differ in nothing but the agent, and lie close together, are one entry with several agents. What
 * comes along with an agent's own move (links that go there too, alarms that end by it) is folded into that move, so
 * that its reason stays in sight. Alarms about one site at one time are one line: where a site dies, every lesser link
 * to it is lost, and what agents decide because of its voice must not be pushed out of sight by that.
 */
import type { BoardDecision } from '@holdfast/protocol';
import type { FeedEntry } from './board.ts';

/** What kind of news an entry is. Nobody moves because of an alarm. */
export type Look = 'move' | 'link' | 'stay' | 'alarm' | 'alarmOver';

const MOVES = ['leave', 'logIn', 'return'];
const LINK_MOVES = ['move the configuration link', 'move the statistics link'];

export function entryLook({ kind, what }: Pick<BoardDecision, 'kind' | 'what'>): Look {
  if (kind !== 'decision') return kind;
  if (MOVES.includes(what)) return 'move';
  return LINK_MOVES.includes(what) ? 'link' : 'stay';
}

/** The same of several agents. */
export interface SameEntries {
  /** The newest; the others say the same of other agents. */
  readonly entry: FeedEntry;
  /** Newest first, each once. */
  readonly agents: readonly string[];
}

export interface FeedGroup extends SameEntries {
  /** Of the oldest: it stays the same while agents join. */
  readonly key: number;
  /** What came along with the move of these agents, or the other alarms about that site; newest first. */
  readonly followers: readonly SameEntries[];
}

/** So far apart two entries are two events. */
export const TOGETHER_MAX_MS = 3_000;

interface Open {
  readonly entry: FeedEntry;
  readonly agents: string[];
  oldest: FeedEntry;
}

/** Newest first, as what is given. */
export function groupEntries(entries: readonly FeedEntry[]): FeedGroup[] {
  const leaders = leadersOf(entries);
  const { groups, groupOf } = merged(entries.filter(({ id }) => !leaders.has(id)));
  const followers = new Map<Open, FeedEntry[]>();
  for (const entry of entries) {
    const group = groupOf.get(leaders.get(entry.id) ?? -1);
    if (group !== undefined) followers.set(group, [...(followers.get(group) ?? []), entry]);
  }
  return groups.map((group) => ({
    entry: group.entry,
    agents: group.agents,
    key: group.oldest.id,
    followers: merged(followers.get(group) ?? []).groups,
  }));
}

/** Follower → the entry into which it is folded. */
function leadersOf(entries: readonly FeedEntry[]): Map<number, number> {
  return new Map([...movesOf(entries), ...firstAlarmsOf(entries)]);
}

/** Alarm → the first one about that site at that time, which says something else; what says the same is one entry anyway. */
function firstAlarmsOf(entries: readonly FeedEntry[]): Map<number, number> {
  const latest = new Map<string | null, { readonly first: FeedEntry; readonly at: number }>();
  const leaders = new Map<number, number>();
  for (const entry of entries.filter(({ kind }) => kind === 'alarm').reverse()) {
    const known = latest.get(entry.site);
    const isTogether = known !== undefined && entry.at - known.at <= TOGETHER_MAX_MS;
    const first = isTogether ? known.first : entry;
    latest.set(entry.site, { first, at: entry.at });
    if (wordsOf(entry) !== wordsOf(first)) leaders.set(entry.id, first.id);
  }
  return leaders;
}

/** The move of the same agent: the last of those around it, as where the agent came to. */
function movesOf(entries: readonly FeedEntry[]): Map<number, number> {
  const moves = new Map<string, FeedEntry[]>();
  for (const entry of entries)
    if (entryLook(entry) === 'move') moves.set(entry.who, [...(moves.get(entry.who) ?? []), entry]);
  const leaders = new Map<number, number>();
  for (const entry of entries) {
    const look = entryLook(entry);
    if (look !== 'link' && look !== 'alarmOver') continue;
    const isAround = (move: FeedEntry) => Math.abs(move.at - entry.at) <= TOGETHER_MAX_MS;
    // A link that moves alone has none, and is news of its own.
    const leader = moves.get(entry.who)?.find(isAround);
    if (leader !== undefined) leaders.set(entry.id, leader.id);
  }
  return leaders;
}

/** All that an entry says, but of whom and when. */
function wordsOf({ kind, what, site, because, rule, option }: FeedEntry): string {
  return JSON.stringify([kind, what, site, because, rule, option]);
}

function merged(entries: readonly FeedEntry[]): { groups: Open[]; groupOf: Map<number, Open> } {
  const groups: Open[] = [];
  const groupOf = new Map<number, Open>();
  const newest = new Map<string, Open>();
  for (const entry of entries) {
    const key = wordsOf(entry);
    const known = newest.get(key);
    const isTogether = known !== undefined && known.oldest.at - entry.at <= TOGETHER_MAX_MS;
    const group =
      isTogether && !known.agents.includes(entry.who) ? known : { entry, agents: [], oldest: entry };
    if (group !== known) groups.push(group);
    newest.set(key, group);
    group.agents.push(entry.who);
    group.oldest = entry;
    groupOf.set(entry.id, group);
  }
  return { groups, groupOf };
}
