/**
 * Which processes a site has on this host, in the order in which they are started, as the configuration names them. A
 * supervisor that is told its Host starts what belongs to that one; any other takes the whole site for its own.
 */
import { type Configuration, siteOf } from '@holdfast/centre';
import type { Application } from '@holdfast/protocol';
import { type PairMembership, readPairMembership } from '@holdfast/servers';
import { CannotRun } from '../role.ts';

/** Types of Application whose backup is started too, as the standby of a pair with an arbiter (PR7). */
const STANDBY_TYPES: readonly Application['type'][] = ['SIPServer'];

type ConfigurationType = Extract<Application['type'], 'ConfigurationServer' | 'ConfigurationServerProxy'>;

export interface SiteProcess {
  readonly application: Application;
  readonly args: readonly string[];
  /** The primary's Application, where both members of its pair are started. */
  readonly pair: string | undefined;
  /** Of a pair across hosts, of which only this member is started here: the supervisor watches it (PR8). */
  readonly across: PairMembership | undefined;
}

export interface SiteProcesses {
  readonly processes: readonly SiteProcess[];
  /** Of each pair of which both members are started: the primary's Application, and its backup's. */
  readonly pairs: readonly (readonly [string, string])[];
  /** Backups that are not started, with the reason. */
  readonly leftOut: readonly { readonly application: string; readonly because: string }[];
}

export interface SiteProcessesOptions {
  readonly site: string;
  /** The Host object of this machine, where the site has several. */
  readonly host?: string | undefined;
  /** The site's copy of the configuration; where there is a store, what an empty one is filled with. */
  readonly files?: string | undefined;
  /** The address of the configuration database, see `openConfigStore`; absent where there are files alone. */
  readonly store?: string | undefined;
  /** Where its processes keep what they write. */
  readonly data: string;
  /** The processes go on when the supervisor is gone. */
  readonly outlive: boolean;
}

export function siteProcesses(configuration: Configuration, options: SiteProcessesOptions): SiteProcesses {
  const own = ownApplications(configuration, options);
  const backups = own.flatMap((primary) => {
    const backup = own.find(({ name }) => name === primary.backup);
    if (backup === undefined || servesBeside(primary, backup, options)) return [];
    return [{ primary, backup, because: whyLeftOut(primary, backup, options) }];
  });
  const started = backups.filter(({ because }) => because === undefined);
  const pairs = started.map(({ primary, backup }) => [primary.name, backup.name] as const);
  const isBackup = (one: Application) => backups.some(({ backup }) => backup === one);
  /** Each primary, and its standby after it. */
  const ofType = (type: Application['type']) =>
    own
      .filter((one) => one.type === type && !isBackup(one))
      .flatMap((one) => [
        one,
        ...started.flatMap(({ primary, backup }) => (primary === one ? [backup] : [])),
      ]);
  const applications = (
    ['ConfigurationServer', 'ConfigurationServerProxy', 'SIPServer', 'StatServer'] as const
  ).flatMap(ofType);
  return {
    processes: applications.map((application) => {
      const pair = pairs.find((names) => names.includes(application.name))?.[0];
      const source = sourceOf(configuration, application, options);
      const keeps = keepsData(application, options) ? ['--data', options.data] : [];
      // The end of the supervisor is no reason for a member of a pair to end (PR7): the next one takes it over.
      const outlive = options.outlive || pair !== undefined ? ['--outlive'] : [];
      return {
        application,
        pair,
        across: pair === undefined ? membershipAcross(configuration, application) : undefined,
        args: ['--application', application.name, ...source, ...keeps, ...outlive],
      };
    }),
    pairs,
    leftOut: backups.flatMap(({ backup, because }) =>
      because === undefined ? [] : [{ application: backup.name, because }],
    ),
  };
}

/** Both members of such a pair serve at any time; which of them writes is the store's to say (CW1). */
function servesBeside(primary: Application, backup: Application, { store }: SiteProcessesOptions): boolean {
  if (primary.type !== backup.type) return false;
  if (primary.type === 'ConfigurationServerProxy') return true;
  // One process at a time opens a PGlite, and files are edited nowhere.
  return primary.type === 'ConfigurationServer' && store !== undefined && !store.startsWith('pglite:');
}

