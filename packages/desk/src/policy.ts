/**
 * From the configuration to the policies that decide (DS1, DS2): the same machines for both option families, with
 * other values. An option that the configuration does not carry has the catalogue's default, and says so as its
 * source; in the third-party family unset and 0 are never.
 */
import type {
  DeskSitePolicy,
  Governed,
  GoverningOption,
  LinkSitePolicy,
  SiteTimeouts,
} from '@holdfast/continuity';
import type { Millis } from '@holdfast/kernel';
import {
  type DeskConfiguration,
  LOGOUT_REASONS,
  OPTIONS,
  type OptionDefinition,
  readOption,
  type ValueOf,
} from '@holdfast/protocol';
import type { Bootstrap, BootstrapSite } from './bootstrap/bootstrap.ts';
import type { RegistrationPeriod } from './desk-types.ts';
import { TEXTS } from './texts.ts';

const WORKSPACE = OPTIONS['interaction-workspace'];
const THIRD_PARTY = OPTIONS['agent-desktop'];
const OURS = OPTIONS.holdfast;
const { name: PREFERRED_SITE } = WORKSPACE['disaster-recovery.preferred-site'];

/** A log-in that is not answered for so long makes its connection suspect. */
export const LOGIN_ANSWER_MAX_MS = 3_000;
/** First pause after a refused log-in; doubles with each refusal in a row. */
export const REFUSED_PAUSE_MS = 1_000;
/** The third-party family has no option for the first wait after a loss, and its desks must not come back in step either. */
export const FIRST_PAUSE_MAX_MS = 2_000;

type Site = DeskConfiguration['sites'][number];
type BySite<Value> = Readonly<Record<string, Value>>;

/** The `Timeout` of one site in the bootstrap file. */
export interface FilePause {
  readonly pauseMs: Millis;
  /** S4: the retry interval of the local data goes before the servers' pause; Workspace's stands in where none is set. */
  readonly isStrongest: boolean;
  /** S0: a pair's is for the Configuration Servers that it stands with, a cluster's is `warm-standby.retry-delay`. */
  readonly of: 'configuration' | 'everyLink';
}

export interface DeskPolicy {
  readonly site: DeskSitePolicy;
  readonly configuration: LinkSitePolicy;
  /** Undefined where the configuration names no Stat Server. */
  readonly statistics: LinkSitePolicy | undefined;
  /** Each while the agent is logged in there (DS1). */
  readonly restoreAgentState: BySite<Governed<boolean>>;
  /** DS12: the reasons of a logout that mean a supervisor. */
  readonly supervisorLogoutCodes: BySite<readonly string[]>;
  readonly firstPauseMaxMs: Millis;
  /** DS5: what the bootstrap file says of the pauses of a site's links; undefined where it says nothing. */
  readonly filePauses: BySite<FilePause | undefined>;
  /** DS18: for an embedded endpoint; empty in the family that has no such options. */
  readonly registration: readonly RegistrationPeriod[];
}

export type PolicyReading =
  | { readonly ok: true; readonly policy: DeskPolicy }
  | { readonly ok: false; readonly text: string };

export function readPolicy(configuration: DeskConfiguration, bootstrap: Bootstrap): PolicyReading {
  const { sites, place } = configuration;
  const [first] = sites;
  if (first === undefined) {
    return { ok: false, text: TEXTS.noExtension(place) };
  }
  const preferred = configuration.preferredSite ?? first.site;
  if (!sites.some(({ site }) => site === preferred)) {
    return { ok: false, text: TEXTS.noExtensionAt(place, preferred) };
  }
  const peer = sites.find(({ site }) => site === configuration.peerSite && site !== preferred)?.site;
  const policy =
    configuration.family === 'interaction-workspace'
      ? workspacePolicy(configuration, preferred, peer, bootstrap)
      : thirdPartyPolicy(configuration, preferred, peer, bootstrap);
  return { ok: true, policy };
}

