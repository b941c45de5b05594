/**
 * Alarms as the page shows them. An alarm says that a link to configuration or statistics is lost; nobody moves because
 * of it. Where the whole site is lost it says nothing new, and is left to the time line.
 */
import type { BoardAgent, BoardSite } from '@holdfast/protocol';
import { isCutOff } from './card-face.ts';

type Alarm = BoardAgent['alarms'][number];

/** Those of an agent who goes on working. */
export function alarmsOf(agent: BoardAgent, sites: readonly BoardSite[]): readonly Alarm[] {
  return isCutOff(agent, sites) ? [] : agent.alarms;
}

export interface SiteAlarms {
  readonly agents: number;
  /** Of the alarms, each once. */
  readonly names: readonly string[];
}

/** Of those who work at that site; null when there is none. */
export function siteAlarms(
  site: string,
  agents: readonly BoardAgent[],
  sites: readonly BoardSite[],
): SiteAlarms | null {
  const warned = agents.filter((agent) => agent.site === site && alarmsOf(agent, sites).length > 0);
  const names = new Set(warned.flatMap(({ alarms }) => alarms.map(({ name }) => name)));
  return warned.length === 0 ? null : { agents: warned.length, names: [...names].sort() };
}
