/**
 * One revision as the checks of the validator look at it: who belongs to whom, worked out once and only where it is asked
 * for. `looked` is the same revision with fewer objects to look at after a small edit; what they refer to is looked up in all.
 */
import {
  type AgentGroup,
  type Application,
  type ConfigObject,
  OPTIONS,
  objectKey,
  type Person,
  type Place,
} from '@holdfast/protocol';
import { type Configuration, splitReference } from '../configuration.ts';
import {
  groupsOf,
  levelOf,
  type OptionLevel,
  optionValue,
  resolveOption,
  siteOf,
} from '../option-resolution.ts';
import type { Question } from './question.ts';

/** What the documents' own values give at the most: twice 30 s of ADDP and the 60 s of a Workspace. Held where nothing is promised. */
const DOCUMENTS_RECOVERY_S = 120;

interface PromisedTime {
  readonly seconds: number;
  /** In words: who promised it. */
  readonly source: string;
  readonly isPromised: boolean;
}

export class World {
  readonly configuration: Configuration;
  readonly looked: Configuration;
  readonly question: Question;
  #primaryOf: ReadonlyMap<string, Application> | undefined;
  #sipServers: readonly Application[] | undefined;
  #twins: ReadonlyMap<string, readonly string[]> | undefined;
  #placeOf: ReadonlyMap<string, Place> | undefined;
  #agentsAt: ReadonlyMap<string, number> | undefined;

  constructor(configuration: Configuration, looked: Configuration, question: Question) {
    this.configuration = configuration;
    this.looked = looked;
    this.question = question;
  }

  /** The primary of a pair, by the name of its backup. */
  primaryOf(name: string): Application | undefined {
    this.#primaryOf ??= new Map(
      this.configuration
        .all('Application')
        .flatMap((one): [string, Application][] => (one.backup === undefined ? [] : [[one.backup, one]])),
    );
    return this.#primaryOf.get(name);
  }

  application(name: string | undefined): Application | undefined {
    return name === undefined ? undefined : this.configuration.get('Application', name);
  }

  /** Enabled ones, of pairs the primary. */
  primaries(...types: readonly Application['type'][]): Application[] {
    return this.configuration
      .all('Application')
      .filter((one) => one.enabled && types.includes(one.type) && this.primaryOf(one.name) === undefined);
  }

  get sipServers(): readonly Application[] {
    this.#sipServers ??= this.primaries('SIPServer');
    return this.#sipServers;
  }

  get desktops(): Application[] {
    return this.primaries('Workspace', 'ThirdPartyApplication');
  }

  serverOf(switchName: string): Application | undefined {
    return this.sipServers.find((server) => server.switch === switchName);
  }

  siteOfSwitch(switchName: string): string | undefined {
    const server = this.serverOf(switchName);
    return server === undefined ? undefined : siteOf(server);
  }

  /**
   * The Switch of the peer: that of the SIP Server of the same `disaster-recovery.name` at the other site (S1). Of more than
   * two sites the agents choose, and their log-ins say what is missing.
   */
  twinOf(switchName: string): string | undefined {
    this.#twins ??= this.#findTwins();
    const twins = this.#twins.get(switchName) ?? [];
    return twins.length === 1 ? twins[0] : undefined;
  }

  #findTwins(): ReadonlyMap<string, readonly string[]> {
    const twins = new Map<string, string[]>();
    for (const one of this.sipServers)
      for (const other of this.sipServers) {
        const arePeers = groupName(one) === groupName(other) && siteOf(one) !== siteOf(other);
        if (!arePeers || one.switch === undefined || other.switch === undefined) continue;
        twins.set(one.switch, [...(twins.get(one.switch) ?? []), other.switch]);
      }
    return twins;
  }

  placeOf(dn: string): Place | undefined {
    this.#placeOf ??= placesByDN(this.configuration.all('Place'));
    return this.#placeOf.get(dn);
  }

  /** Person over Agent Group over Tenant over Application (DS4). */
  groupsOf(person: Person): AgentGroup[] {
    return groupsOf(this.configuration, person);
  }

  /** Agents: who could log in at a Switch. */
  get agents(): readonly Person[] {
    return this.looked.all('Person').filter(({ enabled, agentLogins }) => enabled && agentLogins.length > 0);
  }

  /** How many agents could be logged in at a Switch. */
  agentsAt(switchName: string): number {
    if (this.#agentsAt === undefined) {
      const counts = new Map<string, number>();
      for (const { enabled, agentLogins } of this.configuration.all('Person')) {
        if (!enabled) continue;
        for (const login of agentLogins) {
          const at = splitReference(login).switch;
          counts.set(at, (counts.get(at) ?? 0) + 1);
        }
      }
      this.#agentsAt = counts;
    }
    return this.#agentsAt.get(switchName) ?? 0;
  }

  /** DS21: in which form the Places are. */
  get isPlacePerDN(): boolean {
    return this.configuration
      .all('Tenant')
      .some((tenant) => optionValue(OPTIONS.holdfast['place-form'], [levelOfObject(tenant)]) === 'each');
  }

  areCallsKept(tenantName: string): boolean {
    const { areCallsKept } = this.question.promises ?? {};
    if (areCallsKept !== undefined) return areCallsKept;
    const tenant = this.configuration.get('Tenant', tenantName);
    return tenant !== undefined && optionValue(OPTIONS.holdfast['keep-calls'], [levelOfObject(tenant)]);
  }

  /** Within which time agents are to be able to work again. */
  promisedTime(tenantName: string | undefined): PromisedTime {
    const { recoveryTimeS } = this.question.promises ?? {};
    if (recoveryTimeS !== undefined) return { seconds: recoveryTimeS, source: 'promised', isPromised: true };
    const tenants = this.configuration.all('Tenant').filter(({ name }) => (tenantName ?? name) === name);
    let shortest: PromisedTime | undefined;
    for (const tenant of tenants) {
      const resolved = resolveOption(OPTIONS.holdfast['recovery-time'], [levelOfObject(tenant)]);
      if (resolved === undefined || (shortest && shortest.seconds <= resolved.value)) continue;
      shortest = { seconds: resolved.value, source: `${resolved.source} promises`, isPromised: true };
    }
    const source = "nothing is promised, and the documents' own values give";
    return shortest ?? { seconds: DOCUMENTS_RECOVERY_S, source, isPromised: false };
  }
}

/** The list of a revision never changes, and later ones share it. */
const PLACES = new WeakMap<readonly Place[], ReadonlyMap<string, Place>>();

function placesByDN(all: readonly Place[]): ReadonlyMap<string, Place> {
  const known = PLACES.get(all);
  if (known !== undefined) return known;
  const found = new Map(all.flatMap((place) => place.dns.map((dn): [string, Place] => [dn, place])));
  PLACES.set(all, found);
  return found;
}

export function levelOfObject(object: ConfigObject): OptionLevel {
  return levelOf(objectKey(object), object);
}

export function groupName(server: Application): string {
  return optionValue(OPTIONS['interaction-workspace']['disaster-recovery.name'], [levelOfObject(server)]);
}

export const CONFIGURATION_SERVERS: readonly Application['type'][] = [
  'ConfigurationServer',
  'ConfigurationServerProxy',
];

/** Of whoever reads it: "2 of them, such as …". */
export function named(names: readonly string[]): string {
  const [first = 'nobody', ...more] = names;
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}
