/** A log of edits for the tests of this folder, as a Configuration Server would write it, and people to edit. */
import { type Change, type ConfigObject, type Entry, objectKey, type Revision } from '@holdfast/protocol';

export function agent(name: string): Extract<ConfigObject, { objectType: 'Person' }> {
  return {
    objectType: 'Person',
    name,
    tenant: 'bank',
    rank: 'agent',
    agentLogins: [],
    enabled: true,
    options: {},
  };
}

export function group(name: string, members: string[]): ConfigObject {
  return {
    objectType: 'AgentGroup',
    name,
    tenant: 'bank',
    members,
    originationDNs: [],
    enabled: true,
    options: {},
  };
}

const common = { enabled: true, options: {} };

export function phone(number: string, switchName = 'north'): ConfigObject {
  return { objectType: 'DN', number, switch: switchName, type: 'Extension', ...common };
}

export function place(name: string, ...dns: string[]): ConfigObject {
  return { objectType: 'Place', name, tenant: 'bank', dns, ...common };
}

/** A tenant with two switches, eight phones and log-ins at each, and eight people at eight places in two groups. */
export function bank(): ConfigObject[] {
  const numbers = Array.from({ length: 8 }, (_, i) => String(7_001 + i));
  return [
    { objectType: 'Tenant', name: 'bank', ...common },
    ...['north', 'south'].flatMap((name): ConfigObject[] => [
      { objectType: 'Switch', name, tenant: 'bank', ...common },
      { objectType: 'DN', number: '8000', switch: name, type: 'ACDQueue', ...common },
      ...numbers.map((number) => phone(number, name)),
      ...numbers.map((code): ConfigObject => ({ objectType: 'AgentLogin', code, switch: name, ...common })),
    ]),
    ...numbers.map((number) => place(`place-${number}`, `${number}@north`, `${number}@south`)),
    ...numbers.map((number) => ({
      ...agent(`agent${number}`),
      agentLogins: [`${number}@north`, `${number}@south`],
      defaultPlace: `place-${number}`,
    })),
    group('sales', ['agent7001', 'agent7002', 'agent7003']),
    group('support', ['agent7003', 'agent7004']),
  ];
}

export interface EditTerms {
  readonly at: number;
  readonly who?: string;
  readonly epoch?: number;
}

export class LogOfEdits {
  readonly entries: Entry[] = [];
  #objects: Map<string, ConfigObject>;
  #revision: Revision;

  constructor(objects: readonly ConfigObject[], revision: Revision = { epoch: 1, number: 0 }) {
    this.#objects = new Map(objects.map((object) => [objectKey(object), object]));
    this.#revision = revision;
  }

  get objects(): ConfigObject[] {
    return [...this.#objects.values()].sort((a, b) => (objectKey(a) < objectKey(b) ? -1 : 1));
  }

  get revision(): Revision {
    return this.#revision;
  }

  get(key: string): ConfigObject | undefined {
    return this.#objects.get(key);
  }

  /** One entry: each object as it is to be, or the key of one that is to go. */
  edit(terms: EditTerms, ...edits: (ConfigObject | string)[]): void {
    const changes = edits.map((edit): Change => {
      const key = typeof edit === 'string' ? edit : objectKey(edit);
      return { key, before: this.get(key) ?? null, after: typeof edit === 'string' ? null : edit };
    });
    this.append(terms, changes);
  }

  append({ at, who = 'ada', epoch = this.#revision.epoch }: EditTerms, changes: Change[]): void {
    this.#revision = { epoch, number: this.#revision.number + 1 };
    this.entries.push({ revision: this.#revision, at, author: { who, from: 'test' }, changes });
    for (const { key, after } of changes)
      if (after === null) this.#objects.delete(key);
      else this.#objects.set(key, after);
  }
}
