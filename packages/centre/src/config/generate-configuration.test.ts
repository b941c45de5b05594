import { objectKey } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { makeConfiguration } from './configuration.ts';
import { deskConfiguration } from './desk-configuration.ts';
import { ADMINISTRATOR, GUEST, generateConfiguration, SUPERVISOR } from './generate-configuration.ts';
import { thirdPartyName } from './generate-desktops.ts';
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
  for (const user of [
    ...agents.map((agent) => agent.user),
    SUPERVISOR.user,
    ADMINISTRATOR.user,
    GUEST.user,
  ]) {
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

test('the sites that agents prefer may be given in turn', () => {
  const { agents, objects } = generateConfiguration({ ...REQUEST, agents: 9, homes: [0, 0, 0, 1] });
  const south = agents.filter(({ home }) => home === 'south').map(({ user }) => user);
  expect(south).toEqual(['agent7004', 'agent7008']);
  const team = objects.find((object) => object.objectType === 'AgentGroup' && object.name === 'team-south');
  expect(team).toMatchObject({ members: south });
});

test('a share of the persons works with a third-party desktop, in all schemes at both sites, at the same sites', () => {
  const loaded = load(sampleFiles({ agents: 20 }));
  if (!loaded.ok) throw new Error('does not load');
  const { configuration } = loaded;
  const thirdParty = generateConfiguration({ ...REQUEST, agents: 20 }).agents.filter(
    ({ family }) => family === 'agent-desktop',
  );
  expect(new Set(thirdParty.map(({ scheme, home }) => `${scheme} ${home}`)).size).toBe(6);
  for (const { user, home } of thirdParty) {
    const person = configuration.get('Person', user);
    // Whichever of the two it starts with (S4).
    for (const name of ['desktop-north', 'desktop-south']) {
      const application = configuration.get('Application', name);
      if (person === undefined || application === undefined) throw new Error(`no ${user} or ${name}`);
      const answer = deskConfiguration(configuration, { person, application, places: [] });
      if (!answer.ok) throw new Error(answer.text);
      const { family, warnings, sites } = answer.configuration;
      expect({ family, warnings }).toEqual({ family: 'agent-desktop', warnings: [] });
      expect(sites.map(({ application }) => application)).toEqual(
        [home, home === 'north' ? 'south' : 'north'].map(thirdPartyName),
      );
      expect(sites[0]?.options['site-timeout']?.value).toBe('30');
    }
  }
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

test('[PQ2] direct calls go to the other site where that is asked for: no-agent for phones at both, oos for those that move', () => {
  const loaded = load(sampleFiles({ agents: 24, isForwarding: true }));
  expect(loaded.ok ? [] : loaded.problems.map(problemLine)).toEqual([]);
  expect(loaded.warnings).toEqual([]);
  const { objects, agents } = generateConfiguration({ ...REQUEST, agents: 24, isForwarding: true });
  const forwards = (site: string) =>
    agents.map(({ dn, scheme }) => {
      const found = objects.find((object) => objectKey(object) === `DN/${dn}@${site}`);
      return [scheme, found?.options.TServer?.['dr-forward']];
    });
  const wanted = agents.map(({ scheme }) => [scheme, scheme === 'dual' ? 'no-agent' : 'oos']);
  expect([forwards('north'), forwards('south')]).toEqual([wanted, wanted]);
  for (const [site, peer] of [
    ['north', REQUEST.sites[1]],
    ['south', REQUEST.sites[0]],
  ] as const) {
    const named = (key: string) => objects.find((object) => objectKey(object) === key)?.options.TServer;
    expect(named(`Application/sip-${site}`)?.['dr-peer-trunk']).toBe(`peer-${peer.name}`);
    expect(named(`DN/peer-${peer.name}@${site}`)).toEqual({ contact: `sip:${peer.address}:${peer.sipPort}` });
  }
});

test('[PQ2] nothing crosses where it is not asked for, nor from a phone that cannot move', () => {
  const text = (more: Partial<typeof REQUEST> & { isForwarding?: boolean }) =>
    JSON.stringify(generateConfiguration({ ...REQUEST, agents: 4, ...more }).objects);
  expect(text({})).not.toMatch(/dr-forward|dr-peer-trunk/);
  const { objects } = generateConfiguration({
    ...REQUEST,
    agents: 4,
    schemes: ['fixed'],
    isForwarding: true,
  });
  expect(objects.find((object) => objectKey(object) === 'DN/7001@north')?.options).toEqual({});
});

test('one site writes and both have proxies, where that is asked for: desks and servers are connected to these alone', () => {
  const [north, south] = REQUEST.sites;
  const sites = [{ ...north, writer: { port: 5115, restPort: 5116 } }, south] as const;
  const loaded = load(sampleFiles({ agents: 24, sites }));
  expect(loaded.ok ? [] : loaded.problems.map(problemLine)).toEqual([]);
  expect(loaded.warnings).toEqual([]);
  if (!loaded.ok) return;
  const applications = loaded.configuration.all('Application');
  const serving = applications.filter(({ type }) => type.startsWith('ConfigurationServer'));
  expect(serving.map(({ name, type, ports }) => [name, type, ports])).toEqual([
    ['config-north', 'ConfigurationServer', { default: 5115, rest: 5116 }],
    ['proxy-north', 'ConfigurationServerProxy', { default: 5110 }],
    ['proxy-south', 'ConfigurationServerProxy', { default: 5210 }],
  ]);
  const toWriter = applications.filter(({ connections }) =>
    connections.some(({ server }) => server === 'config-north'),
  );
  expect(toWriter.map(({ name }) => name)).toEqual(['proxy-north', 'proxy-south']);
});
