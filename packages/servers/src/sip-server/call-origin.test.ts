import { portableHashes } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { ORIGIN_HEADER, signedOrigin } from './call-origin.ts';
import { PEER_SILENT_MAX_MS } from './call-ringing.ts';
import { HOP_HEADER } from './peer-forward.ts';
import { Peer } from './testing/people.ts';
import { configurationOf, GATEWAY, SERVER, trunk } from './testing/server-site.ts';
import { believeAway, SOUTH, type TwoSites, twoSites } from './testing/two-sites.ts';

const SOUTH_GATEWAY = '10.0.9.8';
const OUTSIDE = '4930123456';

/** Two sites with a gateway each that answers; the phones of ada and bob are at both, and call from north. */
function joined({ northTo = SOUTH, forward = true, emergencyNumbers = [] as string[] } = {}) {
  const at = (peer: string, gateway: string) => ({
    peerTrunk: '9100',
    emergencyNumbers,
    dns: [
      ...configurationOf().dns.flatMap((dn) => {
        if (dn.type === 'Trunk') return [];
        return dn.type === 'Extension' && forward ? [{ ...dn, forward: 'no-agent' as const }] : [dn];
      }),
      trunk('9000', gateway),
      trunk('9100', peer),
    ],
  });
  const sites = twoSites({ north: at(northTo, GATEWAY), south: at(SERVER, SOUTH_GATEWAY) });
  const { world } = sites;
  const gateways = [GATEWAY, SOUTH_GATEWAY].map((host) => {
    const peer = new Peer(world, OUTSIDE, host);
    peer.react = (event) => {
      if (event.type === 'incoming')
        peer.do(peer.userAgent.answer(world.now, event.leg, { sdp: peer.sdp() }));
    };
    return peer;
  });
  /** Calls at the gateway of north, and of south. */
  const left = () => gateways.map(({ events }) => events.filter(({ type }) => type === 'incoming').length);
  return { ...sites, ada: sites.phone('7001'), bob: sites.phone('7002'), left };
}

function logIn(sites: TwoSites, site: TwoSites['north'], person = 'ada', dn = '7001') {
  const desk = sites.desk(site, person, dn);
  const more = person === 'ada' ? {} : { AgentID: '1002' };
  expect(desk.login(dn, more)).toBe('EventAgentLogin');
  sites.world.run(50);
  desk.news();
  return desk;
}

describe('a phone calls from the site where its agent is not', () => {
  it('[PH3] [SS79] the other site makes the call over its own trunk, and the desk sees it from beginning to end', () => {
    const sites = joined();
    const { world, ada, left, south } = sites;
    const desk = logIn(sites, south);
    ada.tell({ name: 'call', to: OUTSIDE });
    world.run(1_000);
    expect(ada.news().at(-1)).toBe('established');
    expect(left()).toEqual([0, 1]);
    expect(desk.news()).toEqual(['EventDialing 7001', 'EventEstablished 7001']);
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    expect(desk.news()).toEqual(['EventReleased 7001']);
    expect([sites.north, south].map(({ node }) => node.parts.calls.size)).toEqual([0, 0]);
  });

  it('[PH3] [SS79] also to a queue, which then serves the caller there', () => {
    const sites = joined();
    const { world, ada, south } = sites;
    const desk = logIn(sites, south);
    ada.tell({ name: 'call', to: '8000' });
    world.run(500);
    expect(desk.news()).toContain('EventDialing 7001');
    expect(south.announced).toContain('start music with remote');
  });

  it.each<[string, Parameters<typeof joined>[0], (sites: ReturnType<typeof joined>) => void]>([
    ['where the agent is logged in here', {}, (sites) => logIn(sites, sites.north)],
    ['where the agent is logged in nowhere', {}, () => undefined],
    ['without dr-forward', { forward: false }, (sites) => logIn(sites, sites.south)],
  ])('[PH3] [SS79] %s the call leaves from here', (_, options, before) => {
    const sites = joined(options);
    before(sites);
    sites.ada.tell({ name: 'call', to: OUTSIDE });
    sites.world.run(500);
    expect(sites.ada.news().at(-1)).toBe('established');
    expect(sites.left()).toEqual([1, 0]);
  });

  it('[SS79] a call to an agent of this site is served here: it would have to cross twice', () => {
    const sites = joined();
    const { world, ada, bob, north, south } = sites;
    const desk = logIn(sites, south);
    logIn(sites, north, 'bob', '7002');
    ada.tell({ name: 'call', to: '7002' });
    world.run(500);
    expect(bob.news().at(-1)).toBe('ringing');
    expect(desk.news()).toEqual([]);
    expect(south.node.parts.calls.size).toBe(0);
  });

  it('[PQ4] [SS79] an emergency number is called from here, wherever the agent is', () => {
    const sites = joined({ emergencyNumbers: ['112'] });
    logIn(sites, sites.south);
    sites.ada.tell({ name: 'call', to: '112' });
    sites.world.run(500);
    expect([sites.left(), sites.south.node.parts.calls.size]).toEqual([[1, 0], 0]);
  });
});

