import { checkCentre } from '@holdfast/centre';
import type { PhoneOptions } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import type { PeerRecords } from './adoption.ts';
import { CALLER_NUMBER, leftovers, NOTHING } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';
import { callerAt, Phone } from './testing/people.ts';
import { configurationOf, GATEWAY, REALM, SERVER, Site } from './testing/server-site.ts';
import { SIP_PORT, World } from './testing/server-world.ts';

const SOUTH = '10.0.0.2';

/** Two sites, of which south follows north; ada's phone at both; a call to the queue of north that she has answered. */
function talking(more: { readonly withoutUpdate?: boolean; readonly calls?: string } = {}) {
  const world = new World();
  const north = new Site(world, configurationOf({ site: 'north' }), { isFollowed: true });
  const south = new Site(world, configurationOf({ site: 'south', application: 'sip-south' }), {
    host: SOUTH,
    isFollowed: true,
    peerRecords: () => (more.withoutUpdate === true ? withoutAllow(north.followed) : north.followed),
  });
  const at = (site: string, host: string): PhoneOptions['sites'][number] => ({
    site,
    registrar: `sip:${REALM}`,
    destination: { type: 'target', target: { transport: 'UDP', host, port: SIP_PORT } },
  });
  const phone = (number: string) =>
    new Phone(world, number, {
      answerAfterMs: 500,
      sites: [at('north', SERVER), at('south', SOUTH)],
    }).tell({ name: 'register' });
  const ada = phone('7001');
  const bob = phone('7002');
  const caller = callerAt(world, GATEWAY, CALLER_NUMBER);
  world.run(500);
  const desk = new Desk(north, 'ada');
  desk.register();
  desk.ask({ type: 'RegisterAddress', dn: '7001' });
  expect(desk.login('7001')).toBe('EventAgentLogin');
  caller.tell({ name: 'call', to: more.calls ?? '8000' });
  world.run(3_000);
  expect(ada.news()).toContain('established');
  caller.news();
  return { world, north, south, ada, bob, caller };
}

/** As if nobody had said which methods are understood. */
function withoutAllow({ get, keys }: PeerRecords): PeerRecords {
  return {
    keys,
    get(key) {
      const held = get(key);
      if (held === undefined || !key.startsWith('leg/')) return held;
      const text = JSON.stringify(held.value).replace(/"allows":\[[^\]]*\],?/, '');
      return { ...held, value: JSON.parse(text) };
    },
  };
}

function logsInAtSouth(
  { world, south }: Pick<ReturnType<typeof talking>, 'world' | 'south'>,
  number?: number,
) {
  const desk = new Desk(south, 'ada', 'the desk at south');
  desk.register();
  desk.ask({ type: 'RegisterAddress', dn: '7001' });
  desk.login('7001', number === undefined ? {} : { number });
  world.run(500);
  return desk;
}

describe('a site dies while its agent talks, and she logs in at the other', () => {
  it('[AD1] [AD4] the call goes on there: both ends are told, hold and hang-up work, and she sees it with its data', () => {
    const all = talking();
    const { world, north, south, ada, caller } = all;
    world.remove(north.host);
    world.run(20_000);
    world.packets = [];
    const desk = logsInAtSouth(all);
    const established = desk.events.find(({ name }) => name === 'EventEstablished');
    expect(established?.attributes).toMatchObject({
      ThisDN: '7001',
      ANI: CALLER_NUMBER,
      ThisQueue: '8000',
      Extensions: { Adopted: true },
    });
    expect(established?.attributes.Extensions?.EstablishedMs).toBeGreaterThan(20_000);
    const asked = world.packets.filter(
      ({ from, message }) => from === SOUTH && message.kind === 'request' && message.method !== 'ACK',
    );
    expect(
      asked.map(({ to, message }) => `${'method' in message ? message.method : ''} ${to}`).sort(),
    ).toEqual(['UPDATE 10.0.1.1', `UPDATE ${GATEWAY}`]);
    caller.tell({ name: 'hold' });
    world.run(1_000);
    expect(ada.news()).toEqual(['held remote']);
    caller.tell({ name: 'retrieve' });
    world.run(1_000);
    expect([ada.hears(), caller.hears()]).toEqual([['10.0.9.1:4000'], ['10.0.1.1:4000']]);
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    expect(caller.news()).toContain('ended remote 0');
    expect(desk.events.map(({ name }) => name)).toContain('EventReleased');
    expect(checkCentre(south.node.parts.centre)).toEqual([]);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD4] an end that does not understand UPDATE gets the description that it had', () => {
    const all = talking({ withoutUpdate: true });
    const { world, north, ada, caller } = all;
    world.remove(north.host);
    world.packets = [];
    logsInAtSouth(all);
    world.run(1_000);
    const asked = world.packets.filter(({ from, message }) => from === SOUTH && message.kind === 'request');
    expect(asked.map(({ message }) => ('method' in message ? message.method : ''))).toContain('INVITE');
    expect([ada.hears(), caller.hears()]).toEqual([['10.0.9.1:4000'], ['10.0.1.1:4000']]);
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(ada.news()).toContain('ended remote 0');
  });

  it('[AD5] an end that is gone releases the other', () => {
    const all = talking();
    const { world, north, south, ada, caller } = all;
    world.remove(north.host);
    world.remove(caller.host);
    logsInAtSouth(all);
    world.run(40_000);
    expect(ada.news()).toContainEqual(expect.stringMatching(/^ended remote/));
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD1] a login with a lower epoch takes no call over', () => {
    const all = talking();
    const { world, north, south } = all;
    world.remove(north.host);
    logsInAtSouth(all, 1);
    expect(south.node.parts.calls.size).toBe(0);
  });

  it('[AD3] a site that lives after all cannot touch the call any more: its requests are too old', () => {
    const all = talking();
    const { world, north, ada, caller } = all;
    world.cut.add(north.host);
    world.run(15_000);
    logsInAtSouth(all);
    world.cut.delete(north.host);
    world.run(60_000);
    const connIds = [...north.node.parts.calls.connIds()];
    expect(connIds).toEqual([...all.south.node.parts.calls.connIds()]);
    world.packets = [];
    north.input({ type: 'adoptedElsewhere', connIds });
    expect(north.node.parts.calls.size).toBe(0);
    expect(north.node.parts.centre.callCount).toBe(0);
    world.run(1_000);
    expect(world.packets.filter(({ from }) => from === SERVER)).toEqual([]);
    expect(ada.hears()).toEqual(['10.0.9.1:4000']);
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(ada.news()).toContain('ended remote 0');
  });
});
