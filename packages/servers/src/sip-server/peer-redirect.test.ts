import { contactsOf, parseUri, type SipResponse } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { HOP_HEADER, HOP_PARAMETER } from './peer-forward.ts';
import { configured } from './testing/configured-site.ts';
import { callerAt, Peer } from './testing/people.ts';
import { configurationOf, GATEWAY, SERVER, trunk } from './testing/server-site.ts';
import { SIP_PORT } from './testing/server-world.ts';
import { believeAway, SOUTH, twoSites } from './testing/two-sites.ts';

const CARRIER = '10.0.9.7';
/** More than any client follows. */
const FOLLOWED_MAX = 8;

/** The trunk 9001 of both sites leads to a gateway that follows; ada's phone is at both sites. */
function joined({ northTo = SOUTH, southTo = SERVER, isRedirected = true } = {}) {
  const dns = configurationOf().dns.map((dn) =>
    dn.type === 'Extension' ? { ...dn, forward: 'no-agent' as const } : dn,
  );
  const carrier = { ...trunk('9001', CARRIER), ...(isRedirected && { isRedirected }) };
  const at = (host: string) => ({ peerTrunk: '9100', dns: [...dns, carrier, trunk('9100', host)] });
  const sites = twoSites({ north: at(northTo), south: at(southTo) });
  sites.world.packets = [];
  const ada = sites.phone('7001');
  const gateway = new Peer(sites.world, '4930123456', CARRIER);
  const statuses: number[] = [];
  const tried: string[] = [];
  const follow = (response: SipResponse) => {
    const contacts = contactsOf(response);
    const uri = contacts === undefined || contacts === '*' ? undefined : contacts[0]?.uri;
    const host = parseUri(uri ?? '')?.host;
    if (uri === undefined || host === undefined || tried.length > FOLLOWED_MAX) return;
    tried.push(uri);
    const target = { transport: 'UDP', host, port: SIP_PORT } as const;
    gateway.call('7001', { uri, destination: { type: 'target', target } });
  };
  gateway.react = (event) => {
    if (event.type !== 'failed') return;
    statuses.push(event.status);
    if (event.status === 302 && event.response !== undefined) follow(event.response);
  };
  return { ...sites, ada, gateway, statuses, tried };
}

describe('a call from a gateway that follows redirections', () => {
  it('[SS78] for an agent of the other site is sent there by 302, and is served there without us', () => {
    const { world, south, north, ada, gateway, statuses, tried, desk } = joined();
    expect(desk(south, 'ada', '7001').login('7001')).toBe('EventAgentLogin');
    world.run(50);
    gateway.call('7001');
    world.run(500);
    expect([statuses, tried]).toEqual([[302], [`sip:7001${HOP_PARAMETER}@${SOUTH}:5060`]]);
    expect(ada.news().at(-1)).toBe('ringing');
    ada.tell({ name: 'answer' });
    world.run(500);
    expect(gateway.types().at(-1)).toBe('answered');
    expect([north.node.parts.calls.size, south.node.parts.calls.size]).toEqual([0, 1]);
  });

  it('[SS78] for an agent who is logged in here rings here', () => {
    const { world, north, ada, gateway, statuses, desk } = joined();
    expect(desk(north, 'ada', '7001').login('7001')).toBe('EventAgentLogin');
    gateway.call('7001');
    world.run(500);
    expect(statuses).toEqual([]);
    expect(ada.news().at(-1)).toBe('ringing');
  });

  it('[SS78] [SS76] is relayed where the trunk does not say so, and from any other trunk', () => {
    for (const isRedirected of [true, false]) {
      const { world, south, north, ada, gateway, statuses, desk } = joined({ isRedirected });
      expect(desk(south, 'ada', '7001').login('7001')).toBe('EventAgentLogin');
      world.run(50);
      if (isRedirected) callerAt(world, GATEWAY, '4930777').tell({ name: 'call', to: '7001' });
      else gateway.call('7001');
      world.run(500);
      expect(statuses).toEqual([]);
      expect(ada.news().at(-1)).toBe('ringing');
      expect([north.node.parts.calls.size, south.node.parts.calls.size]).toEqual([1, 1]);
    }
  });

  it('[SS78] [SS77] [D11] is redirected once, also where each site believes that the other has the agent', () => {
    const { world, north, south, ada, gateway, statuses, tried } = joined();
    believeAway(north, south);
    believeAway(south, north);
    gateway.call('7001');
    world.run(1_000);
    expect([statuses, tried.length]).toEqual([[302, 480], 1]);
    expect(ada.news()).not.toContain('ringing');
    expect(south.logs.find(({ what }) => what === 'call has crossed already')).toMatchObject({ dn: '7001' });
  });

  it('[SS78] [SS77] [D14] and where the trunk between the sites leads back here', () => {
    const { world, south, gateway, statuses, tried, desk } = joined({ northTo: SERVER });
    expect(desk(south, 'ada', '7001').login('7001')).toBe('EventAgentLogin');
    world.run(50);
    gateway.call('7001');
    world.run(1_000);
    expect([statuses, tried.length]).toEqual([[302, 480], 1]);
  });

  it('[SS78] the token is known with its semicolon escaped; an extension that dials it has dialled no DN', () => {
    const { world, north, south, ada, gateway, statuses } = joined();
    believeAway(north, south);
    gateway.call('7001', { uri: `sip:7001%3bholdfast-hop@${SERVER}` });
    world.run(500);
    expect(statuses).toEqual([480]);
    const bob = new Peer(world, '7002', '10.0.1.2');
    bob.call('7001', { uri: `sip:7001${HOP_PARAMETER}@${SERVER}` });
    world.run(500);
    expect(ada.news()).not.toContain('ringing');
  });

  it('[SS78] the token makes no reservation: that counts on the trunk between the sites alone', () => {
    const { world, north, gateway } = joined();
    gateway.call('8000', {
      uri: `sip:8000${HOP_PARAMETER}@${SERVER}`,
      headers: [
        [HOP_HEADER, 'c1'],
        ['X-Holdfast-Reservation', '1'],
      ],
    });
    world.run(500);
    const [call] = [...north.node.parts.calls.calls()];
    expect(call?.treatment).toBeDefined();
  });
});

it('[option holdfast/redirect-to-peer] says which trunks are redirected, none unless set', () => {
  const redirected = (options: Parameters<typeof configured>[0]) =>
    configured(options)
      .dns.filter((dn) => dn.isRedirected === true)
      .map(({ number }) => number);
  expect(redirected({})).toEqual([]);
  expect(redirected({ 'DN/9001@switch-north': { holdfast: { 'redirect-to-peer': 'true' } } })).toEqual([
    '9001',
  ]);
});
