/**
 * What the agent sees, drawn from what the desk knows. Nothing is decided here.
 */
import { type DeskSite, reportOf } from '@holdfast/continuity';
import { type DeskConfiguration, workMode } from '@holdfast/protocol';
import type { AgentState } from './agent-state.ts';
import type { ConfigurationLink } from './configuration-link.ts';
import type { DeskView, LinkView } from './desk-types.ts';
import type { TelephonyLink } from './telephony-link.ts';

export interface DeskPicture {
  readonly user: string;
  readonly place: string;
  readonly configuration: DeskConfiguration | undefined;
  readonly site: DeskSite | undefined;
  readonly agent: AgentState | undefined;
  readonly notice: string | undefined;
  readonly configurationLink: ConfigurationLink | undefined;
  readonly telephony: readonly TelephonyLink[];
  readonly windows: readonly string[];
}

export function drawView(picture: DeskPicture): DeskView {
  const { site, configuration } = picture;
  const agent = picture.agent?.seen;
  const report = site === undefined ? undefined : reportOf(site);
  const situation = site?.situation;
  const mode = workMode.safeParse(agent?.workMode ?? 'Unknown');
  return {
    user: picture.user,
    person: configuration?.person.name ?? null,
    place: configuration?.place ?? picture.place,
    state: agent?.state ?? 'LoggedOut',
    workMode: mode.success ? mode.data : 'Unknown',
    reasons: { ...agent?.reasons },
    since: picture.agent?.since ?? 0,
    site: situation?.name === 'serving' ? situation.site : null,
    banner: report?.banner ?? picture.notice ?? 'Connecting to a Configuration Server.',
    notice: picture.notice ?? null,
    because: report?.because ?? null,
    wait: report?.wait ?? null,
    isStateHeldBack: situation?.name === 'serving' && picture.agent?.isHeldBack === true,
    isUnconfirmed: site?.isUnconfirmed ?? false,
    links: linksOf(picture),
    phoneAt: Object.entries(site?.sites ?? {})
      .filter(([, facts]) => facts.telephony.name === 'on' && facts.phone.name === 'inService')
      .map(([name]) => name),
    calls: picture.telephony.flatMap((telephony) => [...telephony.calls.values()]),
    windows: picture.windows,
  };
}

function linksOf({ configurationLink, telephony }: DeskPicture): LinkView[] {
  const voice = telephony.map(({ site, link }) => ({ kind: 'telephony', site, ...link.view }) as const);
  if (configurationLink === undefined) return voice;
  return [...voice, { kind: 'configuration', site: configurationLink.site, ...configurationLink.link.view }];
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
