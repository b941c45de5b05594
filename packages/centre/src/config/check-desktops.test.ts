import { expect, test } from 'vitest';
import type { ConfigFile } from './read-objects.ts';
import { changed, type Fields, load, pairFiles, sampleFiles, withOption } from './test-configuration.ts';

/** The warnings of a configuration that loads, each with object, field, value and text. */
function warned(files: ConfigFile[]): string[] {
  const loaded = load(files);
  if (!loaded.ok) throw new Error(loaded.problems.map(({ text }) => text).join());
  return loaded.warnings.map(({ object, field, value, text }) => `${object} ${field} "${value}" ${text}`);
}

/** In the sample, agents of the third-party family are those whose group says so; this one gets both sites. */
function withSites(sites: Record<string, string>): ConfigFile[] {
  return changed('persons', 'agent7001', (person) => {
    person.options = { 'agent-desktop': sites };
  });
}
const BOTH = { 'site-1': 'desktop-north', 'site-2': 'desktop-south' };

test('the sample is not warned of', () => {
  expect(warned(sampleFiles())).toEqual([]);
  expect(warned(withSites(BOTH))).toEqual([]);
});

function withAddp(application: string, server: string, timeout: string): ConfigFile[] {
  return changed('applications', application, (object) => {
    const connections = object.connections as Fields[];
    object.connections = connections.map((one) =>
      one.server === server ? { ...one, addp: { timeout } } : one,
    );
  });
}

test('[CF15] an ADDP time-out of a third-party desktop outside 20 to 30 s is warned of, to its SIP Server alone', () => {
  for (const timeout of ['19', '31', '0.5']) {
    const [warning, ...more] = warned(withAddp('desktop-north', 'sip-north', timeout));
    expect(more).toEqual([]);
    expect(warning).toMatch(
      new RegExp(
        `^Application/desktop-north connections\\.\\d\\.addp\\.timeout "${timeout}" .* 20 to 30 s are advised`,
      ),
    );
  }
  for (const timeout of ['20', '30'])
    expect(warned(withAddp('desktop-north', 'sip-north', timeout))).toEqual([]);
  expect(warned(withAddp('desktop-north', 'config-north', '5'))).toEqual([]);
  expect(warned(withAddp('workspace', 'sip-north', '5'))).toEqual([]);
  expect(warned(withAddp('workspace', 'sip-north', '30'))).toEqual([]);
  expect(warned(withAddp('workspace', 'sip-north', '31'))).toEqual([
    expect.stringContaining('at most 30 s are advised for a desktop (S3)'),
  ]);
});

test.each([
  [
    { 'site-1': 'desktop-north', 'site-2': 'desktop-north' },
    'Person/agent7001 agent-desktop/site-2 "desktop-north" site-1 and site-2 are both "desktop-north"',
  ],
  [
    { 'site-1': 'desktop-north', 'site-2': 'desktop-west' },
    'Person/agent7001 agent-desktop/site-2 "desktop-west" "desktop-west" is no ThirdPartyApplication',
  ],
  [
    { 'site-1': 'workspace', 'site-2': 'desktop-north' },
    'Person/agent7001 agent-desktop/site-1 "workspace" "workspace" is no ThirdPartyApplication',
  ],
  [{ 'site-1': 'desktop-north' }, 'Person/agent7001 agent-desktop/site-2 "" It is not set'],
])('[CF16] the sites %o of a Person are warned of', (sites, text) => {
  const [warning, ...more] = warned(withSites(sites));
  expect(more).toEqual([]);
  expect(warning).toContain(text);
  expect(warning).toContain('Name the ThirdPartyApplication of');
});

test('[CF16] two desktops of a Person whose agent-desktop data differ are warned of once, however many work there', () => {
  const differ = withOption('applications', 'desktop-south', 'agent-desktop', 'site-timeout', '45');
  const everybody = differ.map(({ file, data }) => {
    const { persons, ...others } = data as Record<string, Fields[]>;
    const moved = persons?.map((person) => ({ ...person, options: { 'agent-desktop': BOTH } }));
    return { file, data: moved === undefined ? others : { ...others, persons: moved } };
  });
  const [warning, ...more] = warned(everybody);
  expect(more).toEqual([]);
  expect(warning).toContain(
    'Application/desktop-south agent-desktop/site-timeout "45" It is 45 here and 30 in',
  );
  expect(warning).toContain('Application "desktop-north"');
  expect(warning).toContain('Set the same in both.');
});

