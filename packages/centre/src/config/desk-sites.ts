/**
 * Which sites are an agent's, the preferred one first, in either option family (DS1, DS4). What is contradictory or
 * leads nowhere is told as a warning and left out (DS22): a desk that can work at one site works there.
 */
import { hashOf } from '@holdfast/kernel';
import {
  type Application,
  type DeskConfiguration,
  findOption,
  OPTIONS,
  type Person,
} from '@holdfast/protocol';
import { type Configuration, compareText } from './configuration.ts';
import { Refusal } from './desk-refusal.ts';
import { type ConnectedServer, connectedServers } from './desk-servers.ts';
import { levelOf, type OptionLevel, optionValue, resolveOption } from './option-resolution.ts';

export interface AgentSite {
  readonly site: string;
  /** The desk's Application there. */
  readonly application: Application;
  readonly servers: readonly ConnectedServer[];
  readonly options: DeskConfiguration['options'];
}

export interface AgentSites {
  /** One or two, the preferred one first. */
  readonly sites: readonly AgentSite[];
  /** Where the preference comes from when no option names it. */
  readonly preferenceSource: string;
  readonly warnings: readonly string[];
}

type Remark = (text: string) => void;

/** S0, S1: the options `preferred-site` and `peer-site` name sites, and one Application is connected to both. */
export function workspaceSites(
  configuration: Configuration,
  person: Person,
  application: Application,
  levels: readonly OptionLevel[],
): AgentSites {
  const warnings: string[] = [];
  const servers = connectedServers(configuration, application);
  const known = [
    ...new Set(servers.filter(({ server }) => server.type === 'SIPServer').map(({ site }) => site)),
  ].sort(compareText);
  if (known.length === 0)
    throw new Refusal(
      `Application "${application.name}" is connected to no SIP Server that has a disaster-recovery.site.`,
    );
  const named = (option: 'disaster-recovery.preferred-site' | 'disaster-recovery.peer-site') => {
    const resolved = resolveOption(OPTIONS['interaction-workspace'][option], levels);
    if (resolved === undefined || known.includes(resolved.value)) return resolved?.value;
    warnings.push(
      `${resolved.source} names site "${resolved.value}" in ${option}, but Application "${application.name}" is connected to no SIP Server there (its sites: ${known.join(', ')}). Correct the name or connect the Application.`,
    );
    return undefined;
  };
  const isEnabled = optionValue(OPTIONS['interaction-workspace']['disaster-recovery.enabled'], levels);
  const peerNamed = isEnabled ? named('disaster-recovery.peer-site') : undefined;
  // DS4: without a preference agents are spread evenly, each always to the same site, and never to their peer.
  const candidates = known.length > 1 ? known.filter((site) => site !== peerNamed) : known;
  const preferred =
    named('disaster-recovery.preferred-site') ??
    (candidates[hashOf(person.name) % candidates.length] as string);
  const names = [preferred];
  if (isEnabled) {
    const peer = peerOf(preferred, peerNamed, known, person, (text) => warnings.push(text));
    if (peer !== undefined) names.push(peer);
  }
  return {
    sites: names.map((site) => ({ site, application, servers, options: {} })),
    preferenceSource: 'stable hash of the user name',
    warnings,
  };
}

function peerOf(
  preferred: string,
  peer: string | undefined,
  known: readonly string[],
  person: Person,
  remark: Remark,
): string | undefined {
  const others = known.filter((site) => site !== preferred);
  if (peer === preferred) {
    remark(
      `Person "${person.name}": disaster-recovery.preferred-site and disaster-recovery.peer-site are both "${peer}", so that there is nowhere to go when it dies. Name two sites.`,
    );
    return undefined;
  }
  if (peer !== undefined) return peer;
  if (others.length === 1) return others[0];
  remark(
    others.length === 0
      ? `disaster-recovery.enabled is true for Person "${person.name}", but there is only the site "${preferred}". Connect the desk's Application to a second.`
      : `disaster-recovery.enabled is true for Person "${person.name}", but no disaster-recovery.peer-site is set, and there are ${known.length} sites (${known.join(', ')}). Set it.`,
  );
  return undefined;
}

/** S3, S4: `site-1` and `site-2` of the Person name one ThirdPartyApplication for each site. */
export function thirdPartySites(
  configuration: Configuration,
  person: Person,
  application: Application,
): AgentSites {
  const warnings: string[] = [];
  const sites: AgentSite[] = [];
  const remark: Remark = (text) => warnings.push(text);
  for (const name of ['site-1', 'site-2'] as const) {
    const value = resolveOption(OPTIONS['agent-desktop'][name], [
      levelOf(`Person/${person.name}`, person),
    ])?.value;
    if (value === undefined)
      remark(
        `Person "${person.name}" has no agent-desktop/${name}. Name the ThirdPartyApplication of that site.`,
      );
    else if (sites.some((site) => site.application.name === value))
      remark(
        `Person "${person.name}": agent-desktop/site-1 and site-2 are both "${value}", so that there is nowhere to go when its site dies. Name two Applications.`,
      );
    else {
      const found = thirdPartySite(
        configuration,
        value,
        `Person/${person.name} agent-desktop/${name}`,
        remark,
      );
      const twin = sites.find((site) => site.site === found?.site);
      if (twin !== undefined)
        remark(
          `The Applications "${twin.application.name}" and "${value}" of Person "${person.name}" are both at site "${twin.site}". Connect one of them to the servers of the other site.`,
        );
      else if (found !== undefined) sites.push(found);
    }
  }
  if (sites.length === 0) {
    // The desk works where it came in; it only cannot move.
    const own = thirdPartySite(configuration, application.name, 'the desk', remark);
    if (own === undefined) throw new Refusal(warnings.join(' '));
    sites.push(own);
  }
  return { sites, preferenceSource: `Person/${person.name}`, warnings };
}

function thirdPartySite(
  configuration: Configuration,
  name: string,
  source: string,
  remark: Remark,
): AgentSite | undefined {
  const application = configuration.get('Application', name);
  if (application?.type !== 'ThirdPartyApplication' || !application.enabled) {
    remark(`${source} names "${name}", which is no enabled ThirdPartyApplication. Correct the name.`);
    return undefined;
  }
  const servers = connectedServers(configuration, application);
  const names = [
    ...new Set(servers.filter(({ server }) => server.type === 'SIPServer').map(({ site }) => site)),
  ];
  const [site, second] = names;
  if (site === undefined || second !== undefined) {
    remark(
      `Application "${name}" is connected to SIP Servers of ${names.length} sites${names.length === 0 ? '' : ` (${names.join(', ')})`}. Connect it to those of one site (S3).`,
    );
    return undefined;
  }
  return { site, application, servers, options: thirdPartyOptions(application) };
}

/** DS1: the options of a third-party desktop stand on the Application of each site. */
function thirdPartyOptions(application: Application): DeskConfiguration['options'] {
  const options: DeskConfiguration['options'] = {};
  const level = levelOf(`Application/${application.name}`, application);
  for (const [section, names] of Object.entries(THIRD_PARTY_OPTIONS))
    for (const name of names) {
      const definition = findOption(section, name);
      const resolved = definition && resolveOption(definition, [level]);
      if (resolved) options[name] = { value: resolved.raw.trim(), source: resolved.source };
    }
  return options;
}

const THIRD_PARTY_OPTIONS = {
  'agent-desktop': ['site-timeout', 'site-sip-register-timeout'],
  holdfast: ['restore-agent-state', 'supervisor-logout-codes'],
};
