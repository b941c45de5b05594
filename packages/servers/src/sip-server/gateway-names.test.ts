import type { LookupAnswer } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { TRUNK_SILENT_MAX_MS } from './call-ringing.ts';
import type { SipDN } from './configuration.ts';
import { LOOK_AGAIN_LOST_MS, LOOK_AGAIN_MS } from './gateway-addresses.ts';
import { centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Peer } from './testing/people.ts';
import { configurationOf, GATEWAY, type Names, trunk } from './testing/server-site.ts';

const FIRST = '10.0.8.1';
const SECOND = '10.0.8.2';
const OUTSIDE = '4930123456';

const addresses = (...found: string[]): LookupAnswer => ({ type: 'A', addresses: found, ttlS: 30 });
const srv = (...targets: string[]): LookupAnswer => ({
  type: 'SRV',
  records: targets.map((target, priority) => ({ priority, weight: 0, port: 5060, target })),
  ttlS: 30,
});
const NAMES: Readonly<Record<string, LookupAnswer>> = {
  'SRV _sip._udp.carrier.example': srv('one.carrier.example', 'two.carrier.example'),
  'A one.carrier.example': addresses(FIRST),
  'A two.carrier.example': addresses(SECOND),
};

const named = (more: Partial<NonNullable<SipDN['gateway']>> = {}, check: Partial<SipDN> = {}): SipDN => ({
  ...{ number: '9000', type: 'Trunk', name: 'carrier' },
  gateway: { host: 'carrier.example', port: undefined, transport: undefined, ...more },
  ...check,
});

/** A trunk to a name with two gateways behind it, and where asked for a second trunk to an address; the phone 7001. */
function carrier(trunks: readonly SipDN[] = [named()], names: Names = NAMES) {
  const dns = configurationOf().dns.filter(({ type }) => type !== 'Trunk');
  const centre = centreWorld({ dns: [...dns, ...trunks] }, { names });
  const { world } = centre;
  world.remove(GATEWAY);
  const [first, second, spare] = [FIRST, SECOND, GATEWAY].map((host) => new Peer(world, OUTSIDE, host));
  if (first === undefined || second === undefined || spare === undefined) throw new Error('three are made');
  for (const peer of [first, second, spare])
    peer.react = (event) => {
      if (event.type === 'incoming')
        peer.do(peer.userAgent.answer(world.now, event.leg, { sdp: peer.sdp() }));
      if (event.type === 'request') peer.do(peer.userAgent.respond(world.now, event.transaction, 200));
    };
  const ada = centre.phone('7001');
  /** How many calls each gateway has got, after one more, which is hung up after `ms`. */
  const call = (ms = 1_000) => {
    ada.tell({ name: 'call', to: OUTSIDE });
    world.run(ms);
    const last = ada.news().at(-1);
    ada.tell({ name: 'hangup' });
    world.run(1_000);
    return { last, at: [first, second, spare].map(callsOf) };
  };
  return { ...centre, first, second, spare, ada, call };
}

const callsOf = (peer: Peer) => peer.events.filter(({ type }) => type === 'incoming').length;

