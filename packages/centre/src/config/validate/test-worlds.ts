/** Worlds for the tests of the validator: a good one, changed in one thing, and what is expected to be said of it. */
import {
  type Application,
  type Change,
  type ConfigObject,
  configObject,
  type DN,
  objectKey,
  type Person,
  type Place,
} from '@holdfast/protocol';
import { expect } from 'vitest';
import { type Configuration, makeConfiguration } from '../configuration.ts';
import { type GenerateRequest, generateConfiguration } from '../generate-configuration.ts';
import { REQUEST, sha256 } from '../test-configuration.ts';
import { type Finding, findingKey, type RuleId, withOption } from './finding.ts';
import type { Question } from './question.ts';
import { ruleOf } from './rules.ts';
import { validate } from './validate.ts';

export type Objects = readonly ConfigObject[];

export function generated(change: Partial<GenerateRequest> = {}): Objects {
  return generateConfiguration({ ...REQUEST, isForwarding: true, ...change }).objects;
}

/** A pair of SIP Servers at each site. */
export function withPairs(change: Partial<GenerateRequest> = {}): Objects {
  const [north, south] = REQUEST.sites;
  return generated({
    ...change,
    sites: [
      { ...north, standby: { clientPort: 5_113, pairPort: 5_114 } },
      { ...south, standby: { clientPort: 5_213, pairPort: 5_214 } },
    ],
  });
}

/** The object of that key, changed. */
export function edited<Kind extends ConfigObject>(
  objects: Objects,
  key: string,
  change: (object: Kind) => Kind,
): Objects {
  if (!objects.some((object) => objectKey(object) === key)) throw new Error(`no ${key}`);
  return objects.map((object) => (objectKey(object) === key ? change(object as Kind) : object));
}

export function application(objects: Objects, name: string, change: Partial<Application>): Objects {
  return edited<Application>(objects, `Application/${name}`, (one) => ({ ...one, ...change }));
}

export function person(objects: Objects, name: string, change: Partial<Person>): Objects {
  return edited<Person>(objects, `Person/${name}`, (one) => ({ ...one, ...change }));
}

export function dn(objects: Objects, name: string, change: Partial<DN>): Objects {
  return edited<DN>(objects, `DN/${name}`, (one) => ({ ...one, ...change }));
}

export function place(objects: Objects, name: string, change: Partial<Place>): Objects {
  return edited<Place>(objects, `Place/${name}`, (one) => ({ ...one, ...change }));
}

/** `TServer/sip-port`; undefined removes it. */
export function option(objects: Objects, key: string, field: string, value: string | undefined): Objects {
  const at = field.indexOf('/');
  return edited(objects, key, (one) => withOption(one, field.slice(0, at), field.slice(at + 1), value));
}

export function without(objects: Objects, ...keys: readonly string[]): Objects {
  return objects.filter((object) => !keys.includes(objectKey(object)));
}

/** A copy of an object with other fields: another one beside it. */
export function copied<Kind extends ConfigObject>(
  objects: Objects,
  key: string,
  change: Partial<Kind>,
): Objects {
  const found = objects.find((object) => objectKey(object) === key);
  if (found === undefined) throw new Error(`no ${key}`);
  return [...objects, { ...found, ...change } as ConfigObject];
}

/** The connection of an Application to a server, changed; null removes it. */
export function connection(
  objects: Objects,
  name: string,
  server: string,
  change: Partial<Application['connections'][number]> | null,
): Objects {
  return edited<Application>(objects, `Application/${name}`, (one) => ({
    ...one,
    connections: one.connections.flatMap((connected) => {
      if (connected.server !== server) return [connected];
      return change === null ? [] : [{ ...connected, ...change }];
    }),
  }));
}

export function connect(objects: Objects, name: string, ...servers: readonly string[]): Objects {
  return edited<Application>(objects, `Application/${name}`, (one) => ({
    ...one,
    connections: [
      ...one.connections,
      ...servers.map((server) => ({ server, port: 'default', addp: { timeout: 20 } })),
    ],
  }));
}

/** Objects of every kind at once: what is done one after the other. */
export function all(objects: Objects, ...changes: readonly ((objects: Objects) => Objects)[]): Objects {
  return changes.reduce((done, change) => change(done), objects);
}

export function configurationOf(objects: Objects): Configuration {
  return makeConfiguration(objects, sha256);
}

export type Row = [
  what: string,
  objects: Objects,
  /** `Application/sip-north connections`: the object and the field. */
  at: string,
  more?: {
    /** What else follows from it. */
    readonly also?: readonly RuleId[];
    readonly question?: Question;
    /** Nothing can be done for them. */
    readonly hasFix?: boolean;
  },
];

/** Holds one broken configuration against what it should be told. */
export function finds(rule: RuleId) {
  return (_what: string, objects: Objects, at: string, more: Row[3] = {}) => {
    const { also = [], question = {}, hasFix } = more;
    const configuration = configurationOf(objects);
    const findings = validate(configuration, question);
    const shown = findings.map((one) => `${one.rule} ${one.object} ${one.field}`.trim());
    expect(shown, shown.join('\n')).toContain(`${rule} ${at}`.trim());
    expect([...new Set(findings.map((one) => one.rule))].sort()).toEqual([rule, ...also].sort());
    const found = findings.find(
      (one) => `${one.rule} ${one.object} ${one.field}`.trim() === `${rule} ${at}`.trim(),
    );
    expect(found).toMatchObject({ severity: ruleOf(rule).severity });
    expect(found?.reason).toMatch(/.{12}/);
    expect(found?.remedy).toMatch(/^.{4,}\.$/);
    if (hasFix !== undefined) expect(found?.fix !== undefined).toBe(hasFix);
    if (found?.fix !== undefined) holdsFix(configuration, findings, found, question);
  };
}

/** The fix makes the finding go away, brings no other one, and is of objects that fit their schema. */
function holdsFix(
  configuration: Configuration,
  before: readonly Finding[],
  found: Finding,
  question: Question,
): void {
  const changes = found.fix ?? [];
  for (const { key, before: former, after } of changes) {
    const [type, name] = [key.slice(0, key.indexOf('/')), key.slice(key.indexOf('/') + 1)];
    expect(configuration.get(type as ConfigObject['objectType'], name) ?? null).toEqual(former);
    expect(configObject.safeParse(after).success).toBe(true);
  }
  expect(new Set(changes.map(({ key }) => key)).size).toBe(changes.length);
  const after = validate(applied(configuration, changes), question);
  const former = new Set(before.map(findingKey));
  expect(after.map(findingKey)).not.toContain(findingKey(found));
  expect(after.filter((one) => !former.has(findingKey(one)))).toEqual([]);
}

export function applied(configuration: Configuration, changes: readonly Change[]): Configuration {
  return configuration.with({
    changed: changes.flatMap(({ after }) => after ?? []),
    deleted: changes.flatMap(({ key, after }) => (after === null ? [key] : [])),
  });
}
