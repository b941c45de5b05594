import type { ConfigObject, DeskConfiguration, LinkServers, OptionSections } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { type Configuration, makeConfiguration } from './configuration.ts';
import { deskConfiguration } from './desk-configuration.ts';
import { generateConfiguration } from './generate-configuration.ts';
import { REQUEST, sha256 } from './test-configuration.ts';

type Change = (objects: Map<string, ConfigObject>) => void;

/** The sample world, changed. Keys are `Person/agent7001`. */
function world(change: Change = () => {}, agents = 8): Configuration {
  const { objects } = structuredClone(generateConfigurationWith(agents));
  const byKey = new Map(objects.map((object) => [keyOf(object), object]));
  change(byKey);
  return makeConfiguration([...byKey.values()], sha256);
}

function generateConfigurationWith(agents: number) {
  const { objects } = generateConfiguration({ ...REQUEST, agents });
  return { objects };
}

function keyOf(object: ConfigObject): string {
  if (object.objectType === 'DN') return `DN/${object.number}@${object.switch}`;
  if (object.objectType === 'AgentLogin') return `AgentLogin/${object.code}@${object.switch}`;
  return `${object.objectType}/${object.name}`;
}

/** Sets options of the Workspace family; null takes one away. */
function set(key: string, values: Record<string, string | null>): Change {
  return (objects) => {
    const object = objects.get(key);
    if (object === undefined) throw new Error(`no ${key}`);
    const section: OptionSections[string] = { ...object.options['interaction-workspace'] };
    for (const [name, value] of Object.entries(values)) {
      if (value === null) delete section[`disaster-recovery.${name}`];
      else section[`disaster-recovery.${name}`] = value;
    }
    object.options['interaction-workspace'] = section;
  };
}

function edit<Type extends ConfigObject['objectType']>(
  type: Type,
  name: string,
  how: (object: Extract<ConfigObject, { objectType: Type }>) => void,
): Change {
  return (objects) => {
    const object = objects.get(`${type}/${name}`);
    if (object === undefined) throw new Error(`no ${type} ${name}`);
    how(object as Extract<ConfigObject, { objectType: Type }>);
  };
}

const all =
  (...changes: Change[]): Change =>
  (objects) => {
    for (const change of changes) change(objects);
  };

/** No group names a site any more. */
const noPreference = all(
  set('AgentGroup/team-north', { 'preferred-site': null, 'peer-site': null }),
  set('AgentGroup/team-south', { 'preferred-site': null, 'peer-site': null }),
);

function ask(configuration: Configuration, user = 'agent7001', place?: string, application = 'workspace') {
  const person = configuration.get('Person', user);
  const app = configuration.get('Application', application);
  if (person === undefined || app === undefined) throw new Error('no such person or application');
  return deskConfiguration(configuration, {
    person,
    application: app,
    places: place === undefined ? [] : [place],
  });
}

function desk(change?: Change, user?: string, place?: string): DeskConfiguration {
  const answer = ask(world(change), user, place);
  if (!answer.ok) throw new Error(answer.text);
  return answer.configuration;
}

/** The warnings of a desk that goes on with these sites. */
function warned(change: Change, sites: readonly string[]): string {
  const configuration = desk(change);
  expect(configuration.sites.map(({ site }) => site)).toEqual(sites);
  return configuration.warnings.map(({ text }) => text).join(' ');
}

function refusal(change: Change, user?: string, place?: string): string {
  const answer = ask(world(change), user, place);
  return answer.ok ? 'not refused' : answer.text;
}

function pairOf(...members: LinkServers['members']): LinkServers {
  const pause = { reconnectPauseMs: 2_000, reconnectPauseSource: 'Application/workspace' };
  return { form: 'pair', members, addpTimeoutMs: 5_000, ...pause };
}

