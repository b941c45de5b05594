/**
 * What a SIP Server works by, read from configuration objects: the options stand on the objects as an administrator
 * sets them, so that a test goes the whole way from an option to what is said on the wire. Numbers and people are
 * those of `configurationOf`.
 */
import { makeConfiguration } from '@holdfast/centre';
import { type ConfigObject, type DN, type OptionSections, objectKey } from '@holdfast/protocol';
import type { SipServerConfiguration } from '../configuration.ts';
import { readSipServerConfiguration, type SipAddress } from '../read-configuration.ts';
import { extension, GATEWAY, REALM, SERVER } from './server-site.ts';

const SWITCH = 'switch-north';
const PEOPLE = ['ada', 'bob', 'cyd', 'dan'];
const SERVER_KEY = 'Application/sip-north';

/** Options by `type/name`; `{ server: … }` is short for those of the SIP Server. */
export interface SetOptions {
  readonly server?: OptionSections;
  readonly [key: string]: OptionSections | undefined;
}

export function readConfigured(options: SetOptions = {}): {
  readonly configuration: SipServerConfiguration;
  readonly sip: SipAddress;
} {
  const { server, ...others } = options;
  const set = new Map(
    Object.entries({ ...others, ...(server === undefined ? {} : { [SERVER_KEY]: server }) }),
  );
  const objects = OBJECTS.map((object) => {
    const key = objectKey(object);
    const sections = set.get(key);
    set.delete(key);
    if (sections === undefined) return object;
    const merged = { ...object.options };
    for (const [section, values] of Object.entries(sections))
      merged[section] = { ...merged[section], ...values };
    return { ...object, options: merged };
  });
  if (set.size > 0) throw new Error(`no object ${[...set.keys()].join(', ')}`);
  const read = readSipServerConfiguration(
    makeConfiguration(objects, (text) => String(text.length)),
    'sip-north',
  );
  if (!read.ok) throw new Error(read.text);
  return read;
}

export function configured(options?: SetOptions): SipServerConfiguration {
  return readConfigured(options).configuration;
}

const base = { enabled: true, options: {} } as const;

function dn(number: string, type: DN['type'], more: Partial<DN> = {}): DN {
  return { objectType: 'DN', ...base, switch: SWITCH, number, type, ...more };
}

const OBJECTS: readonly ConfigObject[] = [
  { objectType: 'Tenant', ...base, name: 'bank', options: { holdfast: { realm: REALM } } },
  { objectType: 'Host', ...base, name: 'north-host', address: SERVER },
  { objectType: 'Switch', ...base, name: SWITCH, tenant: 'bank' },
  {
    objectType: 'Application',
    ...base,
    name: 'sip-north',
    type: 'SIPServer',
    host: 'north-host',
    switch: SWITCH,
    ports: { default: 5111 },
    connections: [],
    options: { 'interaction-workspace': { 'disaster-recovery.site': 'north' } },
  },
  {
    objectType: 'Keys',
    ...base,
    name: 'keys',
    tokenKeys: [{ id: 'k1', publicKey: 'A'.repeat(43), privateKey: 'B'.repeat(43) }],
    nonceKeys: ['ab'.repeat(16)],
  },
  ...['7001', '7002', '7003', '7004'].map((number) => {
    const { md5 = '', sha256 = '' } = extension(number).credentials ?? {};
    return dn(number, 'Extension', { digest: { realm: REALM, md5, sha256 } });
  }),
  dn('8000', 'ACDQueue'),
  dn('8001', 'ACDQueue', { options: { holdfast: { treatment: 'ringback' } } }),
  dn('8900', 'RoutingPoint', { options: { holdfast: { 'route-to': '8000' } } }),
  dn('8800', 'CallProcessingPort'),
  dn('9000', 'Trunk', { options: { TServer: { contact: `sip:${GATEWAY}` } } }),
  dn('9001', 'Trunk', { options: { TServer: { contact: 'sip:10.0.9.2' } } }),
  ...PEOPLE.map((name, i): ConfigObject => {
    const agentLogins = [`100${i + 1}@${SWITCH}`];
    return { objectType: 'Person', ...base, name, tenant: 'bank', rank: 'agent', agentLogins };
  }),
  { objectType: 'Person', ...base, name: 'sue', tenant: 'bank', rank: 'supervisor', agentLogins: [] },
  { objectType: 'Person', ...base, name: 'max', tenant: 'bank', rank: 'administrator', agentLogins: [] },
  ...PEOPLE.map((_, i): ConfigObject => {
    return { objectType: 'AgentLogin', ...base, code: `100${i + 1}`, switch: SWITCH };
  }),
];