/** Where it has the configuration from. The address of the store may hold a password: it goes by the environment. */
function sourceOf(
  configuration: Configuration,
  { type }: Application,
  { site, files }: SiteProcessesOptions,
): readonly string[] {
  if (type === 'ConfigurationServer') return files === undefined ? [] : ['--files', files];
  const masters = configAddresses(configuration, site, ['ConfigurationServer']);
  if (type === 'ConfigurationServerProxy') return ['--proxy', '--config', masters.join(',')];
  const all = configAddresses(configuration, site, ['ConfigurationServerProxy', 'ConfigurationServer']);
  return ['--config', all.join(',')];
}

function keepsData({ type }: Application, { store }: SiteProcessesOptions): boolean {
  if (type === 'ConfigurationServer') return store !== undefined;
  return type === 'ConfigurationServerProxy' || type === 'SIPServer';
}

function ownApplications(
  configuration: Configuration,
  { site, host }: SiteProcessesOptions,
): readonly Application[] {
  const ofSite = configuration.all('Application').filter((one) => one.enabled && siteOf(one) === site);
  if (!ofSite.some(({ type }) => type === 'ConfigurationServer' || type === 'ConfigurationServerProxy'))
    throw new CannotRun(
      `There is no Configuration Server or proxy of site "${site}". The sites are ${sitesOf(configuration)}.`,
    );
  if (configAddresses(configuration, site, ['ConfigurationServer']).length === 0)
    throw new CannotRun(
      `Site "${site}" has proxies of the configuration, and no site has an enabled ConfigurationServer, which they follow. Enable the one that writes.`,
    );
  if (host === undefined) return ofSite;
  const own = ofSite.filter((one) => one.host === host);
  if (own.length > 0) return own;
  const hosts = new Set(ofSite.flatMap((one) => (one.host === undefined ? [] : `"${one.host}"`)));
  throw new CannotRun(
    `Nothing of site "${site}" belongs to Host "${host}" (--host). Its Hosts are ${[...hosts].join(', ')}.`,
  );
}

/** What is wrong with it the member itself says when it starts. */
function membershipAcross(
  configuration: Configuration,
  { type, name }: Application,
): PairMembership | undefined {
  if (type !== 'SIPServer') return undefined;
  const read = readPairMembership(configuration, name);
  return read.ok && read.pair?.arbiter.type === 'etcd' ? read.pair : undefined;
}

function whyLeftOut(
  primary: Application,
  backup: Application,
  { store }: SiteProcessesOptions,
): string | undefined {
  if (primary.type === 'ConfigurationServer' && store !== undefined && primary.type === backup.type)
    return `${backup.name} cannot open the PGlite of ${primary.name}; with a PostgreSQL (--store) both serve`;
  if (!STANDBY_TYPES.includes(primary.type)) return `this release runs no standby: ${backup.name}`;
  if (primary.type !== backup.type)
    return `${backup.name} is of type ${backup.type}, and its primary ${primary.name} of type ${primary.type}`;
  if (primary.host !== backup.host)
    return `${backup.name} belongs to host "${backup.host}", and a supervisor starts both members of a pair on one host`;
  return undefined;
}

/**
 * `host:port` of each that answers for the configuration: all of the own site first, and at either site in the order of these
 * types, so that a server comes to a Configuration Server itself only when no proxy of its site answers.
 */
function configAddresses(
  configuration: Configuration,
  site: string,
  types: readonly ConfigurationType[],
): readonly string[] {
  const enabled = configuration.all('Application').filter((one) => one.enabled);
  const isBackup = ({ name }: Application) => enabled.some(({ backup }) => backup === name);
  const primariesFirst = [...enabled.filter((one) => !isBackup(one)), ...enabled.filter(isBackup)];
  const inOrder = types.flatMap((type) => primariesFirst.filter((one) => one.type === type));
  const ownFirst = [
    ...inOrder.filter((one) => siteOf(one) === site),
    ...inOrder.filter((one) => siteOf(one) !== site),
  ];
  return ownFirst.map((one) => {
    const address = configuration.get('Host', one.host ?? '')?.address ?? '';
    return `${address.includes(':') ? `[${address}]` : address}:${one.ports.default}`;
  });
}

function sitesOf(configuration: Configuration): string {
  const sites = new Set(configuration.all('Application').flatMap((one) => siteOf(one) ?? []));
  return [...sites].map((site) => `"${site}"`).join(', ') || 'not named anywhere';
}
