/**
 * The properties of an Application and of its connections that decide how links behave. They are fields of the object
 * and no options, as administrators know them; the schema in config-objects holds their ranges.
 */
import { ADDP_TIMEOUT_S, RECONNECT_TIMEOUT_S } from '../config-objects.ts';
import type { OptionDefinition } from './option-definition.ts';

export interface PropertyDefinition
  extends Pick<OptionDefinition, 'default' | 'takesEffect' | 'meaning' | 'source' | 'actsOn'> {
  /** A connection is one of the list `connections` of an Application. */
  readonly owner: 'connection' | 'application';
  readonly name: string;
  /** In words. */
  readonly allowed: string;
  /** Of which Applications. */
  readonly of: string;
}

const DESKTOPS = 'Workspace, ThirdPartyApplication';
const SERVERS = 'ConfigurationServer, SIPServer, StatServer';
const ADDP = `a number from ${ADDP_TIMEOUT_S.min} to ${ADDP_TIMEOUT_S.max} (s)`;

/** A connection that stands is kept until it is lost, also to a server that is named no more (DS24). */
const AT_NEXT_CONNECTION = 'at the next connection';

export const PROPERTIES: readonly PropertyDefinition[] = [
  {
    owner: 'connection',
    name: 'server',
    allowed: 'the name of a server or of an ApplicationCluster',
    default: undefined,
    of: `${DESKTOPS}, StatServer, ApplicationCluster`,
    takesEffect: AT_NEXT_CONNECTION,
    meaning:
      'The primary of a pair, or the cluster, that this application uses. Its site is that of the server (DS3). SIP and Stat Servers find the Configuration Servers by their command line.',
    source: 'S0, S3',
    actsOn: 'desk server choice, Stat Server',
  },
  {
    owner: 'connection',
    name: 'port',
    allowed: 'the id of a port of that server',
    default: 'default',
    of: `${DESKTOPS}, StatServer, ApplicationCluster`,
    takesEffect: AT_NEXT_CONNECTION,
    meaning: 'Which of the ports of the server is connected to.',
    source: 'S0',
    actsOn: 'desk links, Stat Server',
  },
  {
    owner: 'connection',
    name: 'addp.timeout',
    allowed: ADDP,
    default: String(ADDP_TIMEOUT_S.default),
    of: `${DESKTOPS}, SIPServer, StatServer, ApplicationCluster`,
    takesEffect: 'immediately',
    meaning:
      'Silence after which this end asks whether the server is there; after as much again the link is lost (LH3). S3 advises 20 to 30 for the link of a third-party desktop to its SIP Server. A server has 10 on its link to a Configuration Server until it has read its own Application.',
    source: 'S3; default ours',
    actsOn: 'desk links, links of servers',
  },
  {
    owner: 'connection',
    name: 'addp.remoteTimeout',
    allowed: ADDP,
    default: undefined,
    of: `${DESKTOPS}, SIPServer, StatServer, ApplicationCluster`,
    takesEffect: AT_NEXT_CONNECTION,
    meaning:
      'The same, as the server asks for its client, who tells it when a connection is opened. Unset: as addp.timeout.',
    source: 'S3',
    actsOn: 'desk links, links of servers',
  },
  {
    owner: 'application',
    name: 'reconnectTimeout',
    allowed: `a whole number from ${RECONNECT_TIMEOUT_S.min} to ${RECONNECT_TIMEOUT_S.max} (s)`,
    default: undefined,
    of: SERVERS,
    takesEffect: 'immediately',
    meaning:
      'Set on the primary of a pair: pause of a client after both members have failed (DS5). It goes before warm-standby.retry-delay, which holds where there is no backup.',
    source: 'S0, Workspace options reference',
    actsOn: 'desk links, Stat Server',
  },
  {
    owner: 'application',
    name: 'backup',
    allowed: 'the name of another Application of the same type',
    default: undefined,
    of: SERVERS,
    takesEffect: AT_NEXT_CONNECTION,
    meaning:
      'The second member of the pair: clients try it when the primary fails (DS5). The supervisor starts both SIP Servers of a pair on one Host, of which one at a time serves (PR7); a pair of proxies, and one of Configuration Servers over PostgreSQL, serve side by side (CX8); the backup of a Stat Server is not started in this release.',
    source: 'S0',
    actsOn: 'desk links, Stat Server',
  },
  {
    owner: 'application',
    name: 'ports',
    allowed: 'whole numbers from 1 to 65535 by port id',
    default: undefined,
    of: SERVERS,
    takesEffect: 'when the server starts',
    meaning:
      'Where the server takes its clients; `default` is needed. Of a SIP Server with a backup also `pair`, where that connects to it (CF23). `health`, where it is set, answers readiness and figures over HTTP to whoever asks (HR1 to HR4). Of a Configuration Server or a proxy of it `rest`: reading, editing and following the configuration over HTTP (RE1 to RE13).',
    source: 'S0',
    actsOn: 'desk links, servers',
  },
  {
    owner: 'application',
    name: 'host',
    allowed: 'the name of a Host',
    default: undefined,
    of: SERVERS,
    takesEffect: 'when the server starts',
    meaning: 'The machine, whose address clients are told.',
    source: 'S0',
    actsOn: 'desk links, servers',
  },
  {
    owner: 'application',
    name: 'switch',
    allowed: 'the name of a Switch',
    default: undefined,
    of: 'SIPServer',
    takesEffect: 'when the server starts',
    meaning:
      'The Switch that the SIP Server controls, and so whose phones, queues and Agent Logins are its own (DS3).',
    source: 'S2',
    actsOn: 'SIP Server, desk server choice',
  },
];

/** `connection/addp.timeout`. */
export function propertyName({ owner, name }: Pick<PropertyDefinition, 'owner' | 'name'>): string {
  return `${owner}/${name}`;
}
