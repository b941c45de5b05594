/** AD14: the agent works at another number at the surviving site, as with one Place for each site (DS21). */
import { checkCentre } from '@holdfast/centre';
import { createRequest } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { asked, die } from './testing/adoption-world.ts';
import { CALLER_NUMBER, leftovers, NOTHING } from './testing/centre-world.ts';
import type { Desk } from './testing/desk.ts';
import { callerAt, Peer } from './testing/people.ts';
import { caller as callerOf, GATEWAYS, pooled } from './testing/pool-world.ts';
import { extension, GATEWAY, passwordOf, queue, REALM, SERVER, trunk } from './testing/server-site.ts';
import { SIP_PORT } from './testing/server-world.ts';
import { SOUTH, type TwoSites, twoSites } from './testing/two-sites.ts';

/** Extensions of south; `others` have the numbers of north. */
const dnsOfSouth = (others: readonly string[] = []) => [
  ...['7101', '7102', '7103', '7104', ...others].map(extension),
  ...[queue('8000'), queue('8001'), trunk('9000', GATEWAY), trunk('9001', GATEWAYS[1])],
];

/** One phone with an account at each site: a number of its own at either. */
function phoneOf({ world }: Pick<TwoSites, 'world'>, numbers: { north: string; south?: string }): Peer {
  const phone = new Peer(world, numbers.north, '10.0.1.1');
  phone.react = (event) => {
    const { userAgent } = phone;
    if (event.type === 'incoming') phone.do(userAgent.answer(world.now, event.leg, { sdp: phone.sdp(4000) }));
    if (event.type === 'offer') phone.do(userAgent.acceptOffer(world.now, event.leg, phone.sdp(4000)));
  };
  expect(phone.register({ expires: 3_600 })).toBe(200);
  if (numbers.south !== undefined) registersAtSouth(phone, numbers.south);
  return phone;
}

function registersAtSouth(phone: Peer, number: string): void {
  const { world, userAgent, host } = phone;
  const aor = `<sip:${number}@${REALM}>`;
  const request = createRequest({
    method: 'REGISTER',
    uri: `sip:${REALM}`,
    headers: [
      ['Max-Forwards', '70'],
      ['From', `${aor};tag=s`],
      ['To', aor],
      ['Call-ID', `register-${number}`],
      ['CSeq', '1 REGISTER'],
      ['Contact', `<sip:${number}@${host}:${SIP_PORT}>;expires=3600`],
    ],
  });
  const target = { transport: 'UDP', host: SOUTH, port: SIP_PORT } as const;
  const credentials = { user: number, password: passwordOf(number) };
  phone.do(userAgent.sendRequest(world.now, request, { type: 'target', target }, { credentials }).output);
  world.run(100);
  expect(phone.last('response').status).toBe(200);
}

/** Ada talks at north with somebody from a queue, and north dies. */
function talkingAtNorth(more: { others?: readonly string[]; south?: string } = {}) {
  const sites = twoSites({ isLed: true, south: { dns: dnsOfSouth(more.others) } });
  const { world, north } = sites;
  const phone = phoneOf(sites, { north: '7001', ...(more.south !== undefined && { south: more.south }) });
  const caller = callerAt(world, GATEWAY, CALLER_NUMBER);
  sites.desk(north, 'ada', '7001').login('7001');
  caller.tell({ name: 'call', to: '8000' });
  world.run(3_000);
  expect(caller.news()).toContain('established');
  die(sites);
  world.run(20_000);
  world.packets = [];
  return { ...sites, phone, caller };
}

/** Somebody else, who is put in line at south. */
function callsSouth({ world }: Pick<TwoSites, 'world'>) {
  const target = { transport: 'UDP', host: SOUTH, port: SIP_PORT } as const;
  const sites = [
    { site: 'any', registrar: 'sip:holdfast', destination: { type: 'target', target } },
  ] as const;
  const caller = callerAt(world, GATEWAYS[1], '4930999', { sites }).tell({ name: 'call', to: '8000' });
  world.run(1_000);
  return caller;
}

const adopted = (desk: Desk) =>
  desk.events.flatMap(({ name, attributes }) =>
    attributes.Extensions?.Adopted === true ? [`${name} ${attributes.ThisDN}`] : [],
  );

