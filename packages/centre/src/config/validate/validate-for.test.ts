import type { AgentGroup, DN, ObjectOf, Person, Place } from '@holdfast/protocol';
import { describe, expect, test } from 'vitest';
import { replaced } from './finding.ts';
import {
  all,
  applied,
  configurationOf,
  copied,
  dn,
  edited,
  generated,
  type Objects,
  option,
  person,
  place,
  without,
} from './test-worlds.ts';
import { findingsBrought, fixesOf, validate, validateFor } from './validate.ts';

const shown = (findings: ReturnType<typeof validate>) =>
  findings.map(({ rule, object, field }) => `${rule} ${object} ${field}`).sort();

/** What is wrong, and the key of what was edited. */
const EDITS: [what: string, objects: Objects, key: string][] = [
  [
    'an Agent Login is taken away',
    person(generated(), 'agent7001', { agentLogins: ['7001@north'] }),
    'Person/agent7001',
  ],
  [
    'an Agent Login is given twice',
    person(generated(), 'agent7002', { agentLogins: ['7001@north', '7002@south'] }),
    'Person/agent7002',
  ],
  [
    'a Place loses an Extension',
    place(generated(), 'place-7001', { dns: ['7001@north'] }),
    'Place/place-7001',
  ],
  [
    'an Extension is put into a second Place',
    place(generated(), 'place-7002', { dns: ['7001@north', '7002@south'] }),
    'Place/place-7002',
  ],
  ['a Place is disabled', place(generated(), 'place-7001', { enabled: false }), 'Place/place-7001'],
  ['an Extension is disabled', dn(generated(), '7001@south', { enabled: false }), 'DN/7001@south'],
  [
    'an Extension is deleted',
    place(without(generated(), 'DN/7001@south'), 'place-7001', { dns: ['7001@north'] }),
    'DN/7001@south',
  ],
  ['a queue is deleted', without(generated(), 'DN/8500@south'), 'DN/8500@south'],
  [
    'an option of a server is changed',
    option(generated(), 'Application/sip-north', 'holdfast/agents-max', '1'),
    'Application/sip-north',
  ],
  [
    'a group names an unknown site',
    option(
      generated(),
      'AgentGroup/team-north',
      'interaction-workspace/disaster-recovery.preferred-site',
      'nowhere',
    ),
    'AgentGroup/team-north',
  ],
];

test.each(EDITS)('after an edit the same is found as in the whole: %s', (_what, objects, key) => {
  const configuration = configurationOf(objects);
  const whole = shown(validate(configuration));
  expect(whole.length).toBeGreaterThan(0);
  expect(shown(validateFor(configuration, [key]))).toEqual(whole);
});

test('what is wrong with others is not said again after an edit that does not concern them', () => {
  const configuration = configurationOf(person(generated(), 'agent7001', { agentLogins: ['7001@north'] }));
  expect(validateFor(configuration, ['Person/agent7005'])).toEqual([]);
  expect(validateFor(configuration, ['AgentLogin/7001@south'])).not.toEqual([]);
});

test('fixes of several findings can be made together', () => {
  const objects = option(
    place(generated(), 'place-7001', { dns: ['7001@north'] }),
    'DN/7002@south',
    'TServer/dr-forward',
    undefined,
  );
  const configuration = configurationOf(objects);
  const findings = validate(configuration);
  expect(findings).toHaveLength(2);
  const changes = fixesOf(findings);
  expect(changes).toHaveLength(2);
  expect(validate(applied(configuration, changes))).toEqual([]);
});

test('of two fixes for one object the first is made', () => {
  const [object] = generated();
  if (object === undefined) throw new Error('empty');
  const fix = [replaced(object, object)];
  const finding = {
    rule: 'V1',
    severity: 'error',
    object: '',
    field: '',
    value: '',
    reason: '',
    remedy: '',
    fix,
  } as const;
  expect(fixesOf([finding, finding])).toHaveLength(1);
});

test('of one rule a bounded number of findings is told, and how many more there are', () => {
  const objects = generated({ agents: 400 }).map((object) =>
    object.objectType === 'Person' ? { ...object, agentLogins: object.agentLogins.slice(0, 1) } : object,
  );
  const findings = validate(configurationOf(objects)).filter(({ rule }) => rule === 'V40');
  expect(findings).toHaveLength(201);
  expect(findings.at(-1)?.reason).toBe('And 203 more of this rule.');
});

describe('an edit is told what it brings', () => {
  const shownOf = (before: Objects, after: Objects, ...keys: string[]) =>
    shown(findingsBrought({ before: configurationOf(before), after: configurationOf(after) }, keys));

  test('and not what stood there before', () => {
    const broken = place(generated(), 'place-7001', { dns: ['7001@north'] });
    expect(shownOf(generated(), broken, 'Place/place-7001')).toEqual(['V32 Place/place-7001 dns']);
    const more = dn(broken, '7001@north', { displayName: 'Another' });
    expect(shownOf(broken, more, 'DN/7001@north')).toEqual([]);
    expect(shownOf(broken, generated(), 'Place/place-7001')).toEqual([]);
  });

  test('of whoever leaves a group, and of nobody else in it', () => {
    const left = edited<AgentGroup>(generated(), 'AgentGroup/team-north', (one) => ({
      ...one,
      members: one.members.filter((name) => name !== 'agent7001'),
    }));
    expect(shownOf(generated(), left, 'AgentGroup/team-north')).toEqual([
      'V7 Application/workspace interaction-workspace/disaster-recovery.enabled',
    ]);
    const unknown = edited<AgentGroup>(generated(), 'AgentGroup/team-north', (one) => ({
      ...one,
      members: [...one.members, 'nobody'],
    }));
    expect(shownOf(generated(), unknown, 'AgentGroup/team-north')).toEqual([
      'V71 AgentGroup/team-north members.7',
    ]);
  });

  test('of a new agent, who lacks what belongs to one at the other site', () => {
    const made = all(
      generated(),
      (one) => copied<DN>(one, 'DN/7001@north', { number: '7600' }),
      (one) => copied<ObjectOf<'AgentLogin'>>(one, 'AgentLogin/7001@north', { code: '7600' }),
      (one) => copied<Place>(one, 'Place/place-7001', { name: 'place-7600', dns: ['7600@north'] }),
      (one) =>
        copied<Person>(one, 'Person/agent7001', {
          name: 'agent7600',
          agentLogins: ['7600@north'],
          defaultPlace: 'place-7600',
        }),
    );
    const keys = ['DN/7600@north', 'AgentLogin/7600@north', 'Place/place-7600', 'Person/agent7600'];
    expect(shownOf(generated(), made, ...keys)).toEqual([
      'V32 Place/place-7600 dns',
      'V33 DN/7600@north ',
      'V40 Person/agent7600 agentLogins',
      'V7 Application/workspace interaction-workspace/disaster-recovery.enabled',
    ]);
  });

  test('of what is deleted', () => {
    const without7001 = place(without(generated(), 'DN/7001@south'), 'place-7001', { dns: ['7001@north'] });
    expect(shownOf(generated(), without7001, 'DN/7001@south', 'Place/place-7001')).toEqual([
      'V32 Place/place-7001 dns',
      'V33 DN/7001@north ',
    ]);
  });
});