test('a desk gets its sites in order of preference, each with its servers, DN, log-in and queues', () => {
  const configuration = desk();
  expect(configuration).toMatchObject({
    person: { name: 'agent7001', rank: 'agent' },
    family: 'interaction-workspace',
    preferredSite: 'north',
    peerSite: 'south',
    place: 'place-7001',
  });
  expect(configuration.sites).toEqual([
    {
      site: 'north',
      application: 'workspace',
      options: {},
      telephony: pairOf({ application: 'sip-north', host: '127.0.0.1', port: 5111 }),
      configuration: pairOf({ application: 'config-north', host: '127.0.0.1', port: 5110 }),
      statistics: pairOf({ application: 'stat-north', host: '127.0.0.1', port: 5112 }),
      switch: 'north',
      place: 'place-7001',
      dn: '7001',
      AgentID: '7001',
      queues: ['8000', '8009'],
    },
    {
      site: 'south',
      application: 'workspace',
      options: {},
      telephony: pairOf({ application: 'sip-south', host: '127.0.0.1', port: 5211 }),
      configuration: pairOf({ application: 'config-south', host: '127.0.0.1', port: 5210 }),
      statistics: pairOf({ application: 'stat-south', host: '127.0.0.1', port: 5212 }),
      switch: 'south',
      place: 'place-7001',
      dn: '7001',
      AgentID: '7001',
      queues: ['8000', '8009'],
    },
  ]);
});

test('a pair is named primary first, and its own reconnect timeout governs the pause', () => {
  const backup: Change = (objects) => {
    const primary = objects.get('Application/sip-north');
    if (primary?.objectType !== 'Application') throw new Error('no server');
    objects.set('Application/sip-north-b', {
      ...structuredClone(primary),
      name: 'sip-north-b',
      ports: { default: 5112 },
    });
    primary.backup = 'sip-north-b';
    primary.reconnectTimeout = 7;
  };
  const [north, south] = desk(backup).sites;
  expect(north?.telephony.members.map(({ application }) => application)).toEqual([
    'sip-north',
    'sip-north-b',
  ]);
  expect(north?.telephony).toMatchObject({
    reconnectPauseMs: 7_000,
    reconnectPauseSource: 'Application/sip-north',
  });
  expect(south?.telephony.reconnectPauseMs).toBe(2_000);
});

test('[DS1] an application that is neither Workspace nor ThirdPartyApplication gets no desk configuration', () => {
  const answer = ask(world(), 'agent7001', undefined, 'sip-north');
  expect(answer.ok ? '' : answer.text).toContain('"sip-north" is a SIPServer');
});

/** One ThirdPartyApplication a site, as S3 has it, and the sites of agent7001. */
function thirdParty(
  person: Record<string, string> = { 'site-1': 'desktop-north', 'site-2': 'desktop-south' },
): Change {
  return (objects) => {
    const workspace = objects.get('Application/workspace');
    const agent = objects.get('Person/agent7001');
    if (workspace?.objectType !== 'Application' || agent === undefined) throw new Error('missing');
    for (const site of ['north', 'south'])
      objects.set(`Application/desktop-${site}`, {
        ...structuredClone(workspace),
        name: `desktop-${site}`,
        type: 'ThirdPartyApplication',
        connections: workspace.connections.filter(({ server }) => server.endsWith(site)),
        options: { 'agent-desktop': { 'site-timeout': site === 'north' ? '30' : '25' } },
      });
    agent.options['agent-desktop'] = person;
  };
}

function thirdPartyDesk(change: Change, application = 'desktop-south'): DeskConfiguration {
  const answer = ask(world(change), 'agent7001', undefined, application);
  if (!answer.ok) throw new Error(answer.text);
  return answer.configuration;
}

test('[DS1] a third-party desktop follows agent-desktop: sites of the Person, time-outs of each site', () => {
  const desktop = thirdPartyDesk(thirdParty());
  expect(desktop).toMatchObject({
    family: 'agent-desktop',
    options: {},
    preferredSite: 'north',
    peerSite: 'south',
    warnings: [],
  });
  expect(desktop.sites).toMatchObject([
    {
      site: 'north',
      application: 'desktop-north',
      options: {
        'site-timeout': { value: '30', source: 'Application/desktop-north' },
        'supervisor-logout-codes': { value: 'supervisor_logout', source: 'default' },
      },
    },
    { site: 'south', application: 'desktop-south', options: { 'site-timeout': { value: '25' } } },
  ]);
  // DS2: what is not set has no default in this family.
  expect(desktop.sites[0]?.options['site-sip-register-timeout']).toBeUndefined();
});

