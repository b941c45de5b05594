/** The start-up of S4 and the bootstrap file, on the wire. */
import { describe, expect, it } from 'vitest';
import { type Part, type SiteName, World, type WorldOptions } from './test-world.ts';
import { AT_RISK } from './texts.ts';

const THIRD = { family: 'agent-desktop' } as const;
/** A bootstrap file that knows the sites in the other order: this agent works at north all the same. */
const SOUTH_FIRST = (options: WorldOptions): WorldOptions => {
  const { preferred, peer } = new World(options).bootstrap;
  return { ...options, bootstrap: { preferred: peer ?? preferred, peer: preferred } };
};
const FAMILIES = [['interaction-workspace'], ['agent-desktop']] as const;

function ready(options: WorldOptions): World {
  return new World(options).tell({ type: 'ready' }).run(1_000);
}

describe.each(FAMILIES)('starting as %s', (family) => {
  it('[DS5] at home: the preferred site, and nothing moves', () => {
    const world = ready({ family });
    expect(world.view).toMatchObject({ family, state: 'Ready', site: 'north', place: 'P1' });
    expect(world.link('configuration')).toMatchObject({ site: 'north', state: 'on', health: 'green' });
    expect(world.decisions().map(({ what }) => what)).toEqual(['logIn']);
  });

  it('[DS5] came in elsewhere: the sites are read, and the configuration link goes to the preferred one', () => {
    const world = ready(SOUTH_FIRST({ family }));
    expect(world.south.requests('LogIn')).toHaveLength(1);
    expect(world.north.requests('LogIn')).toEqual([]);
    // S4: the link goes over at once, and the agent is never logged in at the wrong site.
    expect(world.north.requests('LogInByToken')).toHaveLength(1);
    expect(world.south.requests('AgentLogin')).toEqual([]);
    expect(world.link('configuration')).toMatchObject({ site: 'north', state: 'on' });
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
  });

  it('[DS5] the preferred Configuration Server is dead: the link falls back, and moves no agent', () => {
    const world = new World(SOUTH_FIRST({ family }))
      .kill('north', 'config')
      .tell({ type: 'ready' })
      .run(1_000);
    expect(world.link('configuration')).toMatchObject({ site: 'south', state: 'on' });
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north', alarms: [] });
  });

  it('[DS1] opens with the Application of the site that it tries, and logs in with the place', () => {
    const world = ready(SOUTH_FIRST({ family }));
    const names =
      family === 'agent-desktop' ? ['Desktop-south', 'Desktop-north'] : ['Workspace', 'Workspace'];
    const opened = [world.south.requests('Open')[0], world.north.requests('Open')[0]];
    expect(opened.map((open) => open?.application)).toEqual(names);
    expect(world.south.requests('LogIn')).toMatchObject([{ places: ['P1'] }]);
    expect(world.north.requests('RegisterClient')[0]?.application).toBe(names[1]);
  });

  it('[DS21] one place for each site: both are sent', () => {
    const { preferred, peer } = new World({ family }).bootstrap;
    const places = { preferred: { ...preferred, place: 'PN' }, peer: peer && { ...peer, place: 'PS' } };
    const world = ready({ family, bootstrap: places });
    expect(world.north.requests('LogIn')).toMatchObject([{ places: ['PN', 'PS'] }]);
  });

  it('[DS21] [DS20] hot seating with one place for each site: those that were asked for are sent, not those of the file', () => {
    const bootstrap = { hotSeating: true };
    const world = ready({ family, bootstrap, place: ['PN', '', 'PS', 'PN'] });
    expect(world.north.requests('LogIn')).toMatchObject([{ places: ['PN', 'PS'] }]);
    expect(ready({ family, bootstrap, place: [] }).effectsOf('connect')).toEqual([]);
  });

  it.each<[string, SiteName[], SiteName | null]>([
    ['the preferred', ['north'], 'south'],
    ['the peer', ['south'], 'north'],
    ['both', ['north', 'south'], null],
  ])('[DS6] with %s dead', (_, dead, at) => {
    const world = new World({ family, dead }).tell({ type: 'ready' }).run(20_000);
    expect(world.view?.site ?? null).toBe(at);
    if (at === 'south') expect(world.facts('loggedIn').at(-1)?.at).toBeGreaterThan(5_000);
    for (const name of dead) world.start(name);
    world.run(30_000);
    // S4: the third-party family returns at its next start only.
    const home = family === 'agent-desktop' && at === 'south' ? 'south' : 'north';
    expect(world.view).toMatchObject({ state: 'Ready', site: home });
  });

  it('[DS20] the bootstrap file is renewed once, and the next start goes to the own site first', () => {
    const world = ready(SOUTH_FIRST({ family }));
    const [renewed, ...more] = world.effectsOf('bootstrap');
    expect(more).toEqual([]);
    expect(renewed?.bootstrap).toMatchObject({ preferred: { site: 'north' }, peer: { site: 'south' } });
    const again = ready({ family, ...(renewed && { bootstrap: renewed.bootstrap }) });
    expect(again.north.requests('LogIn')).toHaveLength(1);
    expect(again.effectsOf('bootstrap')).toEqual([]);
  });

  it('[DS20] of a renewed copy whose servers are gone, those of the file are tried last, each node once', () => {
    const { preferred, peer } = new World({ family }).bootstrap;
    const gone = (host: string) => ({ ...preferred, nodes: [{ host, port: 9 }] });
    const copy = {
      preferred: gone('a'),
      peer: peer && { ...peer, nodes: [...gone('b').nodes, ...peer.nodes] },
    };
    const delivered = { ...new World({ family }).bootstrap };
    const world = ready({ family, bootstrap: copy, delivered, dead: ['south'] });
    const hosts = world.effectsOf('connect').map(({ host }) => host);
    expect(hosts.slice(0, 4)).toEqual(['a', 'b', 'south-config', 'north-config']);
    expect(world.run(5_000).view).toMatchObject({ state: 'Ready', site: 'north' });
  });

  it('[DS20] hot seating: the place is asked for, and nothing of the agent is kept', () => {
    const hot = SOUTH_FIRST({ family });
    const options = { ...hot, bootstrap: { ...hot.bootstrap, hotSeating: true } };
    const unseated = ready(options);
    expect(unseated.effectsOf('connect')).toEqual([]);
    expect(unseated.view?.banner).toContain('at which place you sit');
    const world = ready({ ...options, place: 'P7' });
    expect(world.south.requests('LogIn')).toMatchObject([{ places: ['P7'] }]);
    expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
    expect(world.effectsOf('bootstrap').at(-1)?.bootstrap).toMatchObject({ preferred: { site: 'south' } });
  });

  it('[DS22] what endangers the move of this agent is shown, once', () => {
    const text = 'The Place "P1" has no Extension at site "south". Give it one.';
    const world = ready({ family, warnings: [text, text] })
      .kill('north', 'config')
      .run(2_000);
    world.start('north', 'config').run(15_000);
    expect(world.view).toMatchObject({ warnings: [AT_RISK.oneSite], problems: [text] });
    const told = world.effectsOf('log').filter(({ line }) => line.because === text);
    expect(told).toHaveLength(1);
  });
});

