/**
 * What an object of the configuration refers to by name: read by who checks that it exists (CF3), and by the store, which
 * holds every reference as a row of its own, so that the database itself refuses one that leads nowhere (CD4).
 */
import type { ConfigObject, ObjectType } from '@holdfast/protocol';

export interface Reference {
  /** Where it stands: `dns.1`, `holdfast/overflow-dn`. */
  readonly field: string;
  /** What stands there. */
  readonly value: string;
  readonly type: ObjectType;
  /** Of the object that is meant, as `nameOf` gives it. */
  readonly name: string;
}

/** Options of a DN that name another DN of the same Switch. */
export const DN_OPTIONS = ['overflow-dn', 'route-to'] as const;

/** In the order of the fields; what a list names twice is there twice. */
export function referencesOf(object: ConfigObject): Reference[] {
  const found: Reference[] = [];
  const one = (type: ObjectType, field: string, value: string | undefined, name = value) => {
    if (value !== undefined && name !== undefined) found.push({ field, value, type, name });
  };
  const each = (type: ObjectType, field: string, values: readonly string[]) => {
    for (const [i, value] of values.entries()) one(type, `${field}.${i}`, value);
  };
  if ('tenant' in object) one('Tenant', 'tenant', object.tenant);
  if ('switch' in object) one('Switch', 'switch', object.switch);
  switch (object.objectType) {
    case 'Application':
      one('Host', 'host', object.host);
      one('Application', 'backup', object.backup);
      for (const [i, { server }] of object.connections.entries())
        one('Application', `connections.${i}.server`, server);
      break;
    case 'Place':
      each('DN', 'dns', object.dns);
      break;
    case 'Person':
      each('AgentLogin', 'agentLogins', object.agentLogins);
      one('Place', 'defaultPlace', object.defaultPlace);
      break;
    case 'AgentGroup':
      each('Person', 'members', object.members);
      each('DN', 'originationDNs', object.originationDNs);
      break;
    case 'DN':
      for (const option of DN_OPTIONS) {
        const number = object.options.holdfast?.[option];
        one(
          'DN',
          `holdfast/${option}`,
          number,
          number === undefined ? undefined : `${number}@${object.switch}`,
        );
      }
      break;
    default:
      break;
  }
  return found;
}