test.each([
  [
    { 'site-1': 'desktop-north', 'site-2': 'desktop-north' },
    'site-1 and site-2 are both "desktop-north"',
    'north',
  ],
  [{ 'site-1': 'desktop-north', 'site-2': 'desktop-west' }, 'names "desktop-west"', 'north'],
  [
    { 'site-1': 'workspace', 'site-2': 'desktop-south' },
    'names "workspace", which is no enabled Third',
    'south',
  ],
  [{ 'site-1': 'desktop-north' }, 'has no agent-desktop/site-2', 'north'],
  [{}, 'has no agent-desktop/site-1', 'south'],
])(
  '[DS22] sites %o of a third-party desktop are warned of, and the sound one is used',
  (sites, text, site) => {
    const desktop = thirdPartyDesk(thirdParty(sites));
    expect(desktop.sites.map((one) => one.site)).toEqual([site]);
    expect(desktop.warnings.map((one) => one.text).join(' ')).toContain(text);
  },
);

test('[DS21] the seat may be one Place for each site', () => {
  const two = all(
    edit('Place', 'place-7001', (place) => {
      place.dns = ['7001@north'];
    }),
    (objects) => {
      const place = objects.get('Place/place-7001');
      if (place?.objectType !== 'Place') throw new Error('missing');
      objects.set('Place/place-7001-south', {
        ...structuredClone(place),
        name: 'place-7001-south',
        dns: ['7001@south'],
      });
    },
  );
  const configuration = world(two);
  const person = configuration.get('Person', 'agent7001');
  const application = configuration.get('Application', 'workspace');
  if (person === undefined || application === undefined) throw new Error('missing');
  const places = ['place-7001', 'place-7001-south'];
  const answer = deskConfiguration(configuration, { person, application, places });
  expect(answer.ok && answer.configuration.sites.map(({ place, dn }) => [place, dn])).toEqual([
    ['place-7001', '7001'],
    ['place-7001-south', '7001'],
  ]);
});

test('[DS2] with disaster-recovery.enabled false the desk knows one site only', () => {
  const off = set('Application/workspace', { enabled: 'false' });
  expect(desk(off).sites.map(({ site }) => site)).toEqual(['north']);
  expect(desk(off).peerSite).toBeUndefined();
  const unset = set('Application/workspace', { enabled: null });
  expect(desk(unset, 'agent7002').sites.map(({ site }) => site)).toEqual(['south']);
});

test('[DS3] of several SIP Server groups the one whose switches own the place is taken', () => {
  // A second group of SIP Servers beside the first, whose switches own other phones.
  const second: Change = (objects) => {
    const workspace = objects.get('Application/workspace');
    if (workspace?.objectType !== 'Application') throw new Error('no workspace');
    for (const site of ['north', 'south']) {
      const server = objects.get(`Application/sip-${site}`);
      if (server?.objectType !== 'Application') throw new Error('no server');
      const twin = structuredClone(server);
      twin.name = `sip2-${site}`;
      twin.switch = `${site}2`;
      twin.options['interaction-workspace'] = {
        'disaster-recovery.site': site,
        'disaster-recovery.name': 'second',
      };
      objects.set(`Application/${twin.name}`, twin);
      objects.set(`Switch/${site}2`, {
        objectType: 'Switch',
        name: `${site}2`,
        tenant: 'holdfast',
        enabled: true,
        options: {},
      });
      workspace.connections.unshift({ server: twin.name, port: 'default', addp: { timeout: 5 } });
    }
  };
  const names = desk(second).sites.flatMap(({ telephony }) =>
    telephony.members.map(({ application }) => application),
  );
  expect(names).toEqual(['sip-north', 'sip-south']);
});