describe('the type that the bootstrap file gives to the Application', () => {
  it.each<[string, WorldOptions, string, string]>([
    ['the file says Workspace', THIRD, 'Workspace', 'ThirdPartyApplication'],
    ['the file says third-party', {}, 'ThirdPartyApplication', 'Workspace'],
  ])('[DS1] is that of the configuration, and a difference is a problem: %s', (_, options, said, is) => {
    const { preferred, peer } = new World(options).bootstrap;
    const applicationType = said as typeof preferred.applicationType;
    const other = {
      preferred: { ...preferred, applicationType },
      peer: peer && { ...peer, applicationType },
    };
    const { view } = ready({ ...options, bootstrap: other });
    expect(view).toMatchObject({
      state: 'Ready',
      family: options.family ?? 'interaction-workspace',
      warnings: [],
    });
    expect(view?.problems).toEqual([
      `The bootstrap file has Application "${preferred.application}" as a ${said}, and the configuration as a ${is}, by which the desk goes. Correct applicationType in the file; the appSettings form is for Workspace alone.`,
    ]);
    expect(ready(options).view?.problems).toEqual([]);
  });
});

describe('refused by a Configuration Server', () => {
  it('[DS5] what the administrator may mend is shown, and tried again until it is mended', () => {
    const world = new World({ clusterNodes: 1 });
    for (const site of [world.north, world.south]) site.refuseEntry = 'bad-configuration';
    expect(world.run(500).view?.banner).toContain('it is tried again: refused: bad-configuration');
    for (const site of [world.north, world.south]) site.refuseEntry = undefined;
    expect(world.tell({ type: 'ready' }).run(3_000).view).toMatchObject({ state: 'Ready', notice: null });
  });

  it('[CS15] an answer without a desk is shown with its reason, and asked for again until there is one', () => {
    const world = new World({ clusterNodes: 1 });
    for (const site of [world.north, world.south]) site.noDesk = 'Person "ada" has no default Place.';
    expect(world.run(500).view?.banner).toContain('it is tried again: Person "ada" has no default Place.');
    expect(world.north.requests('RegisterClient')).toEqual([]);
    for (const site of [world.north, world.south]) site.noDesk = undefined;
    expect(world.tell({ type: 'ready' }).run(3_000).view).toMatchObject({ state: 'Ready', notice: null });
  });

  it.each<[string, WorldOptions]>([
    ['each site names its own', THIRD],
    ['one Application is for both', {}],
  ])(
    '[DS5] an Application that one server does not know is no matter while another does: %s',
    (_, options) => {
      const world = new World(options);
      const { application } = world.bootstrap.preferred;
      world.north.refuseApplication = application;
      world.tell({ type: 'ready' }).run(15_000);
      expect(world.view).toMatchObject({ state: 'Ready', site: 'north' });
      const told = world
        .effectsOf('log')
        .filter(({ line }) => /unknown-application/.test(line.because ?? ''));
      expect(told.length).toBeGreaterThan(0);
    },
  );

  it('[DS5] one that no server knows is shown and not repeated, and only when all have said so', () => {
    const world = new World({ ...THIRD, dead: ['south'] });
    const { preferred, peer } = world.bootstrap;
    world.north.refuseApplication = preferred.application;
    world.south.refuseApplication = peer?.application;
    world.run(10_000);
    expect(world.north.requests('Open').length).toBeGreaterThan(1);
    expect(world.view?.banner).toContain('it is tried again: refused: unknown-application');
    world.start('south').run(5_000);
    expect(world.south.requests('Open')).toHaveLength(1);
    expect(world.view?.banner).toBe('You are not let in: refused: unknown-application');
    const asked = world.effectsOf('connect').length;
    expect(world.run(30_000).effectsOf('connect')).toHaveLength(asked);
  });

  it('[DS16] a desk at work that is no longer let in goes on working, and says so', () => {
    const world = ready(THIRD);
    world.north.refuseEntry = 'account-disabled';
    world.kill('north', 'config').run(500).start('north', 'config').run(10_000);
    expect(world.view).toMatchObject({
      state: 'Ready',
      site: 'north',
      alarms: [{ name: 'configuration-link-lost' }],
    });
    world.north.refuseEntry = undefined;
    expect(world.run(3_000).view).toMatchObject({ state: 'Ready', alarms: [] });
  });
});

