import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { LabLinks } from './lab-links.ts';

const ends: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

async function listening(): Promise<{ readonly server: Server; readonly port: number }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ends.push(() => void server.close());
  return { server, port: (server.address() as AddressInfo).port };
}

/** Both ends of a new line to that port of ours. */
async function lineTo(port: number, server: Server): Promise<readonly [Socket, Socket]> {
  const near = connect(port, '127.0.0.1');
  near.on('error', () => {});
  const [far] = (await once(server, 'connection')) as [Socket];
  far.on('error', () => {});
  ends.push(() => void near.destroy());
  ends.push(() => void far.destroy());
  return [near, far];
}

async function links(hasOutlyingOffice: boolean) {
  const [north, south, lesser] = [await listening(), await listening(), await listening()];
  const both = [lesser.port, lesser.port] as const;
  const ports = {
    ...{ clients: [north.port, south.port] as const, config: both, stats: both, sip: both, gateway: 0 },
  };
  const made = await LabLinks.make({ ports, agents: 20, hasOutlyingOffice });
  ends.push(() => made.close());
  await made.openForDesks();
  return { made, north, south };
}

test('two desks of ten, one of each site, are in the outlying office where there is one', async () => {
  const indices = Array.from({ length: 20 }, (_, index) => index);
  const { made } = await links(true);
  expect(indices.filter((index) => made.isOutlying(index))).toEqual([4, 5, 14, 15]);
  const without = await links(false);
  expect(indices.filter((index) => without.made.isOutlying(index))).toEqual([]);
});

test('a partition holds back what sites tell each other and what the office tells that site, and nothing else', async () => {
  const { made, north, south } = await links(true);
  const portOf = (index: number, port: number) => made.ofDesk(index).through('127.0.0.1', port).port;
  const peerPort = Number(made.peerAddress('north').split(':')[1]);
  const [atNorth, peer] = await lineTo(peerPort, south.server);
  const [desk, atSite] = await lineTo(portOf(0, north.port), north.server);
  const [officeDesk, atSiteOfOffice] = await lineTo(portOf(4, north.port), north.server);
  const heard: string[] = [];
  for (const [name, far] of [
    ['peer', peer],
    ['desk', atSite],
    ['office', atSiteOfOffice],
  ] as const)
    far.on('data', () => heard.push(name));
  made.partition('north');
  for (const near of [atNorth, officeDesk, desk]) near.write('?');
  await once(atSite, 'data');
  expect(heard).toEqual(['desk']);
  const rest = Promise.all([once(peer, 'data'), once(atSiteOfOffice, 'data')]);
  made.heal('north');
  await rest;
  expect([...heard].sort()).toEqual(['desk', 'office', 'peer']);
});

test.each([
  ['from-site', ['north to desk', 'north to south', 'south asks north: answer']],
  ['to-site', ['desk to north', 'north asks south: answer', 'south to north']],
] as const)(
  'a site that is cut off %s is so towards desks and towards the other site, whoever has connected',
  async (cut, held) => {
    const { made, north, south } = await links(false);
    const peerPort = (site: 'north' | 'south') => Number(made.peerAddress(site).split(':')[1]);
    const [asking, asked] = await lineTo(peerPort('north'), south.server);
    const [askingNorth, askedNorth] = await lineTo(peerPort('south'), north.server);
    const [desk, atNorth] = await lineTo(made.ofDesk(0).through('127.0.0.1', north.port).port, north.server);
    const [deskOfSouth, atSouth] = await lineTo(
      made.ofDesk(0).through('127.0.0.1', south.port).port,
      south.server,
    );
    const ways: readonly (readonly [string, Socket, Socket])[] = [
      ['desk to north', desk, atNorth],
      ['north to desk', atNorth, desk],
      ['north to south', asking, asked],
      ['north asks south: answer', asked, asking],
      ['south to north', askingNorth, askedNorth],
      ['south asks north: answer', askedNorth, askingNorth],
      ['desk to south', deskOfSouth, atSouth],
      ['south to desk', atSouth, deskOfSouth],
    ];
    const heard = new Set<string>();
    for (const [name, , to] of ways) to.on('data', () => heard.add(name));
    made.cutOff('north', cut);
    for (const [, from] of ways) from.write('?');
    const passes = ways.filter(([name]) => !held.some((one) => one === name));
    await vi.waitFor(() => expect(heard.size).toBe(passes.length));
    expect([...heard].sort()).toEqual(passes.map(([name]) => name).sort());
    made.heal('north');
    await vi.waitFor(() => expect(heard.size).toBe(ways.length));
  },
);

test('what went between the sites is measured there: a desk that says something has no part in it', async () => {
  const { made, north, south } = await links(false);
  const desk = made.ofDesk(0).through('127.0.0.1', north.port).port;
  const [near, far] = await lineTo(desk, north.server);
  near.write('a desk');
  await once(far, 'data');
  expect(made.counts).toEqual({ lost: 0, overtaken: 0, betweenSitesMs: undefined });
  const [one, other] = await lineTo(Number(made.peerAddress('north').split(':')[1]), south.server);
  one.write('a site');
  await once(other, 'data');
  expect(made.counts.betweenSitesMs).toBeGreaterThanOrEqual(0);
});
