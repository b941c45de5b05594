/**
 * From the resolved options of the Workspace family to the policy of `desk-site` (DS1, DS2). An option that the
 * configuration does not carry has the catalogue's default, and says so as its source.
 */
import type { DeskSitePolicy, Governed } from '@holdfast/continuity';
import type { Millis } from '@holdfast/kernel';
import {
  type DeskConfiguration,
  OPTIONS,
  type OptionDefinition,
  readOption,
  type ValueOf,
} from '@holdfast/protocol';

const WORKSPACE = OPTIONS['interaction-workspace'];

/** A log-in that is not answered for so long makes its connection suspect. */
export const LOGIN_ANSWER_MAX_MS = 3_000;
/** First pause after a refused log-in; doubles with each refusal in a row. */
export const REFUSED_PAUSE_MS = 1_000;

export interface DeskPolicy {
  readonly site: DeskSitePolicy;
  readonly restoreAgentState: Governed<boolean>;
}

export type PolicyReading =
  | { readonly ok: true; readonly policy: DeskPolicy }
  | { readonly ok: false; readonly text: string };

export function readPolicy(configuration: DeskConfiguration): PolicyReading {
  const { family, sites, place } = configuration;
  if (family !== 'interaction-workspace') {
    return {
      ok: false,
      text: 'The Application is a ThirdPartyApplication (section agent-desktop), which this version does not serve. Use a Workspace Application.',
    };
  }
  const [first] = sites;
  if (first === undefined) {
    return { ok: false, text: `The place ${place} has no Extension at any site. Ask the administrator.` };
  }
  const preferredSite = configuration.preferredSite ?? first.site;
  if (!sites.some((site) => site.site === preferredSite)) {
    return {
      ok: false,
      text: `The place ${place} has no Extension at the preferred site ${preferredSite}. Ask the administrator.`,
    };
  }
  const peerSite = sites.find(
    (site) => site.site === configuration.peerSite && site.site !== preferredSite,
  )?.site;
  const { options } = configuration;
  const timeouts = {
    siteTimeoutMs: inMs(governed(options, WORKSPACE['disaster-recovery.timeout'])),
    phoneTimeoutMs: inMs(governed(options, WORKSPACE['disaster-recovery.wait-for-sipphone-timeout'])),
  };
  const policy: DeskPolicy = {
    site: {
      enabled: governed(options, WORKSPACE['disaster-recovery.enabled']),
      preferredSite,
      peerSite,
      timeouts: Object.fromEntries(sites.map(({ site }) => [site, timeouts])),
      autoRestore: governed(options, WORKSPACE['disaster-recovery.auto-restore']),
      loginAnswerMaxMs: LOGIN_ANSWER_MAX_MS,
      refusedPauseMs: REFUSED_PAUSE_MS,
    },
    restoreAgentState: governed(options, WORKSPACE['disaster-recovery.restore-agent-state']),
  };
  return { ok: true, policy };
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