test('[CF17] a site name that no SIP Server has, and one site twice, are warned of at every level', () => {
  const dr = (list: string, name: string, option: string, value: string) =>
    warned(withOption(list, name, 'interaction-workspace', `disaster-recovery.${option}`, value));
  for (const [list, name, object] of [
    ['applications', 'workspace', 'Application/workspace'],
    ['tenants', 'holdfast', 'Tenant/holdfast'],
    ['agentGroups', 'sales', 'AgentGroup/sales'],
    ['persons', 'agent7001', 'Person/agent7001'],
  ] as const) {
    expect(dr(list, name, 'peer-site', 'west')).toEqual([
      `${object} interaction-workspace/disaster-recovery.peer-site "west" No SIP Server has the site "west" as its disaster-recovery.site. The sites are north, south. Correct the name.`,
    ]);
    expect(dr(list, name, 'preferred-site', 'south')).toEqual([]);
  }
  expect(dr('agentGroups', 'team-north', 'peer-site', 'north')).toEqual([
    'AgentGroup/team-north interaction-workspace/disaster-recovery.peer-site "north" It is the disaster-recovery.preferred-site too, so that there is nowhere to go when "north" dies. Name another site.',
  ]);
});

/** A second SIP Server at north, which controls a Switch of its own. */
function withSecond(options: Record<string, string>, more: Fields = {}): ConfigFile[] {
  const second = {
    name: 'sip2-north',
    type: 'SIPServer',
    host: 'north-host',
    switch: 'north2',
    ports: { default: '5199' },
    options: {
      'interaction-workspace': { 'disaster-recovery.site': 'north', ...options },
      TServer: { 'sip-port': '5198' },
    },
    ...more,
  };
  const data = { applications: [second], switches: [{ name: 'north2', tenant: 'holdfast' }] };
  return [...sampleFiles(), { file: 'second.yaml', data }];
}

test('[CF18] a second pair of one name at a site that has peers elsewhere is warned of, a backup is not', () => {
  expect(warned(withSecond({}))).toEqual([
    'Application/sip2-north interaction-workspace/disaster-recovery.name "default" Site "north" has the SIP Server "sip-north" in the group "default" already, so that the peers at the other site cannot be told apart. Give each group of four SIP Servers a disaster-recovery.name of its own.',
  ]);
  expect(warned(withSecond({ 'disaster-recovery.name': 'second' }))).toEqual([]);
  expect(warned(pairFiles())).toEqual([]);
});

/** One SIP Server at each of three sites. */
function threeSites(options: Record<string, string> = {}): ConfigFile[] {
  const west = { 'disaster-recovery.site': 'west', ...options };
  return withSecond(
    {},
    { name: 'sip-west', options: { 'interaction-workspace': west, TServer: { 'sip-port': '5198' } } },
  );
}

test('[CF18] three sites without a name are warned of once, with a name for each two they are not', () => {
  expect(warned(threeSites())).toEqual([
    'Application/sip-north interaction-workspace/disaster-recovery.name "" It is not set, so that the SIP Servers "sip-north", "sip-south", "sip-west" of the sites north, south, west are one group "default", and which two of them are peers nobody can say. Give each two pairs that are peers a disaster-recovery.name of their own.',
  ]);
  expect(warned(threeSites({ 'disaster-recovery.name': 'other' }))).toEqual([]);
  // Who has named one group for all of them has chosen, and has agents name their peer site.
  const named = threeSites({ 'disaster-recovery.name': 'all' }).map(({ file, data }) => {
    const { applications, ...others } = data as Record<string, Fields[]>;
    if (applications === undefined) return { file, data };
    return { file, data: { ...others, applications: applications.map(namedAll) } };
  });
  expect(warned(named)).toEqual([]);
});

function namedAll(application: Fields): Fields {
  if (application.type !== 'SIPServer') return application;
  const options = application.options as Record<string, Fields>;
  const workspace = { ...options['interaction-workspace'], 'disaster-recovery.name': 'all' };
  return { ...application, options: { ...options, 'interaction-workspace': workspace } };
}