function workspacePolicy(
  { options, sites }: DeskConfiguration,
  preferredSite: string,
  peerSite: string | undefined,
  bootstrap: Bootstrap,
): DeskPolicy {
  const enabled = governed(options, WORKSPACE['disaster-recovery.enabled']);
  const siteTimeoutMs = inMs(governed(options, WORKSPACE['disaster-recovery.timeout']));
  const phoneTimeoutMs = inMs(governed(options, WORKSPACE['disaster-recovery.wait-for-sipphone-timeout']));
  const restore = governed(options, WORKSPACE['disaster-recovery.restore-agent-state']);
  const firstPause = governed(options, WORKSPACE['warm-standby.reconnection-random-delay-range']);
  const preference = options[PREFERRED_SITE];
  const names = namesOf(preferredSite, enabled.value ? peerSite : undefined);
  const links = { moveAfterMs: siteTimeoutMs, follows: 'returns' } as const;
  return {
    site: {
      enabled,
      preferredSite,
      ...(preference && { preference: { name: PREFERRED_SITE, ...preference } }),
      peerSite,
      timeouts: bySite(sites, () => ({ siteTimeoutMs, phoneTimeoutMs })),
      autoRestore: governed(options, WORKSPACE['disaster-recovery.auto-restore']),
      damping: dampingPolicy(options),
      loginAnswerMaxMs: LOGIN_ANSWER_MAX_MS,
      refusedPauseMs: REFUSED_PAUSE_MS,
    },
    configuration: { link: 'configuration', sites: names, ...links },
    statistics: statisticsPolicy(sites, names, links),
    restoreAgentState: bySite(sites, () => restore),
    supervisorLogoutCodes: bySite(sites, () => [LOGOUT_REASONS.supervisor]),
    firstPauseMaxMs: 1000 * firstPause.value,
    filePauses: bySite(sites, ({ site }) => {
      const { form, timeoutMs: pauseMs } = recordOf(bootstrap, site) ?? {};
      if (pauseMs === undefined) return undefined;
      return { pauseMs, isStrongest: false, of: form === 'pair' ? 'configuration' : 'everyLink' };
    }),
    registration: [
      ...period(options, preferredSite, WORKSPACE['sipendpoint.proxies.proxy0.reg_timeout']),
      ...period(options, peerSite, WORKSPACE['sipendpoint.proxies.proxy1.reg_timeout']),
    ],
  };
}

function thirdPartyPolicy(
  { sites, person }: DeskConfiguration,
  preferredSite: string,
  peerSite: string | undefined,
  bootstrap: Bootstrap,
): DeskPolicy {
  const names = namesOf(preferredSite, peerSite);
  const peer = sites.find(({ site }) => site === peerSite);
  const source = `Person/${person.name}`;
  // S4: this family asks for nothing more than a second site, and for no return.
  const enabled = {
    value: peer !== undefined,
    option: { name: 'site-2', value: peer?.application ?? 'unset', source },
  };
  const autoRestore = { value: false, option: { name: 'site-1', value: preferredSite, source } };
  // The type of the desk's Application decides its family (DS1), and in this one these links stay (S4).
  const application = sites.find(({ site }) => site === preferredSite)?.application ?? '';
  const moveAfterMs = {
    value: 'never',
    option: { name: 'type', value: 'ThirdPartyApplication', source: `Application/${application}` },
  } as const;
  const links = { moveAfterMs, follows: 'everyMove' } as const;
  return {
    site: {
      enabled,
      preferredSite,
      preference: autoRestore.option,
      peerSite,
      timeouts: bySite(sites, thirdPartyTimeouts),
      autoRestore,
      // It returns in no other way (DS15), so that the defaults decide nothing.
      damping: dampingPolicy({}),
      loginAnswerMaxMs: LOGIN_ANSWER_MAX_MS,
      refusedPauseMs: REFUSED_PAUSE_MS,
    },
    configuration: { link: 'configuration', sites: names, ...links },
    statistics: statisticsPolicy(sites, names, links),
    restoreAgentState: bySite(sites, ({ options }) =>
      governed(options, OPTIONS.holdfast['restore-agent-state']),
    ),
    supervisorLogoutCodes: bySite(sites, ({ options }) =>
      codesOf(governed(options, OPTIONS.holdfast['supervisor-logout-codes']).value),
    ),
    firstPauseMaxMs: FIRST_PAUSE_MAX_MS,
    filePauses: bySite(sites, ({ site }) => {
      const pauseMs = recordOf(bootstrap, site)?.timeoutMs ?? bootstrap.preferred.timeoutMs;
      return pauseMs === undefined ? undefined : { pauseMs, isStrongest: true, of: 'everyLink' };
    }),
    registration: [],
  };
}

