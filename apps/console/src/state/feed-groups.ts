/**
 * When a site dies all its agents decide the same within a second, and an entry for each would push all else out of
 * sight. Entries that differ in nothing but the agent, and lie close together, are one entry with several agents.
 */
import type { FeedEntry } from './board.ts';

export interface FeedGroup {
  /** The newest; the others say the same of other agents. */
  readonly entry: FeedEntry;
  /** Newest first, each once. */
  readonly agents: readonly string[];
}

/** So far apart two entries are two events. */
export const TOGETHER_MAX_MS = 3_000;

/** Both newest first. */
export function groupEntries(entries: readonly FeedEntry[]): FeedGroup[] {
  const groups: { entry: FeedEntry; agents: string[]; oldestAt: number }[] = [];
  const open = new Map<string, (typeof groups)[number]>();
  for (const entry of entries) {
    const { kind, what, site, because, rule } = entry;
    const key = JSON.stringify([kind, what, site, because, rule, entry.option]);
    const known = open.get(key);
    const isTogether = known !== undefined && known.oldestAt - entry.at <= TOGETHER_MAX_MS;
    if (isTogether && !known.agents.includes(entry.who)) {
      known.agents.push(entry.who);
      known.oldestAt = entry.at;
      continue;
    }
    const group = { entry, agents: [entry.who], oldestAt: entry.at };
    groups.push(group);
    open.set(key, group);
  }
  return groups;
}