/** The sample with a pair at north, and more said of two Applications. */
function withPauses(more: Record<string, Fields>): ConfigFile[] {
  return pairFiles().map(({ file, data }) => {
    const { applications, ...others } = data as Record<string, Fields[]>;
    if (applications === undefined) return { file, data };
    const changed = applications.map((one) => {
      const { delay, ...fields } = more[String(one.name)] ?? {};
      const { 'interaction-workspace': old, ...sections } = (one.options ?? {}) as Record<string, Fields>;
      const set = delay === undefined ? old : { ...old, 'warm-standby.retry-delay': delay };
      return { ...one, ...fields, options: { ...sections, ...(set && { 'interaction-workspace': set }) } };
    });
    return { file, data: { ...others, applications: changed } };
  });
}

test('[CF24] a pause that no desk reads is warned of, with who reads which', () => {
  const backup = 'sip-north-b';
  expect(warned(withPauses({ 'sip-north': { reconnectTimeout: 7 }, 'sip-south': { delay: '9' } }))).toEqual(
    [],
  );
  for (const name of ['sip-north', backup])
    expect(warned(withPauses({ [name]: { delay: '9' } }))).toEqual([
      `Application/${name} interaction-workspace/warm-standby.retry-delay "9" Desks pause by the reconnectTimeout of Application "sip-north", which has a backup, and where that is unset by their own warm-standby.retry-delay: "9" has no effect here. Set reconnectTimeout there, or remove this.`,
    ]);
  expect(warned(withPauses({ 'sip-south': { reconnectTimeout: 7 } }))).toEqual([
    'Application/sip-south reconnectTimeout "7" Without a backup desks pause by warm-standby.retry-delay and do not read this. Set that option here, or name a backup.',
  ]);
  expect(warned(withPauses({ [backup]: { reconnectTimeout: 7 } }))).toEqual([
    `Application/${backup} reconnectTimeout "7" This is the backup of Application "sip-north", and desks read the reconnectTimeout of that. Set it there, or remove this.`,
  ]);
});

/** The Workspace Application, connected at north to one more object. */
function alsoConnectedTo(more: Fields, primary: Fields = {}): ConfigFile[] {
  const files = changed('applications', 'workspace', (desktop) => {
    desktop.connections = [
      ...(desktop.connections as Fields[]),
      { server: more.name, addp: { timeout: '20' } },
    ];
  });
  const common = { options: { 'interaction-workspace': { 'disaster-recovery.site': 'north' } } };
  const first = files
    .flatMap(({ data }) => (data as Record<string, Fields[]>).applications ?? [])
    .find(({ name }) => name === 'stat-north');
  Object.assign(first ?? {}, primary);
  return [...files, { file: 'more.yaml', data: { applications: [{ ...common, ...more }] } }];
}

const STAT = {
  name: 'stat2-north',
  type: 'StatServer',
  host: 'north-host',
  ports: { default: '5197' },
  connections: [{ server: 'sip-north' }],
};

test('[CF21] two pairs of one kind at one site, or a cluster beside a pair, are warned of, each with both names', () => {
  const twice = (name: string) =>
    `Application/workspace connections.6.server "${name}" Site "north" has Stat Servers through "stat-north" already: a desk tries these as more members of the same pair or cluster, by the ADDP time-outs and the pause of "stat-north". Make one the backup of the other, or connect to one ApplicationCluster, and remove this connection.`;
  expect(warned(alsoConnectedTo(STAT))).toEqual([twice('stat2-north')]);
  const cluster = {
    name: 'stats-north',
    type: 'ApplicationCluster',
    connections: [{ server: 'stat-north' }],
  };
  expect(warned(alsoConnectedTo(cluster))).toEqual([twice('stats-north')]);
  const config = { ...STAT, name: 'config2-north', type: 'ConfigurationServer', connections: [] };
  expect(warned(alsoConnectedTo(config))).toEqual([
    expect.stringContaining('has Configuration Servers through "config-north" already'),
  ]);
});

test('[CF21] a connection to the backup beside that to its primary is warned of', () => {
  expect(warned(alsoConnectedTo(STAT, { backup: 'stat2-north' }))).toEqual([
    'Application/workspace connections.6.server "stat2-north" "stat2-north" is the backup of "stat-north", through which desks find it, and would be tried twice. Remove this connection.',
  ]);
});
