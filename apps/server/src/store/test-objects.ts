/** A small configuration, and edits of it, for the tests of the store. */
import {
  type Change,
  type ConfigObject,
  configObject,
  type ObjectOf,
  objectKey,
  type Person,
  type Place,
} from '@holdfast/protocol';

export function object(value: Record<string, unknown>): ConfigObject {
  return configObject.parse(value);
}

export const tenant = object({ objectType: 'Tenant', name: 'acme' });
export const north = object({ objectType: 'Switch', name: 'north', tenant: 'acme' });
export const south = object({ objectType: 'Switch', name: 'south', tenant: 'acme' });

export function dn(number: string, type = 'Extension', more: Record<string, unknown> = {}): ObjectOf<'DN'> {
  return object({ objectType: 'DN', number, switch: 'north', type, ...more }) as ObjectOf<'DN'>;
}

export function place(name: string, ...dns: string[]): Place {
  return object({ objectType: 'Place', name, tenant: 'acme', dns }) as Place;
}

export function login(code: string, switchName = 'north'): ConfigObject {
  return object({ objectType: 'AgentLogin', code, switch: switchName });
}

export function person(name: string, more: Record<string, unknown> = {}): Person {
  return object({ objectType: 'Person', name, tenant: 'acme', ...more }) as Person;
}

export const created = (...objects: ConfigObject[]): Change[] =>
  objects.map((after) => ({ key: objectKey(after), before: null, after }));
export const deleted = (...objects: ConfigObject[]): Change[] =>
  objects.map((before) => ({ key: objectKey(before), before, after: null }));
export const changed = (before: ConfigObject, after: ConfigObject): Change => ({
  key: objectKey(before),
  before,
  after,
});

/** Two switches, two phones at seats, two people. */
export const BASE: readonly ConfigObject[] = [
  tenant,
  north,
  south,
  dn('8000'),
  dn('8001'),
  dn('9000', 'ACDQueue'),
  dn('9999', 'Trunk', { options: { TServer: { contact: 'sip:gateway:5060' } } }),
  place('seat-1', '8000@north'),
  place('seat-2', '8001@north'),
  login('100'),
  login('101'),
  login('100', 'south'),
  person('kim', { agentLogins: ['100@north', '100@south'], defaultPlace: 'seat-1' }),
  person('lee', { agentLogins: ['101@north'] }),
  object({
    objectType: 'AgentGroup',
    name: 'sales',
    tenant: 'acme',
    members: ['kim', 'lee'],
    originationDNs: ['9000@north'],
  }),
];