test('[DS3] more than one group is refused with the objects named, and so is none', () => {
  const noPeerPhone = edit('Place', 'place-7001', (place) => {
    place.dns = ['7001@north'];
  });
  expect(warned(noPeerPhone, ['north'])).toContain(
    'Place "place-7001" of Person "agent7001" has no Extension on a Switch whose SIP Server serves site "south"',
  );
  const unconnected = edit('Application', 'workspace', (object) => {
    object.connections = object.connections.filter(({ server }) => server.startsWith('config'));
  });
  expect(refusal(unconnected)).toContain('"workspace" is connected to no SIP Server');
  const twoPhones = edit('Place', 'place-7001', (place) => {
    place.dns.push('7003@north');
  });
  expect(refusal(twoPhones)).toContain('2 Extensions of Switch "north" (7001@north, 7003@north)');
  expect(refusal(set('Application/sip-south', { name: 'other' }))).toContain(
    '"sip-north" (default), "sip-south" (other)',
  );
});

test('[DS22] what is missing at one site is warned of with its objects, and the other site is used', () => {
  const noLogin = edit('Person', 'agent7001', (person) => {
    person.agentLogins = ['7001@north'];
  });
  expect(warned(noLogin, ['north'])).toContain('no enabled AgentLogin at Switch "south"');
  const noConfigServer = edit('Application', 'workspace', (object) => {
    object.connections = object.connections.filter(({ server }) => server !== 'config-south');
  });
  expect(warned(noConfigServer, ['north'])).toContain('no Configuration Server at site "south"');
  const disabled = edit('DN', '7001@south', (dn) => {
    dn.enabled = false;
  });
  expect(warned(disabled, ['north'])).toContain('site "south"');
  const nowhere = edit('Person', 'agent7001', (person) => {
    person.agentLogins = [];
  });
  expect(refusal(nowhere)).toContain('Switch "north"');
});

test('[DS4] Person goes over Agent Group, of several the last by name, over Tenant, over Application', () => {
  const timeout = (change?: Change) => desk(change).options['disaster-recovery.timeout'];
  expect(timeout()).toEqual({ value: '10', source: 'Application/workspace' });
  const tenant = set('Tenant/holdfast', { timeout: '20' });
  expect(timeout(tenant)).toEqual({ value: '20', source: 'Tenant/holdfast' });
  const groups = all(
    tenant,
    set('AgentGroup/team-north', { timeout: '40' }),
    set('AgentGroup/sales', { timeout: '30' }),
  );
  expect(timeout(groups)).toEqual({ value: '40', source: 'AgentGroup/team-north' });
  const others = all(groups, set('AgentGroup/team-south', { timeout: '45' }));
  expect(timeout(others)).toEqual({ value: '40', source: 'AgentGroup/team-north' });
  const person = all(groups, set('Person/agent7001', { timeout: '50' }));
  expect(timeout(person)).toEqual({ value: '50', source: 'Person/agent7001' });
});

test('[DS4] an option that nobody sets has its default, and says so', () => {
  const phone = desk(set('Application/workspace', { 'wait-for-sipphone-timeout': null })).options;
  expect(phone['disaster-recovery.wait-for-sipphone-timeout']).toEqual({ value: '30', source: 'default' });
});

test('[DS4] the preference of the Person turns the sites round', () => {
  const turned = desk(set('Person/agent7001', { 'preferred-site': 'south', 'peer-site': 'north' }));
  expect(turned.sites.map(({ site }) => site)).toEqual(['south', 'north']);
  expect(turned.options['disaster-recovery.preferred-site']).toEqual({
    value: 'south',
    source: 'Person/agent7001',
  });
});

