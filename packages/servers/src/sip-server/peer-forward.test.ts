import { headerValue } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { HOP_HEADER } from './peer-forward.ts';
import { configured } from './testing/configured-site.ts';
import { callerAt, Peer } from './testing/people.ts';
import { configurationOf, GATEWAY, SERVER, trunk } from './testing/server-site.ts';
import { believeAway, SOUTH, type TwoSites, twoSites } from './testing/two-sites.ts';

type Forward = 'no-agent' | 'oos' | undefined;

/** Two sites with a trunk to each other; ada's phone is at both, bob's calls from north, and a gateway is at each. */
function joined(forward: Forward, { northTo = SOUTH, southTo = SERVER } = {}) {
  const dns = configurationOf().dns.map((dn) =>
    dn.type === 'Extension' && forward !== undefined ? { ...dn, forward } : dn,
  );
  const at = (host: string) => ({ peerTrunk: '9100', dns: [...dns, trunk('9100', host)] });
  const sites = twoSites({ north: at(northTo), south: at(southTo) });
  sites.world.packets = [];
  const ada = sites.phone('7001');
  const bob = sites.phone('7002');
  const caller = callerAt(sites.world, GATEWAY, '4930123456');
  return { ...sites, ada, bob, caller };
}

function logIn(sites: TwoSites, site: TwoSites['north'], dn = '7001'): void {
  expect(sites.desk(site, 'ada', dn).login(dn)).toBe('EventAgentLogin');
  sites.world.run(50);
}

/** INVITEs that went from one host to another, each once. */
function crossed({ world }: TwoSites, from: string, to: string): number {
  const ids = (world.packets ?? [])
    .filter((packet) => packet.from === from && packet.to === to)
    .flatMap(({ message }) => (message.kind === 'request' && message.method === 'INVITE' ? [message] : []))
    .map((message) => headerValue(message, 'call-id'));
  return new Set(ids).size;
}

describe('a direct call to an agent of the other site', () => {
  it('[PH3] [SS76] goes there over dr-peer-trunk, rings there, and the desk there sees its events', () => {
    const sites = joined('no-agent');
    const { world, ada, bob, south } = sites;
    const desk = sites.desk(south, 'ada', '7001');
    expect(desk.login('7001')).toBe('EventAgentLogin');
    world.run(50);
    desk.news();
    bob.tell({ name: 'call', to: '7001' });
    world.run(500);
    expect(ada.news().at(-1)).toBe('ringing');
    ada.tell({ name: 'answer' });
    world.run(500);
    expect(bob.news().at(-1)).toBe('established');
    expect(bob.hears()).toEqual([`${ada.host}:4000`]);
    expect(desk.news()).toEqual(['EventRinging 7001', 'EventEstablished 7001']);
    expect([crossed(sites, SERVER, SOUTH), crossed(sites, SOUTH, SERVER)]).toEqual([1, 0]);
    bob.tell({ name: 'hangup' });
    world.run(500);
    expect(ada.news().at(-1)).toMatch(/^ended/);
    expect(desk.news()).toEqual(['EventReleased 7001']);
  });

  it('[SS76] also one that comes in from a gateway', () => {
    const sites = joined('no-agent');
    const { world, ada, caller, south } = sites;
    logIn(sites, south);
    caller.tell({ name: 'call', to: '7001' });
    world.run(500);
    ada.tell({ name: 'answer' });
    world.run(500);
    expect(caller.news().at(-1)).toBe('established');
    expect(crossed(sites, SERVER, SOUTH)).toBe(1);
    ada.tell({ name: 'hangup' });
    world.run(500);
    expect(caller.news().at(-1)).toMatch(/^ended/);
  });

  it('[SS76] also the call that a client makes', () => {
    const sites = joined('no-agent');
    const { world, ada, bob, north, south } = sites;
    logIn(sites, south);
    const desk = sites.desk(north, 'bob', '7002');
    expect(desk.login('7002', { AgentID: '1002' })).toBe('EventAgentLogin');
    desk.begin({ type: 'MakeCall', dn: '7002', destination: '7001' });
    world.run(200);
    bob.tell({ name: 'answer' });
    world.run(500);
    expect(ada.news().at(-1)).toBe('ringing');
    expect(crossed(sites, SERVER, SOUTH)).toBe(1);
  });

  it.each<[string, Forward, (sites: ReturnType<typeof joined>) => void]>([
    ['without the option', undefined, (sites) => logIn(sites, sites.south)],
    ['where the agent is logged in here', 'no-agent', (sites) => logIn(sites, sites.north)],
    ['where the agent is logged in nowhere', 'no-agent', () => undefined],
    ['where the phone is in service here', 'oos', (sites) => logIn(sites, sites.south)],
    [
      'while nothing is known of the other site',
      'no-agent',
      (sites) => {
        logIn(sites, sites.south);
        sites.north.servers.clear();
        sites.north.input({ type: 'peer', input: { type: 'sipClosed', attempt: 1, why: 'cut' } });
      },
    ],
  ])('[SS76] %s none crosses: the phone rings here', (_, forward, before) => {
    const sites = joined(forward);
    before(sites);
    sites.bob.tell({ name: 'call', to: '7001' });
    sites.world.run(500);
    expect(sites.ada.news().at(-1)).toBe('ringing');
    expect(crossed(sites, SERVER, SOUTH)).toBe(0);
  });

  it('[SS76] oos: goes where the phone is in service, whoever is logged in', () => {
    const sites = joined('oos');
    const { world, caller } = sites;
    const cyd = sites.phone('7003', [SOUTH]);
    cyd.news();
    caller.tell({ name: 'call', to: '7003' });
    world.run(500);
    expect(cyd.news()).toEqual(['ringing']);
    expect(crossed(sites, SERVER, SOUTH)).toBe(1);
  });
});

