/**
 * What the invented agents' desks tell of themselves: links, family, alarms, and the option that governs next. All of
 * it follows from what lives and since when, so that it is worked out anew for each picture.
 */
import type { BoardAgent, BoardDeskLink } from '@holdfast/protocol';
import { type FakeAgent, SITE_TIMEOUT_MS } from './fake-agent.ts';

export interface FakeServers {
  readonly other: (site: string) => string;
  readonly site: (site: string) => { readonly isUp: boolean; readonly since: number };
  /** A Configuration Server alone. */
  readonly configuration: (site: string) => { readonly isUp: boolean; readonly since: number };
}

export type FakeFamily = NonNullable<BoardAgent['family']>;
type FakeDesk = Pick<BoardAgent, 'family' | 'links' | 'governing' | 'warnings' | 'alarms'>;
type Option = { readonly name: string; readonly value: string; readonly source: string };

/** Three in four with Workspace. */
export function familyOf(agent: Pick<BoardAgent, 'dn'>): FakeFamily {
  return Number(agent.dn) % 4 === 3 ? 'agent-desktop' : 'interaction-workspace';
}

export function siteTimeout(family: FakeFamily, site: string): Option {
  const value = `${SITE_TIMEOUT_MS / 1000} s`;
  return family === 'interaction-workspace'
    ? { name: 'disaster-recovery.timeout', value, source: 'Application/workspace' }
    : { name: 'site-timeout', value, source: `Application/desktop-${site}` };
}

/** Where the link to configuration is: Workspace takes it to the other site, alone, after the time-out (DS16). */
export function configurationAt(
  family: FakeFamily,
  site: string,
  servers: FakeServers,
  now: number,
): Pick<BoardDeskLink, 'site' | 'state' | 'since' | 'move'> {
  const { isUp, since } = servers.configuration(site);
  const movedAt = since + SITE_TIMEOUT_MS;
  const other = servers.other(site);
  if (isUp) return { site, state: 'on', since, move: null };
  if (family === 'agent-desktop') return { site, state: 'off', since, move: null };
  const option = siteTimeout(family, site);
  if (now < movedAt)
    return { site, state: 'off', since, move: { to: other, from: since, until: movedAt, option } };
  return servers.configuration(other).isUp
    ? { site: other, state: 'on', since: movedAt, move: null }
    : { site: other, state: 'off', since: movedAt, move: null };
}

export function deskOf({ board, phase }: FakeAgent, servers: FakeServers, now: number): FakeDesk {
  const family = familyOf(board);
  const home = phase.name === 'away' ? phase.lostSite : (board.site ?? board.preferredSite);
  const standing = (site: string): Pick<BoardDeskLink, 'state' | 'health' | 'since' | 'move'> => {
    const { isUp, since } = servers.site(site);
    if (isUp) return { state: 'on', health: 'green', since, move: null };
    // The shell gives one more try to what was lost a moment ago.
    if (now - since < 400) return { state: 'connecting', health: 'yellow', since, move: null };
    return { state: 'off', health: 'red', since, move: null };
  };
  const configuration = configurationAt(family, home, servers, now);
  const links: BoardDeskLink[] = [
    { kind: 'telephony', site: board.preferredSite, ...standing(board.preferredSite) },
    {
      kind: 'telephony',
      site: servers.other(board.preferredSite),
      ...standing(servers.other(board.preferredSite)),
    },
    { kind: 'configuration', ...configuration, health: configuration.state === 'on' ? 'green' : 'red' },
    { kind: 'statistics', site: home, ...standing(home) },
  ];
  const alarms = configuration.state === 'on' ? [] : [alarmOf(family, home, configuration.since)];
  return {
    family,
    links,
    governing: governingOf(board, family, home),
    warnings: alarms.map(({ text }) => text),
    alarms,
  };
}

function alarmOf(family: FakeFamily, site: string, since: number): BoardAgent['alarms'][number] {
  const text = `The configuration of site ${site} cannot be reached. Calls do not need it; what the administrator changes reaches you later.`;
  return { name: 'configuration-link-lost', since, text, because: alarmText(family, site), rule: 'DS16' };
}

export function alarmText(family: FakeFamily, site: string): string {
  const next =
    family === 'agent-desktop'
      ? 'nothing moves because of this'
      : `this link goes to the other site after ${SITE_TIMEOUT_MS / 1000} s`;
  return `No server for configuration can be reached at site ${site}. Calls do not need it; ${next}.`;
}

function governingOf(
  { wait, site, preferredSite }: BoardAgent,
  family: FakeFamily,
  home: string,
): BoardAgent['governing'] {
  const timeout = { ...siteTimeout(family, home), site: home };
  if (wait !== null) return { ...timeout, waitsFor: wait.what, from: wait.from, until: wait.until };
  const idle = { from: null, until: null };
  if (site !== null && site !== preferredSite && family === 'interaction-workspace') {
    const name = 'disaster-recovery.auto-restore';
    const option = { name, value: 'true', source: 'Application/workspace', site: preferredSite };
    return { ...option, waitsFor: `your own site ${preferredSite} to be back`, ...idle };
  }
  return { ...timeout, waitsFor: `a loss of site ${home}`, ...idle };
}
