/**
 * The configuration of a run, as both sites read it: a generated world with the waits of the run in the options of
 * either family, and what the scenario wants otherwise.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { DESK_APPLICATION, type GeneratedAgent, type GeneratedSite, thirdPartyName } from '@holdfast/centre';
import type { ConfigObject, OptionSections } from '@holdfast/protocol';
import { makeMusic, makeWorld, writeConfiguration, writeWav } from '@holdfast/server';
import { type ProxyPorts, withProxies } from './lab-proxies.ts';
import type { LabTimes } from './times.ts';

export const SITES = ['north', 'south'] as const;
export type SiteName = (typeof SITES)[number];
export type Family = GeneratedAgent['family'];

export interface SitePorts {
  /** Where each site answers for the configuration: its Configuration Server, or its proxy where there is a `writer`. */
  readonly config: readonly [number, number];
  /** Of the one Configuration Server, at north, which keeps the configuration in a PGlite. Absent: each site has one, with files. */
  readonly writer?: { readonly port: number; readonly restPort: number };
  readonly clients: readonly [number, number];
  readonly stats: readonly [number, number];
  readonly sip: readonly [number, number];
  readonly gateway: number;
  /** Of the SIP Servers' backups; absent where each site has one SIP Server. */
  readonly standby?: readonly [StandbyPorts, StandbyPorts];
  /** Of those beside the Configuration Servers of both sites, which share a PostgreSQL. */
  readonly proxies?: readonly [ProxyPorts, ProxyPorts];
}

export type StandbyPorts = NonNullable<GeneratedSite['standby']>;

export const PASSWORD = 'fake-password';
export const PHONE_PASSWORD = 'fake-phone-password';
export const REALM = 'holdfast';

export async function writeLabConfiguration(run: {
  readonly agents: number;
  readonly times: LabTimes;
  readonly ports: SitePorts;
  readonly folder: string;
  readonly homes?: readonly (0 | 1)[];
  /** Where each site's SIP Server reaches that of the other. */
  readonly serverOptions?: OptionSections;
  readonly links: { peerAddress(site: SiteName): string };
  readonly configure?: (object: ConfigObject) => ConfigObject | readonly ConfigObject[];
}): Promise<readonly GeneratedAgent[]> {
  const { ports, times, folder, configure = (object) => object } = run;
  const { objects, agents } = await makeWorld({
    agents: run.agents,
    ...(run.homes === undefined ? {} : { homes: run.homes }),
    sites: generatedSites(ports),
    password: PASSWORD,
    phonePassword: PHONE_PASSWORD,
    isForwarding: true,
    realm: REALM,
    options: { ...serverOptions(run), ...desktopOptions(times) },
  });
  const { proxies } = ports;
  const configured = objects
    .map(neverOverloaded)
    .flatMap((object) => (proxies === undefined ? [object] : withProxies(object, { ports: proxies, times })))
    .flatMap((object) => configure(withAddp(object, times)));
  for (const site of SITES) {
    const { files, data } = siteFolders(folder, site);
    mkdirSync(data, { recursive: true });
    // What callers hear while they wait comes from a file, as it would in an installation.
    writeFileSync(`${data}/${MUSIC}`, writeWav(makeMusic()));
    await writeConfiguration(files, configured, 'json');
  }
  return agents;
}

/**
 * All that is a site's own, as on a host of its own: its copy of the same revision of the configuration, its music, what
 * its processes write. Neither site can lean on a file of the other.
 */
export function siteFolders(
  folder: string,
  site: SiteName,
): { readonly files: string; readonly data: string } {
  const data = `${folder}/${site}`;
  return { files: `${data}/configuration`, data };
}

const MUSIC = 'music.wav';

/** Both on this machine, behind one gateway. */
export function generatedSites(ports: SitePorts): [GeneratedSite, GeneratedSite] {
  const site = (name: SiteName, index: 0 | 1) => ({
    name,
    address: '127.0.0.1',
    configPort: ports.config[index],
    ...(index === 0 && ports.writer !== undefined && { writer: ports.writer }),
    clientPort: ports.clients[index],
    statPort: ports.stats[index],
    sipPort: ports.sip[index],
    gateway: `127.0.0.1:${ports.gateway}`,
    ...(ports.standby === undefined ? {} : { standby: ports.standby[index] }),
  });
  return [site('north', 0), site('south', 1)];
}

function serverOptions({
  times,
  links,
  folder,
  serverOptions: set = {},
}: Pick<Parameters<typeof writeLabConfiguration>[0], 'times' | 'links' | 'folder' | 'serverOptions'>): Record<
  string,
  OptionSections
> {
  const optionsOf = (site: SiteName) => ({
    ...set,
    TServer: { 'wrap-up-time': String(times.wrapUpS), ...set.TServer },
    holdfast: {
      music: `${siteFolders(folder, site).data}/${MUSIC}`,
      'peer-address': links.peerAddress(site),
      'stamp-period': String(times.stampEveryMs),
      'lease-length': String(times.leaseLengthMs),
      'registrar-min-timeout': '1',
      ...set.holdfast,
    },
  });
  return Object.fromEntries(SITES.map((site) => [`Application/sip-${site}`, optionsOf(site)]));
}

function desktopOptions(times: LabTimes): Record<string, OptionSections> {
  const [siteTimeout, phoneTimeout] = [String(times.siteTimeoutS), String(times.phoneTimeoutS)];
  const thirdParty = {
    'agent-desktop': { 'site-timeout': siteTimeout, 'site-sip-register-timeout': phoneTimeout },
    holdfast: { 'restore-agent-state': 'true' },
  };
  return {
    [`Application/${DESK_APPLICATION}`]: {
      'interaction-workspace': {
        'disaster-recovery.enabled': 'true',
        'disaster-recovery.timeout': siteTimeout,
        'disaster-recovery.wait-for-sipphone-timeout': phoneTimeout,
        'disaster-recovery.auto-restore': String(times.autoRestore),
        'disaster-recovery.restore-agent-state': 'true',
        'warm-standby.retry-delay': String(times.retryDelayS),
        'warm-standby.reconnection-random-delay-range': '1',
      },
      holdfast: {
        'return-steady-time': String(times.returnSteadyS),
        'return-half-life': String(times.returnHalfLifeS),
      },
    },
    ...Object.fromEntries(SITES.map((site) => [`Application/${thirdPartyName(site)}`, thirdParty])),
  };
}

/**
 * A SIP Server that shares its processors with the phones, the desks and whatever else the machine does is at work without
 * a break though nobody calls (OC5): how busy it is says nothing about the calls that it gets.
 */
export function neverOverloaded(object: ConfigObject): ConfigObject {
  if (object.objectType !== 'Application' || object.type !== 'SIPServer') return object;
  const holdfast = { 'overload-busy': '0', ...object.options.holdfast };
  return { ...object, options: { ...object.options, holdfast } };
}

/** Of the desks' connections. */
function withAddp(object: ConfigObject, times: LabTimes): ConfigObject {
  if (object.objectType !== 'Application') return object;
  if (object.type !== 'Workspace' && object.type !== 'ThirdPartyApplication') return object;
  return {
    ...object,
    connections: object.connections.map((connection) => ({
      ...connection,
      addp: { timeout: times.addpMs / 1000 },
    })),
  };
}