describe('a call crosses once', () => {
  it('[D11] [SS77] also where each site believes that the other has the agent: 480, with its because', () => {
    const sites = joined('no-agent');
    const { world, north, south, ada, bob } = sites;
    believeAway(north, south);
    believeAway(south, north);
    bob.tell({ name: 'call', to: '7001' });
    world.run(500);
    expect(bob.news().slice(-2)).toEqual(['dialing', 'ended refused 480']);
    expect(ada.news()).not.toContain('ringing');
    expect([crossed(sites, SERVER, SOUTH), crossed(sites, SOUTH, SERVER)]).toEqual([1, 0]);
    const because = 'No agent is logged in on 7001 here, and the call comes from the other site';
    expect(south.logs.find(({ what }) => what === 'call has crossed already')).toMatchObject({
      because: expect.stringContaining(because),
      dn: '7001',
    });
    const refused = (world.packets ?? []).find(
      ({ from, message }) => from === SOUTH && message.kind === 'response' && message.status === 480,
    );
    expect(refused && headerValue(refused.message, 'warning')).toContain(`PH3: ${because}`);
  });

  it('[D14] [SS77] also over a trunk that leads to its own site', () => {
    const sites = joined('no-agent', { northTo: SERVER });
    const { world, south, bob } = sites;
    logIn(sites, south);
    bob.tell({ name: 'call', to: '7001' });
    world.run(500);
    expect(bob.news().slice(-2)).toEqual(['dialing', 'ended refused 480']);
    expect([crossed(sites, SERVER, SERVER), crossed(sites, SERVER, SOUTH)]).toEqual([1, 0]);
  });

  it('[SS77] the token counts on the trunk between the sites alone', () => {
    const sites = joined('no-agent');
    const { world, south, ada } = sites;
    logIn(sites, south);
    const gateway = new Peer(world, '4930123456', '10.0.9.1');
    gateway.call('7001', { headers: [[HOP_HEADER, 'of a stranger']] });
    world.run(500);
    expect(ada.news().at(-1)).toBe('ringing');
    expect(crossed(sites, SERVER, SOUTH)).toBe(1);
  });

  it('[SS77] no call for the outside takes the trunk between the sites', () => {
    const sites = joined('no-agent');
    const { world, bob } = sites;
    world.remove(GATEWAY);
    bob.tell({ name: 'call', to: '4930999' });
    world.run(40_000);
    expect(bob.news().at(-1)).toMatch(/^ended refused/);
    expect(crossed(sites, SERVER, SOUTH)).toBe(0);
  });
});

it('[option TServer/dr-forward] the DN goes before the server; off crosses nothing', () => {
  const forwards = (options: Parameters<typeof configured>[0]) =>
    configured(options)
      .dns.filter(({ number }) => ['7001', '7002', '8000'].includes(number))
      .map(({ forward }) => forward);
  expect(forwards({})).toEqual([undefined, undefined, undefined]);
  const server = { TServer: { 'dr-forward': 'no-agent' } };
  expect(forwards({ server })).toEqual(['no-agent', 'no-agent', undefined]);
  const [oos, off] = ['oos', 'off'].map((value) => ({ TServer: { 'dr-forward': value } }));
  expect(forwards({ server, 'DN/7001@switch-north': oos, 'DN/7002@switch-north': off })).toEqual([
    'oos',
    undefined,
    undefined,
  ]);
});