test('[DS4] without a preference agents are spread evenly, each always to the same site', () => {
  const users = 400;
  const configuration = world(noPreference, users);
  const sites = new Map<string, number>();
  for (const { name } of configuration.all('Person')) {
    const first = ask(configuration, name);
    const again = ask(configuration, name);
    if (!first.ok || !again.ok) throw new Error('refused');
    const site = first.configuration.preferredSite ?? '';
    expect(again.configuration.preferredSite).toBe(site);
    expect(first.configuration.options['disaster-recovery.preferred-site']?.source).toBe(
      'stable hash of the user name',
    );
    expect(first.configuration.peerSite).toBe(site === 'north' ? 'south' : 'north');
    sites.set(site, (sites.get(site) ?? 0) + 1);
  }
  // Three standard deviations of 402 fair coins are 30.
  expect(Math.abs((sites.get('north') ?? 0) - 201)).toBeLessThan(31);
});

test('[DS4] a peer site without a preference leaves the other site as the preferred one, for everybody', () => {
  const peerOnly = all(noPreference, set('Application/workspace', { 'peer-site': 'south' }));
  const configuration = world(peerOnly);
  for (const { name } of configuration.all('Person')) {
    const answer = ask(configuration, name);
    expect(answer).toMatchObject({
      ok: true,
      configuration: { preferredSite: 'north', peerSite: 'south', warnings: [] },
    });
  }
});

test('[DS4] an agent may sit at any place that has an Extension at both sites, and at none that has not', () => {
  const elsewhere = desk(undefined, 'agent7001', 'place-7004');
  expect(elsewhere).toMatchObject({ place: 'place-7004', preferredSite: 'north' });
  expect(elsewhere.sites.map(({ dn, AgentID }) => [dn, AgentID])).toEqual([
    ['7004', '7001'],
    ['7004', '7001'],
  ]);
  expect(refusal(() => {}, 'agent7001', 'place-1')).toContain('There is no Place "place-1"');
  const homeless = edit('Person', 'agent7001', (person) => {
    delete person.defaultPlace;
  });
  expect(refusal(homeless)).toContain('has no default Place and none was named');
});

test('[DS22] a site that no server has, or the same site twice, is warned of, and what is sound is used', () => {
  expect(warned(set('Person/agent7001', { 'preferred-site': 'west' }), ['north', 'south'])).toContain(
    'Person/agent7001 names site "west"',
  );
  expect(warned(set('Person/agent7001', { 'peer-site': 'west' }), ['north', 'south'])).toContain(
    'site "west"',
  );
  expect(warned(set('Person/agent7001', { 'peer-site': 'north' }), ['north'])).toContain('are both "north"');
});

test('[CF13] a lease that outlasts the time-out of the desk is warned of', () => {
  // 8,000 ms and 5 % are 8,400 ms.
  expect(warned(set('Application/workspace', { timeout: '8' }), ['north', 'south'])).toContain(
    'disaster-recovery.timeout is 8 s (Application/workspace), but a login lease of Application "sip-north" with its margin lasts 8400 ms',
  );
  expect(desk(set('Application/workspace', { timeout: '9' })).warnings).toEqual([]);
  const off = all(set('Application/workspace', { timeout: '8', enabled: 'false' }));
  expect(desk(off)).toMatchObject({ sites: [{}], warnings: [] });
});

test('a cluster of Configuration Servers stands for its members', () => {
  const cluster: Change = (objects) => {
    const workspace = objects.get('Application/workspace');
    const config = objects.get('Application/config-north');
    if (workspace?.objectType !== 'Application' || config?.objectType !== 'Application')
      throw new Error('missing');
    objects.set('Application/cluster-north', {
      ...structuredClone(config),
      name: 'cluster-north',
      type: 'ApplicationCluster',
      ports: {},
      connections: [{ server: 'config-north', port: 'default', addp: { timeout: 5 } }],
    });
    delete config.options['interaction-workspace'];
    for (const connection of workspace.connections)
      if (connection.server === 'config-north') connection.server = 'cluster-north';
  };
  const [north] = desk(cluster).sites;
  expect(north?.configuration.members.map(({ application }) => application)).toEqual(['config-north']);
  expect(north?.configuration.form).toBe('cluster');
});