function dampingPolicy(options: DeskConfiguration['options']): DeskSitePolicy['damping'] {
  return {
    steadyMs: inMs(governed(options, OURS['return-steady-time'])),
    halfLifeMs: inMs(governed(options, OURS['return-half-life'])),
    lossesMax: governed(options, OURS['return-losses-max']),
  };
}

/** The file is that of this log-in, in which each record has the name of its site (DS20). */
function recordOf({ preferred, peer }: Bootstrap, site: string): BootstrapSite | undefined {
  return [preferred, peer].find((one) => one?.site === site);
}

function thirdPartyTimeouts({ application, options }: Site): SiteTimeouts {
  const timeout = (definition: (typeof THIRD_PARTY)['site-timeout' | 'site-sip-register-timeout']) => {
    const set = options[definition.name];
    const reading = set === undefined ? undefined : readOption(definition, set.value, set.source);
    const seconds = reading?.ok ? reading.value : 0;
    const source = set?.source ?? `Application/${application}`;
    const value = seconds === 0 ? `${set?.value ?? 'unset'} (never)` : `${seconds} s`;
    const option: GoverningOption = { name: definition.name, value, source };
    return { value: seconds === 0 ? ('never' as const) : seconds * 1000, option };
  };
  return {
    siteTimeoutMs: timeout(THIRD_PARTY['site-timeout']),
    phoneTimeoutMs: timeout(THIRD_PARTY['site-sip-register-timeout']),
  };
}

function namesOf(preferred: string, peer: string | undefined): string[] {
  return peer === undefined ? [preferred] : [preferred, peer];
}

function statisticsPolicy(
  sites: readonly Site[],
  names: readonly string[],
  rest: Pick<LinkSitePolicy, 'moveAfterMs' | 'follows'>,
): LinkSitePolicy | undefined {
  const served = names.filter((name) =>
    sites.some(({ site, statistics }) => site === name && statistics.members.length > 0),
  );
  return served.length === 0 ? undefined : { link: 'statistics', sites: served, ...rest };
}

function period(
  options: DeskConfiguration['options'],
  site: string | undefined,
  definition: (typeof WORKSPACE)[
    | 'sipendpoint.proxies.proxy0.reg_timeout'
    | 'sipendpoint.proxies.proxy1.reg_timeout'],
): RegistrationPeriod[] {
  if (site === undefined) return [];
  const { value: everyMs, option } = inMs(governed(options, definition));
  return [{ site, everyMs, option }];
}

function codesOf(list: string): string[] {
  return list.split(',');
}

function bySite<Value>(sites: readonly Site[], valueAt: (site: Site) => Value): BySite<Value> {
  return Object.fromEntries(sites.map((site) => [site.site, valueAt(site)]));
}

/** The configured value; the default where none is set. A Configuration Server sends no value out of range. */
function governed<Definition extends OptionDefinition>(
  options: DeskConfiguration['options'],
  definition: Definition,
): Governed<ValueOf<Definition['kind']>> {
  const { name } = definition;
  const set = options[name];
  const raw = set === undefined ? undefined : readOption(definition, set.value, set.source);
  if (set !== undefined && raw?.ok)
    return { value: raw.value, option: { name, value: set.value, source: set.source } };
  const value = definition.default ?? '';
  const reading = readOption(definition, value, 'default');
  if (!reading.ok) throw new RangeError(`the catalogue's default of ${name} is not allowed`);
  return { value: reading.value, option: { name, value, source: 'default' } };
}

function inMs(seconds: Governed<number>): Governed<Millis> {
  return { value: seconds.value * 1000, option: { ...seconds.option, value: `${seconds.option.value} s` } };
}
