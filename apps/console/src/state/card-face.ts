/**
 * What a card shows of an agent: one of six faces. A face is a colour, an icon and a word together, so that no
 * state is told by colour alone.
 *
 *     ready     can take a call now                talking   in a call
 *     wrapUp    after-call work                    notReady  at the desk, takes no calls
 *     out       logged out: stands in the river    cut       was logged in at a site that no longer answers
 */
import type { BoardAgent, BoardSite } from '@holdfast/protocol';

export const FACES = ['ready', 'talking', 'wrapUp', 'notReady', 'out', 'cut'] as const;
export type Face = (typeof FACES)[number];

export function faceOf(agent: BoardAgent, sites: readonly BoardSite[]): Face {
  // The speech of a call goes directly between the two phones: it lives on when the site does not.
  if (agent.onCall) return 'talking';
  if (agent.site === null) return 'out';
  if (isCutOff(agent, sites)) return 'cut';
  if (agent.state === 'Ready') return 'ready';
  return agent.workMode === 'AfterCallWork' ? 'wrapUp' : 'notReady';
}

/** Also in a call: the lab names the former site of an agent for as long as that site is away. */
export function isCutOff(agent: BoardAgent, sites: readonly BoardSite[]): boolean {
  if (agent.site === null) return false;
  const site = sites.find(({ site }) => site === agent.site);
  return agent.state === 'LoggedOut' || (site !== undefined && isLost(site));
}

export function isLost(site: BoardSite): boolean {
  return site.state === 'down' || site.state === 'hung';
}

/** Short enough for a small card: agents who are named after their number show the number. */
export function cardName(agent: Pick<BoardAgent, 'agent' | 'dn'>): string {
  return agent.agent.endsWith(agent.dn) ? agent.dn : agent.agent;
}

/** Can take a call now, or after the one at hand: what a site's loss takes away. */
export function isAtWork(agent: BoardAgent, sites: readonly BoardSite[]): boolean {
  const face = faceOf(agent, sites);
  return (face === 'ready' || face === 'talking' || face === 'wrapUp') && !isCutOff(agent, sites);
}
