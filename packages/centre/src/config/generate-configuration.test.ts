import { expect, test } from 'vitest';
import { makeConfiguration } from './configuration.ts';
import { deskConfiguration } from './desk-configuration.ts';
import { GUEST, generateConfiguration, SUPERVISOR } from './generate-configuration.ts';
import { problemLine } from './problem.ts';
import { load, REQUEST, sampleFiles, sha256 } from './test-configuration.ts';

test('what is generated, written and read again is the same configuration without a problem', () => {
  for (const agents of [1, 20, 801]) {
    const loaded = load(sampleFiles({ agents }));
    expect(loaded.ok ? [] : loaded.problems.map(problemLine)).toEqual([]);
    expect(loaded.warnings).toEqual([]);
    const { objects } = generateConfiguration({ ...REQUEST, agents });
    if (loaded.ok) expect(loaded.configuration.revision).toBe(makeConfiguration(objects, sha256).revision);
  }
});

test('every generated person gets a desk at both sites, halves prefer each, all schemes stand at both', () => {
  const loaded = load(sampleFiles({ agents: 24 }));
  if (!loaded.ok) throw new Error('does not load');
  const { configuration } = loaded;
  const application = configuration.get('Application', 'workspace');
  if (application === undefined) throw new Error('no application');
  const { agents } = generateConfiguration({ ...REQUEST, agents: 24 });
  for (const user of [...agents.map((agent) => agent.user), SUPERVISOR.user, GUEST.user]) {
    const person = configuration.get('Person', user);
    if (person === undefined) throw new Error(`no ${user}`);
    const answer = deskConfiguration(configuration, { person, application, places: [] });
    if (!answer.ok) throw new Error(answer.text);
    const home = agents.find((agent) => agent.user === user)?.home ?? 'north';
    expect(answer.configuration.preferredSite).toBe(home);
    expect(answer.configuration.sites.map(({ site }) => site)).toEqual([
      home,
      home === 'north' ? 'south' : 'north',
    ]);
  }
  const kinds = new Set(agents.map(({ scheme, home }) => `${scheme} ${home}`));
  expect(kinds.size).toBe(6);
});

test('options are laid over what is generated', () => {
  const options = {
    'Application/workspace': { 'interaction-workspace': { 'disaster-recovery.timeout': '9' } },
  };
  const { objects } = generateConfiguration({ ...REQUEST, options });
  const workspace = objects.find(
    (object) => object.objectType === 'Application' && object.name === 'workspace',
  );
  expect(workspace?.options['interaction-workspace']).toMatchObject({
    'disaster-recovery.timeout': '9',
    'disaster-recovery.enabled': 'true',
  });
});