describe('a trunk whose contact is a name', () => {
  it('[SS46] [SS32] leads by NAPTR, SRV and A to its targets, one after the other, the living one first afterwards', () => {
    const centre = carrier();
    const { world, site, call } = centre;
    expect(call()).toEqual({ last: 'established', at: [1, 0, 0] });
    expect(site.asked.slice(0, 3)).toEqual([
      'NAPTR carrier.example',
      'SRV _sip._udp.carrier.example',
      'A one.carrier.example',
    ]);
    world.cut.add(FIRST);
    expect(call(TRUNK_SILENT_MAX_MS + 1_000)).toEqual({ last: 'established', at: [1, 1, 0] });
    expect(call(1_000)).toEqual({ last: 'established', at: [1, 2, 0] });
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS46] with a port is looked up by its addresses alone, with a transport by the SRV of that', () => {
    const byPort = carrier([named({ host: 'one.carrier.example', port: 5060 })]);
    expect(byPort.call().at).toEqual([1, 0, 0]);
    expect(new Set(byPort.site.asked)).toEqual(
      new Set(['A one.carrier.example', 'AAAA one.carrier.example']),
    );
    const overTcp = carrier([named({ transport: 'TCP' })], {
      ...NAMES,
      'SRV _sip._tcp.carrier.example': srv('two.carrier.example'),
    });
    expect(overTcp.call().at).toEqual([0, 1, 0]);
    expect(overTcp.site.asked).not.toContain('NAPTR carrier.example');
  });

  it('[SS46] [SS32] that leads nowhere, or of whose name server nothing is heard, gives way to the next trunk', () => {
    const trunks = [named(), trunk('9001', GATEWAY)];
    expect(carrier(trunks, {}).call()).toEqual({ last: 'established', at: [0, 0, 1] });
    const silent = carrier(trunks, null);
    expect(silent.call(TRUNK_SILENT_MAX_MS + 1_000)).toEqual({ last: 'established', at: [0, 0, 1] });
    // For a while it is tried last, as any gateway that has failed.
    expect(silent.call()).toEqual({ last: 'established', at: [0, 0, 2] });
    const alone = carrier([named()], {});
    expect(alone.call().last).toBe('ended refused 480');
  });

  it('[SS46] [SS16] calls are taken from each of its addresses, from the new ones within a minute, and from no other', () => {
    const { world, site, first, second, spare } = carrier();
    world.run(100);
    for (const peer of [first, second, spare]) peer.call('8001');
    world.run(500);
    expect([first, second, spare].map((peer) => peer.types()[0])).not.toContain(undefined);
    const refused = (peer: Peer) => peer.types().some((type) => type.startsWith('failed'));
    expect([first, second, spare].map(refused)).toEqual([false, false, true]);
    site.names = { ...NAMES, 'A two.carrier.example': addresses(GATEWAY) };
    world.run(LOOK_AGAIN_MS + 1_000);
    spare.events.splice(0);
    second.events.splice(0);
    spare.call('8001');
    second.call('8001');
    world.run(500);
    expect([second, spare].map(refused)).toEqual([true, false]);
  });

  it('[SS46] while no name server answers, calls are taken from the former addresses; the log says so once', () => {
    const { world, site, first } = carrier();
    world.run(100);
    const failed = { type: 'failed', reason: 'no DNS server answers' } as const;
    site.names = Object.fromEntries(site.asked.map((question) => [question, failed]));
    world.run(3 * LOOK_AGAIN_MS);
    first.call('8001');
    world.run(500);
    expect(first.types().some((type) => type.startsWith('failed'))).toBe(false);
    site.names = NAMES;
    world.run(LOOK_AGAIN_MS + 1_000);
    const told = site.logs.filter(({ what }) => what.startsWith('gateway'));
    expect(told.map(({ what }) => what)).toEqual(['gateway not found', 'gateway found again']);
    expect(told[0]).toMatchObject({ dn: '9000', because: expect.stringContaining('carrier.example') });
  });

  it('[SS46] that could not be looked up at the start is looked up again after a few seconds', () => {
    const { world, site, first } = carrier([named()], {});
    world.run(1_000);
    site.names = NAMES;
    world.run(LOOK_AGAIN_LOST_MS);
    first.call('8001');
    world.run(500);
    expect(first.types().some((type) => type.startsWith('failed'))).toBe(false);
  });

  it('[SS46] another name in a new configuration is looked up at once, and the former one is left', () => {
    const { world, site, first, second } = carrier([named({ host: 'one.carrier.example', port: 5060 })]);
    world.run(100);
    const dns = configurationOf().dns.filter(({ type }) => type !== 'Trunk');
    const next = named({ host: 'two.carrier.example', port: 5060 });
    site.input({ type: 'configuration', configuration: configurationOf({ dns: [...dns, next] }) });
    world.run(100);
    first.call('8001');
    second.call('8001');
    world.run(500);
    expect([first, second].map((peer) => peer.types().some((type) => type.startsWith('failed')))).toEqual([
      true,
      false,
    ]);
  });

  it('[SS46] [SS35] is asked whether it is in service at whichever target lives', () => {
    const check = { everyMs: 10_000, giveUpMs: 2_000 };
    const { world, site, first, second } = carrier([named({}, { check }), trunk('9001', GATEWAY)]);
    const asked = (peer: Peer) => peer.events.filter(({ type }) => type === 'request').length;
    world.run(5_000);
    expect([asked(first), asked(second)]).toEqual([1, 0]);
    world.cut.add(FIRST);
    world.run(20_000);
    expect(asked(second)).toBeGreaterThan(0);
    const told = () => site.logs.map(({ what }) => what).filter((what) => what.startsWith('trunk'));
    expect(told()).toEqual([]);
    world.cut.add(SECOND);
    world.run(20_000);
    expect(told()).toEqual(['trunk out of service']);
  });

  it('[SS46] [SS33] a 3xx is followed to the name of the gateway, and to none that no trunk has', () => {
    for (const [host, reached] of [
      ['Carrier.Example', 1],
      ['carrier.elsewhere', 0],
    ] as const) {
      const { world, site, first, ada } = carrier();
      const bob = new Peer(world, '7002', '10.0.1.2');
      bob.register();
      bob.react = (event) => {
        const headers = [['Contact', `<sip:${OUTSIDE}@${host}>`]] as const;
        if (event.type === 'incoming') bob.do(bob.userAgent.reject(world.now, event.leg, 302, { headers }));
      };
      world.run(100);
      ada.tell({ name: 'call', to: '7002' });
      world.run(1_000);
      expect(callsOf(first)).toBe(reached);
      expect(site.asked.some((question) => question.includes('elsewhere'))).toBe(false);
    }
  });
});