describe('an agent who works at another number at the other site', () => {
  it('[AD14] [AD1] sees her call there, is busy with it, and ends it from her desk', () => {
    const all = talkingAtNorth({ south: '7101' });
    const { world, south, caller, phone } = all;
    const desk = all.desk(south, 'ada', '7101', 'the desk at south');
    expect(desk.login('7101')).toBe('EventAgentLogin');
    world.run(500);
    expect(adopted(desk)).toEqual(['EventRinging 7101', 'EventEstablished 7101']);
    expect(asked(all)).toEqual(['UPDATE 10.0.1.1', `UPDATE ${GATEWAY}`]);
    const second = callsSouth(all);
    const calls = () => phone.events.filter(({ type }) => type === 'incoming').length;
    // She is Ready, and nobody else is put through to her while she talks.
    expect(calls()).toBe(1);
    const ConnID = desk.events.find(({ name }) => name === 'EventEstablished')?.attributes.ConnID ?? '';
    expect(desk.outcome({ type: 'ReleaseCall', dn: '7101', ConnID })).toBe('EventReleased');
    world.run(1_000);
    expect(caller.news()).toContain('ended remote 0');
    expect(phone.types()).toContain('ended');
    expect(calls()).toBe(2);
    second.tell({ name: 'hangup' });
    world.run(1_000);
    expect(checkCentre(south.node.parts.centre)).toEqual([]);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD14] leaves whoever has her number here alone: neither that desk nor that phone hears of it', () => {
    const all = talkingAtNorth({ south: '7101', others: ['7001'] });
    const { world, south, caller } = all;
    const other = new Peer(world, '7001', '10.0.1.9');
    expect(other.register({ server: SOUTH, expires: 3_600 })).toBe(200);
    const bob = all.desk(south, 'bob', '7001', 'the desk of bob');
    bob.login('7001', { AgentID: '1002' });
    bob.news();
    const desk = all.desk(south, 'ada', '7101', 'the desk at south');
    desk.login('7101');
    world.run(500);
    expect(adopted(desk)).toEqual(['EventRinging 7101', 'EventEstablished 7101']);
    expect(bob.news()).toEqual([]);
    expect(asked(all)).toEqual(['UPDATE 10.0.1.1', `UPDATE ${GATEWAY}`]);
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(desk.news()).toContain('EventReleased 7101');
  });

  it('[AD14] at the place of a colleague she has the call there, and its requests go to the phone that has it', () => {
    const all = talkingAtNorth();
    const { world, south, caller } = all;
    const other = new Peer(world, '7102', '10.0.1.9');
    expect(other.register({ server: SOUTH, expires: 3_600 })).toBe(200);
    const desk = all.desk(south, 'ada', '7102', 'the desk at south');
    desk.login('7102', { AgentID: '1001' });
    world.run(500);
    expect(adopted(desk)).toEqual(['EventRinging 7102', 'EventEstablished 7102']);
    expect(asked(all)).toEqual(['UPDATE 10.0.1.1', `UPDATE ${GATEWAY}`]);
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(desk.news()).toContain('EventReleased 7102');
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD14] [AD11] is joined at her number here with a caller of this site, whose call had crossed to her', () => {
    const south = { dns: [...dnsOfSouth(), trunk('9100', SERVER)].map(pooling) };
    const pool = pooled({ isLed: true, south });
    const { world } = pool;
    const phone = phoneOf(pool, { north: '7001', south: '7101' });
    pool.desk(pool.north, 'ada', '7001', 'the desk at north').login('7001');
    const one = callerOf(pool, pool.south, 1).tell({ name: 'call', to: '8000' });
    world.run(3_000);
    expect(one.hears()).toEqual(['10.0.1.1:4000']);
    die(pool);
    world.run(15_000);
    const desk = pool.desk(pool.south, 'ada', '7101', 'the desk at south');
    desk.login('7101');
    world.run(500);
    expect(adopted(desk)).toEqual(['EventRinging 7101', 'EventEstablished 7101']);
    const ConnID = desk.events.find(({ name }) => name === 'EventEstablished')?.attributes.ConnID ?? '';
    expect(desk.outcome({ type: 'ReleaseCall', dn: '7101', ConnID })).toBe('EventReleased');
    world.run(1_000);
    expect(one.news()).toContain('ended remote 0');
    expect(phone.types()).toContain('ended');
    expect(checkCentre(pool.south.node.parts.centre)).toEqual([]);
    expect(leftovers({ world, site: pool.south })).toEqual(NOTHING);
  });
});

function pooling(dn: ReturnType<typeof queue>): ReturnType<typeof queue> {
  return dn.number === '8000' ? queue('8000', { isPooled: true, waitingMax: 50 }) : dn;
}