describe('the other site cannot make the call', () => {
  it('[PH3] [SS79] while it is silent: it leaves from here after 2 s', () => {
    const sites = joined();
    const { world, ada, left, south } = sites;
    logIn(sites, south);
    world.cut.add(SOUTH);
    ada.tell({ name: 'call', to: OUTSIDE });
    world.run(PEER_SILENT_MAX_MS - 500);
    expect(left()).toEqual([0, 0]);
    world.run(1_000);
    expect(ada.news().at(-1)).toBe('established');
    expect(left()).toEqual([1, 0]);
  });

  it('[PH3] [SS79] [D11] where it has no such agent either: it leaves from here at once, and crosses once', () => {
    const sites = joined();
    const { world, ada, left, north, south } = sites;
    believeAway(north, south);
    ada.tell({ name: 'call', to: OUTSIDE });
    world.run(500);
    expect(ada.news().at(-1)).toBe('established');
    expect(left()).toEqual([1, 0]);
  });

  it('[SS79] [D14] over a trunk that leads to its own site: it is refused, and goes round no second time', () => {
    const sites = joined({ northTo: SERVER });
    const { world, ada, left, north, south } = sites;
    logIn(sites, south);
    world.packets = [];
    ada.tell({ name: 'call', to: OUTSIDE });
    world.run(500);
    expect(ada.news().at(-1)).toBe('ended refused 480');
    expect(left()).toEqual([0, 0]);
    const round = world.packets.filter(({ from, to, message }) => {
      return from === SERVER && to === SERVER && message.kind === 'request' && message.method === 'INVITE';
    });
    expect(round).toHaveLength(1);
    expect(north.node.parts.calls.size).toBe(0);
  });
});

describe('who names an extension over the trunk between the sites', () => {
  /** What somebody gets who calls from the address of the other site, for ada, who is logged in here. */
  function pretended(proof: string, to = OUTSIDE) {
    const stranger = '10.0.9.66';
    const sites = joined({ northTo: stranger });
    logIn(sites, sites.north);
    const peer = new Peer(sites.world, '7001', stranger);
    const headers = [
      [HOP_HEADER, 'c1'],
      [ORIGIN_HEADER, proof],
    ] as const;
    peer.call(to, { headers });
    sites.world.run(500);
    return { answer: peer.types().at(-1), left: sites.left() };
  }
  const keys = configurationOf().nonceKeys;
  const proof = (more: { connId?: string; to?: string; key?: string } = {}) =>
    signedOrigin(
      portableHashes,
      { current: more.key ?? keys.current },
      { dn: '7001', connId: more.connId ?? 'c1', to: more.to ?? OUTSIDE },
    );

  it('[SS79] has to prove it for this call and this number: else nothing leaves', () => {
    const forged = [
      `7001;proof=${'0'.repeat(64)}`,
      '7001',
      proof({ connId: 'c2' }),
      proof({ to: '900123' }),
      proof({ key: 'another key' }),
      proof().replace('7001', '7002'),
    ];
    for (const text of forged) expect(pretended(text)).toEqual({ answer: 'failed 404', left: [0, 0] });
    expect(pretended(proof())).toEqual({ answer: 'answered', left: [1, 0] });
  });

  it('[SS79] proves it also by the key that was in use before', () => {
    const sites = joined({ northTo: '10.0.9.66' });
    logIn(sites, sites.north);
    const configuration = configurationOf();
    sites.north.input({
      type: 'configuration',
      configuration: {
        ...configuration,
        peerTrunk: '9100',
        dns: [...configuration.dns, trunk('9100', '10.0.9.66')],
        nonceKeys: { current: 'a new key', previous: keys.current },
      },
    });
    const peer = new Peer(sites.world, '7001', '10.0.9.66');
    peer.call(OUTSIDE, {
      headers: [
        [HOP_HEADER, 'c1'],
        [ORIGIN_HEADER, proof()],
      ],
    });
    sites.world.run(500);
    expect(sites.left()).toEqual([1, 0]);
  });
});
