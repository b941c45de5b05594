/**
 * Every option that this release acts on: what it may be, where it may stand, when a change takes effect, what
 * it means and who acts on it. Nothing is silent: a value outside its range is refused when the configuration
 * is loaded, an option at a place where nobody reads it likewise, and an option that is not listed here is
 * named as one that nobody acts on.
 *
 * Names are the field's (S0–S4 and the SIP Server manual). What is ours stands in the section `holdfast`.
 */
import type { ApplicationType, DN_TYPES } from './config-objects.ts';

/** Where an option may stand. */
export type OptionPlace =
  | 'Tenant'
  | 'AgentGroup'
  | 'Person'
  | 'Place'
  | 'AgentLogin'
  | `Application:${ApplicationType}`
  | `DN:${(typeof DN_TYPES)[number]}`;

export type OptionKind =
  | { readonly type: 'boolean' }
  | { readonly type: 'integer'; readonly min: number; readonly max: number; readonly unit: 's' | 'ms' | '' }
  | { readonly type: 'choice'; readonly values: readonly string[] }
  /** `allowed` says in words what `pattern` demands. */
  | { readonly type: 'text'; readonly pattern: RegExp; readonly allowed: string };

export interface OptionDefinition {
  readonly section: string;
  readonly name: string;
  readonly kind: OptionKind;
  /** In the form in which it is configured; undefined when there is none. */
  readonly default: string | undefined;
  readonly setOn: readonly OptionPlace[];
  readonly takesEffect:
    | 'when the desk starts'
    | 'when the server starts'
    | 'immediately'
    | 'at the next call'
    | 'at the next log-in';
  readonly meaning: string;
  /** Where name, range and default come from. */
  readonly source: string;
  /** The part of the product that acts on it. */
  readonly actsOn: string;
}

