/**
 * Of which kind each agent of the mixture is: whose options the desk follows (DS1), where the agent sits (DS20, DS21),
 * what the phone can. By index, so that every kind is in every world; which values their options have, each world draws.
 */
import { type GeneratedAgent, thirdPartyName } from '@holdfast/centre';
import { type Random, randomInteger } from '@holdfast/kernel';
import type { ConfigObject, DeskConfiguration, OptionSections } from '@holdfast/protocol';

export interface Kind {
  readonly family: DeskConfiguration['family'];
  readonly transport: 'UDP' | 'TCP';
  /** Calls at once; some phones are busy in one (CA4). */
  readonly lines: number;
  /** Another phone, at home say, that rings with the first and that nobody ever answers (SS24). */
  readonly hasSecondPhone: boolean;
  /** DS18. */
  readonly hasEmbeddedEndpoint: boolean;
  /** DS21: one Place for each site, named in the local data, instead of one with an Extension of each. */
  readonly hasPlacePerSite: boolean;
  /** DS20: sits today where the agent with this index sits on other days, and is asked for the place. */
  readonly hotSeat: number | undefined;
}

export const PLAIN: Kind = {
  family: 'interaction-workspace',
  transport: 'UDP',
  lines: 2,
  hasSecondPhone: false,
  hasEmbeddedEndpoint: false,
  hasPlacePerSite: false,
  hotSeat: undefined,
};

/** Two agents of different sites, whose phones know one site at a time. */
const HOT_SEATS: Readonly<Record<number, number>> = { 4: 5, 5: 4 };
/** With phones that are at both sites, at one at a time, at the other when the first is away. */
const THIRD_PARTY: readonly number[] = [2, 5, 8];
const PLACE_PER_SITE: readonly number[] = [2, 3];
const EMBEDDED: readonly number[] = [1, 6];
const TCP: readonly number[] = [1, 3];
const ONE_LINE_FROM = 4;
/** One agent's desk may not leave its site (DS2). */
const SITE_BOUND = 7;
const NO_AUTO_RESTORE = 1;

export function kindOf(index: number, isMixed: boolean): Kind {
  if (!isMixed) return PLAIN;
  return {
    family: THIRD_PARTY.includes(index) ? 'agent-desktop' : 'interaction-workspace',
    transport: TCP.includes(index) ? 'TCP' : 'UDP',
    lines: index >= ONE_LINE_FROM ? 1 : 2,
    hasSecondPhone: index === 0,
    hasEmbeddedEndpoint: EMBEDDED.includes(index),
    hasPlacePerSite: PLACE_PER_SITE.includes(index),
    hotSeat: HOT_SEATS[index],
  };
}

/** What third-party desks wait for, at the site of their login (DS1), ms. */
export interface ThirdPartyTimeouts {
  readonly siteMs: number | 'never';
  readonly phoneMs: number | 'never';
}

export interface DrawnKinds {
  readonly options: Readonly<Record<string, OptionSections>>;
  readonly thirdParty: Readonly<Record<string, ThirdPartyTimeouts>>;
}

const NEVER_SHARE = 0.15;
const OFF_SHARE = 0.3;

/** The options by which the kinds differ, each in its section: Application, Person. */
export function drawKinds(random: Random, sites: readonly string[], users: readonly string[]): DrawnKinds {
  const thirdParty = Object.fromEntries(
    sites.map((site) => {
      const draw = (least: number, most: number) =>
        random() < NEVER_SHARE ? ('never' as const) : 1000 * randomInteger(random, least, most);
      return [site, { siteMs: draw(10, 20), phoneMs: draw(9, 12) }];
    }),
  );
  const applications = sites.map((site): [string, OptionSections] => {
    const { siteMs, phoneMs } = thirdParty[site] as ThirdPartyTimeouts;
    const seconds = (ms: number | 'never') => String(ms === 'never' ? 0 : ms / 1000);
    const restore = String(random() >= OFF_SHARE);
    const codes = `supervisor_logout,${TEAM_LEAD_REASON}`;
    return [
      `Application/${thirdPartyName(site)}`,
      {
        'agent-desktop': { 'site-timeout': seconds(siteMs), 'site-sip-register-timeout': seconds(phoneMs) },
        holdfast: { 'restore-agent-state': restore, 'supervisor-logout-codes': codes },
      },
    ];
  });
  const persons = users.map((user, index): [string, OptionSections] => {
    const isOff = (share: number) => random() < share;
    const workspace = {
      ...(index === SITE_BOUND && { 'disaster-recovery.enabled': 'false' }),
      ...(index === NO_AUTO_RESTORE && isOff(0.5) && { 'disaster-recovery.auto-restore': 'false' }),
      ...(isOff(OFF_SHARE) && { 'disaster-recovery.restore-agent-state': 'false' }),
    };
    const home = index % sites.length;
    const [first = '', second = ''] = [...sites.slice(home), ...sites.slice(0, home)].map(thirdPartyName);
    const desktop = { 'agent-desktop': { 'site-1': first, 'site-2': second } };
    const { family } = kindOf(index, true);
    return [`Person/${user}`, family === 'agent-desktop' ? desktop : { 'interaction-workspace': workspace }];
  });
  return { options: Object.fromEntries([...applications, ...persons]), thirdParty };
}

/** In the lists of third-party desks alone (DS12). */
export const TEAM_LEAD_REASON = 'team_lead';

/** DS21: the Place of some agents is split in two, one for each site. */
export function withPlacePerSite(
  objects: readonly ConfigObject[],
  agents: readonly GeneratedAgent[],
): ConfigObject[] {
  const split = new Set(PLACE_PER_SITE.flatMap((index) => agents[index]?.place ?? []));
  return objects.flatMap((object): ConfigObject[] => {
    if (object.objectType === 'Place' && split.has(object.name))
      return object.dns.map((dn) => ({ ...object, name: placeAt(object.name, siteIn(dn)), dns: [dn] }));
    if (object.objectType !== 'Person' || !split.has(object.defaultPlace ?? '')) return [object];
    const [first = ''] = object.agentLogins;
    return [{ ...object, defaultPlace: placeAt(object.defaultPlace ?? '', siteIn(first)) }];
  });
}

export function placeAt(place: string, site: string): string {
  return `${place}-${site}`;
}

function siteIn(reference: string): string {
  return reference.slice(reference.indexOf('@') + 1);
}
