/** Two sites with a trunk to each other, whose queues 8000 are one pool. */
import { expect } from 'vitest';
import { CALLER_NUMBER } from './centre-world.ts';
import { Desk } from './desk.ts';
import { callerAt, Peer, type Phone } from './people.ts';
import { configurationOf, queue, SERVER, type Site, trunk } from './server-site.ts';
import { SIP_PORT } from './server-world.ts';
import { SOUTH, type TwoSitesOptions, twoSites } from './two-sites.ts';

export const GATEWAYS = ['10.0.9.1', '10.0.9.2', '10.0.9.3'] as const;
const NUMBERS: Readonly<Record<string, string>> = { ada: '7001', bob: '7002', cyd: '7003' };

export type Pool = ReturnType<typeof pooled>;

/** Two sites with a trunk to each other, whose queues 8000 are one pool; gateways call at either. */
export function pooled(
  more: TwoSitesOptions & { readonly northPools?: boolean; readonly noAnswerMs?: number } = {},
) {
  const { northPools = true, noAnswerMs = 10_000, ...options } = more;
  const dns = (isPooled: boolean, host: string) => [
    ...configurationOf().dns.filter(({ number, type }) => number !== '8000' && type !== 'Trunk'),
    queue('8000', { isPooled, waitingMax: 50, noAnswerMs }),
    ...GATEWAYS.map((gateway, n) => trunk(`900${n}`, gateway)),
    trunk('9100', host),
  ];
  const sites = twoSites({
    ...options,
    north: { peerTrunk: '9100', dns: dns(northPools, SOUTH), ...options.north },
    south: { peerTrunk: '9100', dns: dns(true, SERVER), ...options.south },
  });
  sites.world.packets = [];
  const boardAt = (site: Site) => {
    const board = new Desk(site, 'sue', `board-${site.host}`);
    board.register();
    board.ask({ type: 'RegisterAll' });
    return board;
  };
  return { ...sites, southBoard: boardAt(sites.south), northBoard: boardAt(sites.north) };
}

/** A caller whose gateway sends the call to this site. */
export function caller({ world }: Pool, { host }: Site, n: 0 | 1 | 2 = 0): Phone {
  const target = { transport: 'UDP' as const, host, port: SIP_PORT };
  const sites = [
    { site: 'any', registrar: 'sip:holdfast', destination: { type: 'target' as const, target } },
  ];
  return callerAt(world, GATEWAYS[n], `493012345${n}`, { sites });
}

/** An agent who is Ready at that site, on a phone that is registered there alone. */
export function agent(pool: Pool, site: Site, person: string) {
  const dn = NUMBERS[person] ?? '';
  const phone = pool.phone(dn, [site.host]);
  const desk = pool.desk(site, person, dn);
  expect(desk.login(dn)).toBe('EventAgentLogin');
  pool.world.run(100);
  phone.news();
  desk.news();
  return { phone, desk, dn };
}

/**
 * Ada works at north, her phone registered at both sites; a caller whose gateway calls at south talks to her. Neither of
 * the two asks whether the call still stands.
 */
export function patientCall(pool: Pool) {
  const { world, north, south } = pool;
  const ada = new Peer(world, '7001', '10.0.1.1');
  ada.react = (event) => {
    if (event.type === 'incoming') ada.do(ada.userAgent.answer(world.now, event.leg, { sdp: ada.sdp(4000) }));
    if (event.type === 'offer') ada.do(ada.userAgent.acceptOffer(world.now, event.leg, ada.sdp(4000)));
  };
  for (const server of [north.host, south.host]) ada.register({ server, expires: 3_600 });
  pool.desk(north, 'ada', '7001', 'the desk at north').login('7001');
  const one = new Peer(world, CALLER_NUMBER, GATEWAYS[0]);
  one.react = (event) => {
    if (event.type === 'offer') one.do(one.userAgent.acceptOffer(world.now, event.leg, one.sdp()));
  };
  const target = { transport: 'UDP', host: south.host, port: SIP_PORT } as const;
  const leg = one.call('8000', { destination: { type: 'target', target } });
  world.run(2_000);
  expect(one.types()).toContain('answered');
  expect(ada.types()).toContain('acknowledged');
  return { ada, one, leg };
}
