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
  /** DS22: for the agent, and for the administrator. */
  readonly warnings: readonly string[];
  readonly problems: readonly string[];
  /** With which the desk works (`listeners.ts`); undefined before it is known. */
  readonly attendedSite: string | undefined;
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
  const warnings = [...picture.warnings, ...alarms.map(({ text }) => text)];
  return {
    user: picture.user,
    person: configuration?.person.name ?? null,
    place: placeAt(configuration, picture.attendedSite) ?? picture.place,
    family: configuration?.family ?? null,
    state: agent?.state ?? 'LoggedOut',
    workMode: mode.success ? mode.data : 'Unknown',
    reasons: { ...agent?.reasons },
    since: state?.since ?? 0,
    site: situation?.name === 'serving' ? situation.site : null,
    banner:
      site === undefined || report === undefined ? (notice ?? TEXTS.connecting) : bannerText(site, report),
    notice: notice ?? null,
    isPasswordExpired: picture.configurationLink?.isPasswordExpired ?? false,
    warnings: [...new Set(warnings)],
    problems: picture.problems,
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

/** DS21: with one Place for each DN the same seat has another name at the other site. */
function placeAt(configuration: DeskConfiguration | undefined, site: string | undefined): string | undefined {
  return configuration?.sites.find((one) => one.site === site)?.place ?? configuration?.place;
}

function linksOf({ configurationLink, statisticsLink, telephony, attendedSite }: DeskPicture): LinkView[] {
  const links: LinkView[] = telephony.map(({ site, link }) => ({
    ...{ kind: 'telephony', site, ...link.view },
    ...{ isBasic: site !== attendedSite, move: null },
  }));
  const lesser = { configuration: configurationLink, statistics: statisticsLink };
  for (const kind of ['configuration', 'statistics'] as const) {
    const one = lesser[kind];
    if (one === undefined) continue;
    const { site, link, sited } = one;
    links.push({ kind, site, ...link.view, isBasic: false, move: sited.move ?? null });
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