describe('the place that the agent reads', () => {
  it('[DS21] one Place for each DN: its name at the site where the agent works', () => {
    const world = new World(THIRD);
    for (const site of [world.north, world.south]) {
      const { configuration } = site;
      const sites = configuration.sites.map((one) => ({ ...one, place: `P1-${one.site}` }));
      site.configuration = { ...configuration, sites, place: 'P1-north' };
    }
    expect(world.run(1_000).view).toMatchObject({ site: 'north', place: 'P1-north' });
    expect(world.kill('north').run(3_000).view).toMatchObject({ site: null, place: 'P1-north' });
    expect(world.run(5_000).view).toMatchObject({ site: 'south', place: 'P1-south' });
    expect(world.tell({ type: 'logout' }).run(10).view).toMatchObject({ site: null, place: 'P1-south' });
  });
});

describe('the pause after all Configuration Servers have failed', () => {
  /** When the first node is tried again, ms after the start. */
  function secondRoundAt(options: WorldOptions): number {
    const world = new World({ ...options, dead: ['north', 'south'] }).run(30_000);
    return world.effectsOf('connect').filter(({ kind }) => kind === 'configuration')[2]?.at ?? 0;
  }

  it('[DS5] Workspace, pair: the Timeout of the file counts only when a connection had stood', () => {
    expect(secondRoundAt({})).toBeGreaterThanOrEqual(10_000);
  });

  it('[DS5] Workspace, cluster: the Timeout of the file is warm-standby.retry-delay', () => {
    expect(secondRoundAt({ clusterNodes: 1 })).toBeLessThan(1_300);
  });

  it.each<[string, WorldOptions, Part, number]>([
    ['the file of a pair, for its Configuration Servers', {}, 'config', 7_000],
    ['and not for its other servers', {}, 'stat', 1_000],
    ['the configuration, where somebody has set it', { pauseMs: 3_000 }, 'config', 3_000],
    ['the file of a cluster, for its Configuration Servers', { clusterNodes: 1 }, 'config', 7_000],
    ['and for every other link', { clusterNodes: 1 }, 'stat', 7_000],
    ['the configuration before that of a cluster', { clusterNodes: 1, pauseMs: 3_000 }, 'stat', 3_000],
  ])('[DS5] Workspace: after a loss the pause is that of %s', (_, options, part, pauseMs) => {
    const { preferred, peer } = new World(options).bootstrap;
    const slow = { preferred: { ...preferred, timeoutMs: 7_000 }, peer };
    // The link stays at its site for as long as is looked at.
    const stays = { 'disaster-recovery.timeout': '60' };
    const world = ready({ ...options, options: stays, bootstrap: slow });
    const before = world.effectsOf('connect').length;
    const dead = part === 'config' && options.clusterNodes === 1 ? 'config-1' : part;
    const tries = world.kill('north', dead).run(25_000).effectsOf('connect').slice(before);
    const [first = 0, second = 0, third = 0] = tries.map(({ at }) => at);
    for (const ms of [second - first, third - second]) {
      expect(ms).toBeGreaterThanOrEqual(pauseMs);
      expect(ms).toBeLessThanOrEqual(pauseMs * 1.25 + 2);
    }
  });

  it('[DS17] a pause and an ADDP time-out that were changed hold once the configuration link stands anew', () => {
    const world = ready({ options: { 'disaster-recovery.timeout': '60' } });
    for (const at of [world.north, world.south]) {
      const changed = { addpTimeoutMs: 4_000, reconnectPauseMs: 9_000, reconnectPauseSource: 'Person/ada' };
      const sites = at.configuration.sites.map((site) => ({
        ...site,
        telephony: { ...site.telephony, ...changed },
        statistics: { ...site.statistics, ...changed },
      }));
      at.configuration = { ...at.configuration, sites };
    }
    const telephonyAfterSilence = () => {
      world.hang('north').run(2_500);
      const { state } = world.link('telephony') ?? {};
      world.goOn('north').run(15_000);
      return state;
    };
    // Not before: the desk has not heard of it. 500 ms twice are the former limit.
    expect(telephonyAfterSilence()).not.toBe('on');
    world.kill('north', 'config').run(500).start('north', 'config').run(15_000);
    expect(world.link('configuration')).toMatchObject({ site: 'north', state: 'on' });
    expect(telephonyAfterSilence()).toBe('on');
    const before = world.effectsOf('connect').length;
    const tries = world.kill('north', 'stat').run(25_000).effectsOf('connect').slice(before);
    const [first = 0, second = 0] = tries.map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(9_000);
  });

  it('[DS5] third-party: the retry interval of the local data', () => {
    expect(secondRoundAt(THIRD)).toBeLessThan(1_300);
    const { preferred } = new World(THIRD).bootstrap;
    const slow = { ...preferred, timeoutMs: 7_000 };
    expect(secondRoundAt({ ...THIRD, bootstrap: { preferred: slow } })).toBeGreaterThanOrEqual(7_000);
  });

  it('[DS5] third-party: it is the pause of every link, also after the renewal of the file', () => {
    const { preferred, peer } = new World(THIRD).bootstrap;
    const slow = {
      preferred: { ...preferred, timeoutMs: 7_000 },
      peer: peer && { ...peer, timeoutMs: 7_000 },
    };
    const world = ready({ ...THIRD, bootstrap: slow });
    expect(world.effectsOf('bootstrap').at(-1)?.bootstrap).toMatchObject({
      preferred: { site: 'north', timeoutMs: 7_000 },
      peer: { site: 'south', timeoutMs: 7_000 },
    });
    // Once after the first wait of at most 2 s, then after 7 to 8.75 s each.
    const tries = world.kill('north', 'stat').run(20_000).effectsOf('connect').slice(-3);
    expect(tries.map(({ kind }) => kind)).toEqual(['statistics', 'statistics', 'statistics']);
    const [first = 0, second = 0, third = 0] = tries.map(({ at }) => at);
    expect([second - first, third - second].every((ms) => ms >= 7_000 && ms <= 8_752)).toBe(true);
  });
});

describe('clusters', () => {
  it('[DS5] desks spread over the nodes of a cluster, and the peer site comes after all of them', () => {
    const first = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const world = new World({ clusterNodes: 3, seed, dead: ['north'] }).run(100);
      const hosts = world.effectsOf('connect').map(({ host }) => host);
      expect(hosts.slice(0, 3).sort()).toEqual(['north-config-1', 'north-config-2', 'north-config-3']);
      expect(hosts[3]).toMatch(/^south-config/);
      first.add(hosts[0] ?? '');
    }
    expect(first.size).toBe(3);
  });

  it('[DS5] who has lost one node takes another, and is not off', () => {
    const world = ready({ clusterNodes: 3 });
    const { host, connection } = must(world.effectsOf('connect')[0]);
    world.tell({ type: 'closed', connection }).run(20);
    const next = world.effectsOf('connect').at(-1);
    expect(next?.host).toMatch(/^north-config/);
    expect(next?.host).not.toBe(host);
    expect(world.link('configuration')).toMatchObject({ state: 'on' });
    expect(world.effectsOf('alarm')).toEqual([]);
  });
});

function must<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('nothing there');
  return value;
}
