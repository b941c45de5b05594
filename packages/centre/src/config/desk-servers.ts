/**
 * The servers that a desk's Application is connected to, site by site (DS3, DS5): pairs, clusters, and the SIP
 * Server pair whose Switch owns the Extension of the agent's seat.
 */
import { assert } from '@holdfast/kernel';
import {
  ADDP_TIMEOUT_S,
  type Application,
  type Connection,
  type LinkServers,
  OPTIONS,
  type Place,
} from '@holdfast/protocol';
import { type Configuration, splitReference } from './configuration.ts';
import { Refusal } from './desk-refusal.ts';
import { levelOf, type OptionLevel, optionValue, resolveOption, siteOf } from './option-resolution.ts';

/** A server that the desk's Application is connected to; a cluster stands for its own connections. */
export interface ConnectedServer {
  readonly server: Application;
  readonly connection: Connection;
  readonly site: string;
  /** The object that the connection names: the server, or its cluster. */
  readonly connectedTo: string;
  /** One of a cluster. */
  readonly isNode: boolean;
  /** DS5: whose `warm-standby.retry-delay` may override. */
  readonly pauseLevel: OptionLevel;
}

export function connectedServers(configuration: Configuration, application: Application): ConnectedServer[] {
  const servers: ConnectedServer[] = [];
  for (const connection of application.connections) {
    const server = configuration.get('Application', connection.server);
    const site = server === undefined ? undefined : siteOf(server);
    if (server === undefined || !server.enabled || site === undefined) continue;
    const shared = {
      site,
      connectedTo: server.name,
      pauseLevel: levelOf(`Application/${server.name}`, server),
    };
    if (server.type !== 'ApplicationCluster') {
      servers.push({ server, connection, isNode: false, ...shared });
      continue;
    }
    for (const node of server.connections) {
      const member = configuration.get('Application', node.server);
      if (member?.enabled) servers.push({ server: member, connection: node, isNode: true, ...shared });
    }
  }
  return servers;
}

/** A SIP Server pair at one site that owns an Extension of the agent's seat. */
export interface SeatPair extends ConnectedServer {
  readonly dn: string;
  /** The Place that has it. */
  readonly place: Place;
}

/**
 * DS3: by `disaster-recovery.name`, the pairs of a site whose Switch owns an Extension of the seat. The seat is one
 * Place, or one for each site (DS21).
 */
export function pairsAt(
  configuration: Configuration,
  servers: readonly ConnectedServer[],
  seat: readonly Place[],
  site: string,
): Map<string, SeatPair> {
  const pairs = new Map<string, SeatPair>();
  for (const candidate of servers) {
    const { server } = candidate;
    if (candidate.site !== site || server.type !== 'SIPServer') continue;
    const extensions = seat.flatMap((place) =>
      place.dns
        .filter((reference) => isExtensionOf(configuration, reference, server))
        .map((dn) => ({ place, dn })),
    );
    const [extension, second] = extensions;
    if (extension === undefined) continue;
    if (second !== undefined)
      throw new Refusal(
        `${seatName(seat)} has ${extensions.length} Extensions of Switch "${server.switch}" (${extensions.map(({ dn }) => dn).join(', ')}). Leave one.`,
      );
    const group = OPTIONS['interaction-workspace']['disaster-recovery.name'];
    const name = optionValue(group, [candidate.pauseLevel]);
    const other = pairs.get(name);
    if (other !== undefined && other.server.name !== server.name)
      throw new Refusal(
        `Site "${site}" has two SIP Servers "${other.server.name}" and "${server.name}" of the group "${name}" for ${seatName(seat)}. Give the groups different names.`,
      );
    pairs.set(name, { ...candidate, dn: splitReference(extension.dn).number, place: extension.place });
  }
  return pairs;
}

export function seatName(seat: readonly Place[]): string {
  return seat.map(({ name }) => `Place "${name}"`).join(' and ');
}

function isExtensionOf(configuration: Configuration, reference: string, server: Application): boolean {
  const dn = configuration.get('DN', reference);
  return dn?.enabled === true && dn.type === 'Extension' && dn.switch === server.switch;
}

/** One link's servers at one site: a pair, or the nodes of a cluster (DS5). */
export function linkServers(
  configuration: Configuration,
  connected: readonly ConnectedServer[],
  levels: readonly OptionLevel[],
): LinkServers {
  const [first] = connected;
  const { timeout = ADDP_TIMEOUT_S.default, remoteTimeout } = first?.connection.addp ?? {};
  return {
    form: first?.isNode === true ? 'cluster' : 'pair',
    members: connected.flatMap((one) => membersOf(configuration, one)),
    addpTimeoutMs: Math.round(1000 * timeout),
    ...(remoteTimeout === undefined ? {} : { addpRemoteTimeoutMs: Math.round(1000 * remoteTimeout) }),
    ...reconnectPause(first, levels),
  };
}

/** Primary first. */
function membersOf(configuration: Configuration, { server, connection }: ConnectedServer) {
  const members = [];
  for (const application of [
    server,
    server.backup === undefined ? undefined : configuration.get('Application', server.backup),
  ]) {
    const host = application?.host === undefined ? undefined : configuration.get('Host', application.host);
    const port = application?.ports[connection.port];
    if (application?.enabled && host !== undefined && port !== undefined)
      members.push({ application: application.name, host: host.address, port });
  }
  return members;
}

/** S0: the pair's own reconnect timeout; without a backup the server's option may override the desk's. */
function reconnectPause(
  connected: ConnectedServer | undefined,
  levels: readonly OptionLevel[],
): Pick<LinkServers, 'reconnectPauseMs' | 'reconnectPauseSource'> {
  const { name, backup, reconnectTimeout } = connected?.server ?? {};
  if (backup !== undefined && reconnectTimeout !== undefined)
    return { reconnectPauseMs: reconnectTimeout * 1000, reconnectPauseSource: `Application/${name}` };
  const own = connected === undefined || backup !== undefined ? [] : [connected.pauseLevel];
  const definition = OPTIONS['interaction-workspace']['warm-standby.retry-delay'];
  const resolved = resolveOption(definition, [...own, ...levels]);
  assert(resolved !== undefined, 'the option has a default');
  const { value, source } = resolved;
  // Where nobody has set it, the desk goes by the Timeout of its bootstrap file (DS5), and so has to know.
  return {
    reconnectPauseMs: value * 1000,
    ...(source === 'default' ? {} : { reconnectPauseSource: source }),
  };
}