const DESK = ['Application:Workspace', 'Tenant', 'AgentGroup', 'Person'] as const;
const SERVERS = [
  'Application:SIPServer',
  'Application:ConfigurationServer',
  'Application:ConfigurationServerProxy',
  'Application:StatServer',
  'Application:ApplicationCluster',
  'Application:Supervisor',
] as const;
const SIP_SERVER = ['Application:SIPServer'] as const;
const BOOLEAN = { type: 'boolean' } as const;
const SITE_NAME = {
  type: 'text',
  pattern: /^[\p{L}\p{N}_][\p{L}\p{N}_@ -]{0,63}$/u,
  allowed: '1 to 64 letters, digits, _ @ - or spaces',
} as const;
const DN_NUMBER = {
  type: 'text',
  pattern: /^[A-Za-z0-9*#+._-]{1,64}$/,
  allowed: 'the number of a DN of the same switch',
} as const;
const OURS = 'ours';

function seconds(min: number, max: number) {
  return { type: 'integer', min, max, unit: 's' } as const;
}

function milliseconds(min: number, max: number) {
  return { type: 'integer', min, max, unit: 'ms' } as const;
}

function define<const Definitions extends Record<string, Omit<OptionDefinition, 'section' | 'name'>>>(
  section: string,
  definitions: Definitions,
): { readonly [Name in keyof Definitions]: OptionDefinition & { kind: Definitions[Name]['kind'] } } {
  const entries = Object.entries(definitions).map(([name, definition]) => [
    name,
    { section, name, ...definition },
  ]);
  return Object.fromEntries(entries) as never;
}

/** Section `interaction-workspace`: business continuity of the desk (S0, S1). */
const workspace = define('interaction-workspace', {
  'disaster-recovery.enabled': {
    kind: BOOLEAN,
    default: 'false',
    setOn: DESK,
    takesEffect: 'when the desk starts',
    meaning: 'Turns business continuity on. While false no link of the desk leaves its site (DS2).',
    source: 'S0, Workspace options reference',
    actsOn: 'desk site choice',
  },
  'disaster-recovery.preferred-site': {
    kind: SITE_NAME,
    default: undefined,
    setOn: DESK,
    takesEffect: 'when the desk starts',
    meaning: 'Site at which the agent works while it lives. Unset: agents are spread evenly (DS4).',
    source: 'S0, S1',
    actsOn: 'desk site choice',
  },
  'disaster-recovery.peer-site': {
    kind: SITE_NAME,
    default: undefined,
    setOn: DESK,
    takesEffect: 'when the desk starts',
    meaning: 'Site to which the agent goes. Unset: the only other site of the desk application.',
    source: 'S0, S1',
    actsOn: 'desk site choice',
  },
  'disaster-recovery.site': {
    kind: SITE_NAME,
    default: undefined,
    setOn: SERVERS,
    takesEffect: 'when the server starts',
    meaning: 'The site of this server.',
    source: 'S0, S1',
    actsOn: 'desk server choice, supervisor',
  },
  'disaster-recovery.name': {
    kind: SITE_NAME,
    default: 'default',
    setOn: SIP_SERVER,
    takesEffect: 'when the desk starts',
    meaning: 'The group of four SIP Servers: two pairs with one name and different sites are peers (DS3).',
    source: 'S0, Workspace options reference',
    actsOn: 'desk server choice',
  },
  'disaster-recovery.timeout': {
    kind: seconds(1, 86_400),
    default: '60',
    setOn: DESK,
    takesEffect: 'when the desk starts',
    meaning: 'How long a link is off without a break before it goes to the other site (DS8).',
    source: 'S0, S1, Workspace options reference',
    actsOn: 'desk site choice',
  },
  'disaster-recovery.wait-for-sipphone-timeout': {
    kind: seconds(1, 86_400),
    default: '30',
    setOn: DESK,
    takesEffect: 'when the desk starts',
    meaning: 'How long the desk waits for its phone to come back before it changes the site (DS8).',
    source: 'S0, S1; default Workspace options reference',
    actsOn: 'desk site choice',
  },
  'disaster-recovery.auto-restore': {
    kind: BOOLEAN,
    default: 'true',
    setOn: DESK,
    takesEffect: 'when the desk starts',
    meaning: 'The voice link returns to the preferred site when that is available again (DS15).',
    source: 'S0, S1; default Workspace options reference',
    actsOn: 'desk site choice',
  },
  'disaster-recovery.restore-agent-state': {
    kind: BOOLEAN,
    default: 'false',
    setOn: DESK,
    takesEffect: 'when the desk starts',
    meaning: 'After a change of site the last state is set again; else the agent is NotReady (DS13).',
    source: 'S0; default Workspace options reference',
    actsOn: 'desk log-in',
  },
  'warm-standby.retry-delay': {
    kind: seconds(1, 3_600),
    default: '10',
    setOn: [...DESK, ...SERVERS],
    takesEffect: 'when the desk starts',
    meaning: 'Pause after every member of a link has failed, before the next round (DS5).',
    source: 'Workspace options reference',
    actsOn: 'desk links',
  },
  'warm-standby.reconnection-random-delay-range': {
    kind: seconds(1, 3_600),
    default: '2',
    setOn: DESK,
    takesEffect: 'when the desk starts',
    meaning: 'Upper bound of the random wait before the first attempt to reconnect.',
    source: 'Workspace options reference',
    actsOn: 'desk links',
  },
});

/** Section `TServer`: what a SIP Server works by. */
const tServer = define('TServer', {
  'sip-address': {
    kind: { type: 'text', pattern: /^[A-Za-z0-9.:_-]{1,253}$/, allowed: 'an IP address or a host name' },
    default: undefined,
    setOn: SIP_SERVER,
    takesEffect: 'when the server starts',
    meaning: 'Address for SIP. Unset: the address of the Host.',
    source: 'SIP Server options reference',
    actsOn: 'SIP Server',
  },
  'sip-port': {
    kind: { type: 'integer', min: 1, max: 65_535, unit: '' },
    default: '5060',
    setOn: SIP_SERVER,
    takesEffect: 'when the server starts',
    meaning: 'UDP and TCP port for SIP.',
    source: 'SIP Server options reference',
    actsOn: 'SIP Server',
  },
  'wrap-up-time': {
    kind: seconds(0, 86_400),
    default: '0',
    setOn: [...SIP_SERVER, 'AgentLogin'],
    takesEffect: 'immediately',
    meaning:
      'After-call work after a business call; 0 is none; the value of untimed-wrap-up-value is untimed.',
    source: 'SIP Server options reference',
    actsOn: 'agent state',
  },
  'untimed-wrap-up-value': {
    kind: seconds(1, 86_400),
    default: '1000',
    setOn: SIP_SERVER,
    takesEffect: 'immediately',
    meaning: 'The value of wrap-up-time that means untimed.',
    source: 'SIP Server options reference',
    actsOn: 'agent state',
  },
  'no-answer-timeout': {
    kind: seconds(1, 600),
    default: '15',
    setOn: [...SIP_SERVER, 'DN:ACDQueue'],
    takesEffect: 'at the next call',
    meaning:
      'How long an agent is rung before the call is offered to the next. The queue goes before the server.',
    source: 'SIP Server manual (name); default ours',
    actsOn: 'ACD',
  },
  'no-answer-action': {
    kind: { type: 'choice', values: ['none', 'notready'] },
    default: 'notready',
    setOn: [...SIP_SERVER, 'DN:ACDQueue'],
    takesEffect: 'at the next call',
    meaning: 'What becomes of an agent who does not answer. The queue goes before the server.',
    source: 'SIP Server manual (name); default ours',
    actsOn: 'ACD',
  },
  'registrar-default-timeout': {
    kind: seconds(1, 86_400),
    default: '1800',
    setOn: SIP_SERVER,
    takesEffect: 'immediately',
    meaning: 'Expiry of a registration that asks for none.',
    source: 'SIP Server options reference',
    actsOn: 'registrar',
  },
  contact: {
    kind: {
      type: 'text',
      pattern: /^sip:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(:\d{1,5})?(;transport=(udp|tcp))?$/i,
      allowed: 'sip:host[:port][;transport=udp|tcp]',
    },
    default: undefined,
    setOn: ['DN:Trunk'],
    takesEffect: 'at the next call',
    meaning: 'Where the gateway behind the trunk is; its calls come from that address.',
    source: 'SIP Server options reference',
    actsOn: 'trunks',
  },
});

/** Section `holdfast`: ours. */
const holdfast = define('holdfast', {
  realm: {
    kind: {
      type: 'text',
      pattern: /^[A-Za-z0-9.@_-]{1,255}$/,
      allowed: '1 to 255 letters, digits or . @ _ -',
    },
    default: 'holdfast',
    setOn: ['Tenant'],
    takesEffect: 'when the server starts',
    meaning: 'Digest realm of all SIP Servers (PH4). All digests of the DNs are made with it.',
    source: OURS,
    actsOn: 'registrar',
  },
  'registration-scheme': {
    kind: { type: 'choice', values: ['single', 'dual', 'active-backup', 'fixed'] },
    default: 'active-backup',
    setOn: ['Place'],
    takesEffect: 'at the next log-in',
    meaning:
      'How the phone of this place registers (PH1); the phone itself does it, robots and checks go by it.',
    source: OURS,
    actsOn: 'robot phones, validation',
  },
  'registrar-min-timeout': {
    kind: seconds(1, 3_600),
    default: '10',
    setOn: SIP_SERVER,
    takesEffect: 'immediately',
    meaning: 'Shorter registrations are refused with 423 (RFC 3261 §10.3).',
    source: OURS,
    actsOn: 'registrar',
  },
  'registrar-max-timeout': {
    kind: seconds(1, 86_400),
    default: '3600',
    setOn: SIP_SERVER,
    takesEffect: 'immediately',
    meaning: 'Longer registrations are shortened to this.',
    source: OURS,
    actsOn: 'registrar',
  },
  'stamp-period': {
    kind: milliseconds(50, 60_000),
    default: '2000',
    setOn: SIP_SERVER,
    takesEffect: 'when the server starts',
    meaning: 'How often those logged in get a stamp (LL5).',
    source: OURS,
    actsOn: 'login lease',
  },
  'lease-length': {
    kind: milliseconds(200, 600_000),
    default: '8000',
    setOn: SIP_SERVER,
    takesEffect: 'when the server starts',
    meaning: 'How long a login lease lasts from its stamp (LL5): at least two stamp periods.',
    source: OURS,
    actsOn: 'login lease',
  },
  'digest-algorithms': {
    kind: { type: 'choice', values: ['sha-256-then-md5', 'sha-256', 'md5'] },
    default: 'sha-256-then-md5',
    setOn: ['Application:SIPServer', 'DN:Extension'],
    takesEffect: 'immediately',
    meaning:
      'Digest algorithms that a phone may use and is offered, in this order (PH4). md5 is for phones that give up at an algorithm that they do not know.',
    source: OURS,
    actsOn: 'registrar, calls',
  },
  music: {
    kind: {
      type: 'text',
      pattern: /^.{1,1024}$/,
      allowed: 'the path of a WAV file: PCM, 16 bit, one channel, 8000 samples a second',
    },
    default: undefined,
    setOn: SIP_SERVER,
    takesEffect: 'when the server starts',
    meaning: 'What waiting callers hear where the treatment is music. Unset: music that the project makes.',
    source: OURS,
    actsOn: 'announcer',
  },
  'ringing-max': {
    kind: seconds(5, 3_600),
    default: '180',
    setOn: SIP_SERVER,
    takesEffect: 'at the next call',
    meaning: 'A call that rings longer than this anywhere is given up (RFC 3261 §16.6, Timer C).',
    source: OURS,
    actsOn: 'calls',
  },
  'waiting-max': {
    kind: { type: 'integer', min: 0, max: 100_000, unit: '' },
    default: '1000',
    setOn: ['DN:ACDQueue'],
    takesEffect: 'at the next call',
    meaning: 'Callers that may wait in the queue; one more goes to overflow-dn, or is refused without one.',
    source: OURS,
    actsOn: 'ACD',
  },
  'wait-max': {
    kind: seconds(1, 86_400),
    default: undefined,
    setOn: ['DN:ACDQueue'],
    takesEffect: 'at the next call',
    meaning: 'Longest wait before the caller goes to overflow-dn. Unset: no limit.',
    source: OURS,
    actsOn: 'ACD',
  },
  'overflow-dn': {
    kind: DN_NUMBER,
    default: undefined,
    setOn: ['DN:ACDQueue'],
    takesEffect: 'at the next call',
    meaning: 'Where a caller goes for whom the queue is full or who has waited too long.',
    source: OURS,
    actsOn: 'ACD',
  },
  treatment: {
    kind: { type: 'choice', values: ['ringback', 'music', 'tone'] },
    default: 'music',
    setOn: ['DN:ACDQueue'],
    takesEffect: 'at the next call',
    meaning: 'What a waiting caller hears.',
    source: OURS,
    actsOn: 'announcer',
  },
  priority: {
    kind: { type: 'integer', min: 0, max: 1_000, unit: '' },
    default: '0',
    setOn: ['DN:ACDQueue'],
    takesEffect: 'at the next call',
    meaning: 'Priority of calls that carry none; the higher is served first.',
    source: OURS,
    actsOn: 'ACD',
  },
  'route-to': {
    kind: DN_NUMBER,
    default: undefined,
    setOn: ['DN:RoutingPoint'],
    takesEffect: 'at the next call',
    meaning: 'Where the routing point sends every call.',
    source: OURS,
    actsOn: 'routing',
  },
  'token-life': {
    kind: seconds(60, 43_200),
    default: '43200',
    setOn: ['Application:ConfigurationServer', 'Application:ConfigurationServerProxy'],
    takesEffect: 'at the next log-in',
    meaning: 'How long a log-in token is good for, at both sites.',
    source: OURS,
    actsOn: 'Configuration Server',
  },
  'restarts-max': {
    kind: { type: 'integer', min: 0, max: 1_000, unit: '' },
    default: '10',
    setOn: ['Application:Supervisor'],
    takesEffect: 'when the server starts',
    meaning:
      'Restarts of one process within ten minutes; with one more it is left down and an error is logged.',
    source: OURS,
    actsOn: 'supervisor',
  },
});

export const OPTIONS = { 'interaction-workspace': workspace, TServer: tServer, holdfast } as const;
export const OPTION_LIST: readonly OptionDefinition[] = Object.values(OPTIONS).flatMap(
  (section) => Object.values(section) as OptionDefinition[],
);

const BY_FULL_NAME = new Map(OPTION_LIST.map((definition) => [optionName(definition), definition]));

/** `interaction-workspace/disaster-recovery.timeout`. */
export function optionName(definition: Pick<OptionDefinition, 'section' | 'name'>): string {
  return `${definition.section}/${definition.name}`;
}

export function findOption(section: string, name: string): OptionDefinition | undefined {
  return BY_FULL_NAME.get(`${section}/${name}`);
}
