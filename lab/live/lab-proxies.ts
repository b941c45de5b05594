/**
 * Proxies in a generated world: two at each site, a pair at north and a cluster at south, so that both forms are found in one
 * run. Desks are connected to them, and to no Configuration Server.
 */
import type { Application, ConfigObject, Connection } from '@holdfast/protocol';
import type { LabTimes } from './times.ts';

/** Ports of the two at one site, the primary's of a pair first. */
export type ProxyPorts = readonly [number, number];

/** Both of a site, in the order of their ports. */
export function proxyNames(site: string): readonly [string, string] {
  return [`proxy-${site}`, `proxy-${site}-b`];
}

/** The site whose two are nodes of a cluster. */
const CLUSTERED = 'south';
const CLUSTER = `proxies-${CLUSTERED}`;

/** A proxy notices a silent Configuration Server after one to two of these. */
const FOLLOWER_ADDP_S = 2;

/** To what desks are connected in place of that Configuration Server. */
function inPlaceOf(server: string): string {
  const site = /^config-(\w+)$/.exec(server)?.[1];
  if (site === undefined) return server;
  return site === CLUSTERED ? CLUSTER : proxyNames(site)[0];
}

/** What such a world has of that object. */
export function withProxies(
  object: ConfigObject,
  { ports, times }: { readonly ports: readonly [ProxyPorts, ProxyPorts]; readonly times: LabTimes },
): readonly ConfigObject[] {
  if (object.objectType !== 'Application') return [object];
  if (object.type === 'Workspace' || object.type === 'ThirdPartyApplication')
    return [
      {
        ...object,
        connections: object.connections.map((one) => ({ ...one, server: inPlaceOf(one.server) })),
      },
    ];
  const site = /^config-(\w+)$/.exec(object.name)?.[1];
  if (site === undefined) return [object];
  return [object, ...proxiesBeside(object, site, { ports: ports[site === 'north' ? 0 : 1], times })];
}

function proxiesBeside(
  server: Application,
  site: string,
  { ports, times }: { readonly ports: ProxyPorts; readonly times: LabTimes },
): Application[] {
  const [first, second] = proxyNames(site);
  const toServers = ['config-north', 'config-south'].map((name) => connectionTo(name, FOLLOWER_ADDP_S));
  const proxy = (name: string, port: number): Application => ({
    ...server,
    ...{ name, type: 'ConfigurationServerProxy', ports: { default: port }, connections: toServers },
  });
  if (site !== CLUSTERED) {
    const isPair = { backup: second, reconnectTimeout: times.retryDelayS };
    return [{ ...proxy(first, ports[0]), ...isPair }, proxy(second, ports[1])];
  }
  const ofDesks = server.options['interaction-workspace'] ?? {};
  const retry = { 'warm-standby.retry-delay': String(times.retryDelayS) };
  const { host: _, ...cluster } = server;
  return [
    proxy(first, ports[0]),
    proxy(second, ports[1]),
    {
      ...cluster,
      ...{ name: CLUSTER, type: 'ApplicationCluster', ports: {} },
      connections: [first, second].map((name) => connectionTo(name, times.addpMs / 1000)),
      options: { ...server.options, 'interaction-workspace': { ...ofDesks, ...retry } },
    },
  ];
}

function connectionTo(server: string, timeout: number): Connection {
  return { server, port: 'default', addp: { timeout } };
}
