/**
 * What the agent sees, drawn from what the desk knows. Nothing is decided here.
 */
import { type DeskSite, reportOf } from '@holdfast/continuity';
import { type DeskConfiguration, workMode } from '@holdfast/protocol';
import type { AgentSession } from './agent-session.ts';
import type { ConfigurationLink } from './configuration-link.ts';
import type { AlarmView, DeskView, LinkView } from './desk-view.ts';
import { governingView } from './governing-view.ts';
import type { StatisticsLink } from './statistics-link.ts';
import type { TelephonyLink } from './telephony-link.ts';
import { bannerText, TEXTS, waitFor } from './texts.ts';

export interface DeskPicture {
  readonly user: string;
  readonly place: string;
  readonly configuration: DeskConfiguration | undefined;
  readonly site: DeskSite | undefined;
  readonly agent: AgentSession;
  readonly notice: string | undefined;
  readonly alarms: readonly AlarmView[];
  readonly configurationLink: ConfigurationLink | undefined;
  readonly statisticsLink: StatisticsLink | undefined;
  readonly telephony: readonly TelephonyLink[];
}

export function drawView(picture: DeskPicture): DeskView {
  const { site, configuration, notice, alarms } = picture;
  const { state, windows } = picture.agent;
  const agent = state?.seen;
  const report = site === undefined ? undefined : reportOf(site);
  const situation = site?.situation;
  const mode = workMode.safeParse(agent?.workMode ?? 'Unknown');
  const wait = report?.wait;
  const warnings = [...(configuration?.warnings ?? []), ...alarms.map(({ text }) => text)];
  return {
    user: picture.user,
    person: configuration?.person.name ?? null,
    place: configuration?.place ?? picture.place,
    family: configuration?.family ?? null,
    state: agent?.state ?? 'LoggedOut',
    workMode: mode.success ? mode.data : 'Unknown',
    reasons: { ...agent?.reasons },
    since: state?.since ?? 0,
    site: situation?.name === 'serving' ? situation.site : null,
    banner:
      site === undefined || report === undefined ? (notice ?? TEXTS.connecting) : bannerText(site, report),
    notice: notice ?? null,
    warnings: [...new Set(warnings)],
    because: report?.because ?? null,
    wait: wait === undefined ? null : { ...wait, what: waitFor(wait) },
    governing: site === undefined || report === undefined ? null : governingView(site, report),
    isStateHeldBack: situation?.name === 'serving' && state?.isHeldBack === true,
    isUnconfirmed: site?.isUnconfirmed ?? false,
    links: linksOf(picture),
    statistics: picture.statisticsLink?.view ?? null,
    alarms,
    phoneAt: Object.entries(site?.sites ?? {})
      .filter(([, facts]) => facts.telephony.name === 'on' && facts.phone.name === 'inService')
      .map(([name]) => name),
    calls: picture.telephony.flatMap((telephony) => [...telephony.calls.values()]),
    windows: [...windows],
  };
}

function linksOf({ configurationLink, statisticsLink, telephony }: DeskPicture): LinkView[] {
  const links: LinkView[] = telephony.map(({ site, link }) => ({ kind: 'telephony', site, ...link.view }));
  if (configurationLink !== undefined) {
    const { site, link } = configurationLink;
    links.push({ kind: 'configuration', site, ...link.view });
  }
  if (statisticsLink !== undefined) {
    const { site, link } = statisticsLink;
    links.push({ kind: 'statistics', site, ...link.view });
  }
  return links;
}

/** Whether the agent would see no difference. Views are plain data; asked after each ping, so that neither text nor lists are made. */
export function isSameView(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [one, other] = [a as Record<string, unknown>, b as Record<string, unknown>];
  for (const key in one) if (!isSameView(one[key], other[key])) return false;
  for (const key in other) if (!(key in one)) return false;
  return true;
}
