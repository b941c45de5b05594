/** What a Stat Server works by, read from the configuration objects each time a new revision comes. */
import { type Configuration, type SiteObjects, siteOf } from '@holdfast/centre';
import type { Person } from '@holdfast/protocol';
import type { ServerAddress } from '../server-address.ts';
import type { RoundSettings } from '../server-round.ts';

export interface StatServerConfiguration {
  readonly revision: string;
  readonly site: string;
  readonly application: string;
  readonly switchName: string;
  /** The SIP Server of the site: the primary, then its backup. */
  readonly sipServer: RoundSettings;
  /** Who may be a client: enabled persons only. */
  readonly persons: ReadonlyMap<string, StatPerson>;
  readonly objects: SiteObjects;
}

export type StatPerson = Pick<Person, 'rank' | 'tokensNotBefore'>;

export type StatReadResult =
  | { readonly ok: true; readonly configuration: StatServerConfiguration; readonly listen: ServerAddress }
  /** Names the object, what is wrong with it and the remedy. */
  | { readonly ok: false; readonly text: string };

export function readStatServerConfiguration(configuration: Configuration, name: string): StatReadResult {
  const application = configuration.get('Application', name);
  if (application?.type !== 'StatServer')
    return { ok: false, text: `Application/${name} is no Stat Server; check the name.` };
  const site = siteOf(application);
  if (site === undefined)
    return { ok: false, text: `Application/${name} has no disaster-recovery.site; set it.` };
  const host = configuration.get('Host', application.host ?? '');
  const port = application.ports.default;
  if (host === undefined || port === undefined)
    return { ok: false, text: `Application/${name} has no Host or no port "default"; set both.` };
  const sources = application.connections.flatMap((connection) => {
    const server = configuration.get('Application', connection.server);
    const isOfSite = server?.type === 'SIPServer' && server.enabled && siteOf(server) === site;
    return isOfSite ? [{ connection, server }] : [];
  });
  const [source, ...more] = sources;
  if (source === undefined || more.length > 0)
    return {
      ok: false,
      text: `Application/${name} needs a connection to one SIP Server of site "${site}" and has ${sources.length}; leave the primary's alone.`,
    };
  const { connection, server } = source;
  const { timeout, remoteTimeout } = connection.addp;
  const members = [server, configuration.get('Application', server.backup ?? '')].flatMap((member) => {
    const address = configuration.get('Host', member?.host ?? '')?.address;
    const memberPort = member?.ports[connection.port];
    if (!member?.enabled || address === undefined || memberPort === undefined) return [];
    return [{ host: address, port: memberPort, applications: [member.name] }];
  });
  if (members.length === 0)
    return { ok: false, text: `Application/${server.name} has no Host or no port "${connection.port}".` };
  const switchName = server.switch ?? '';
  const persons = configuration.all('Person').filter(({ enabled }) => enabled);
  return {
    ok: true,
    listen: { host: host.address, port },
    configuration: {
      revision: configuration.revision,
      site,
      application: name,
      switchName,
      sipServer: {
        members,
        addpTimeoutMs: Math.round(1000 * timeout),
        ...(remoteTimeout === undefined ? {} : { addpRemoteTimeoutMs: Math.round(1000 * remoteTimeout) }),
        pauseMs: (server.reconnectTimeout ?? ROUND_PAUSE_S) * 1000,
      },
      persons: new Map(persons.map((person) => [person.name, person])),
      objects: objectsOf(configuration, persons, switchName),
    },
  };
}

/** Where the pair says nothing (S0's reconnect timeout). One connection that comes so often costs nothing. */
const ROUND_PAUSE_S = 0.5;

function objectsOf(
  configuration: Configuration,
  persons: readonly Person[],
  switchName: string,
): SiteObjects {
  const places = new Map(
    configuration.all('Place').flatMap(({ name, dns }) => dns.map((dn) => [dn, name] as const)),
  );
  const dns = configuration.all('DN').filter((dn) => dn.switch === switchName && dn.enabled);
  const isHere = (reference: string) => reference.endsWith(`@${switchName}`);
  return {
    persons: new Set(persons.filter(({ agentLogins }) => agentLogins.some(isHere)).map(({ name }) => name)),
    extensions: new Map(
      dns
        .filter(({ type }) => type === 'Extension')
        .map(({ number }) => [number, places.get(`${number}@${switchName}`)]),
    ),
    queues: new Set(dns.filter(({ type }) => type === 'ACDQueue').map(({ number }) => number)),
  };
}
