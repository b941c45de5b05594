/**
 * sipp against both sites: as the gateway's caller over UDP and TCP, as a phone that registers with MD5, and as
 * the gateway that is called.
 */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePorts } from './free-ports.ts';
import {
  GUEST_DN,
  PeerLab,
  PHONE_PASSWORD,
  QUEUE_WITH_MUSIC,
  QUEUE_WITH_RINGING,
  REALM,
} from './peers/peer-lab.ts';
import { stopPrograms, until } from './peers/processes.ts';
import { kindsOf, refusedByOthers } from './peers/sent-messages.ts';
import { Sipp, type SippOptions } from './peers/sipp.ts';
import { CALLER_WITH_MUSIC, REGISTER_WITH_AUTHENTICATION } from './peers/sipp-scenarios.ts';

let lab: PeerLab;
let runs = 0;
beforeAll(async () => {
  lab = await PeerLab.start({
    robots: 4,
    options: (gateway) => ({
      // sipp reads the first challenge only, and ends at an algorithm that it does not know.
      [`DN/${GUEST_DN}@north`]: { holdfast: { 'digest-algorithms': 'md5' } },
      // The south's gateway is reached over TCP.
      'DN/trunk-south@south': { TServer: { contact: `sip:127.0.0.1:${gateway};transport=tcp` } },
    }),
  });
}, 40_000);
afterEach(stopPrograms);
afterAll(() => lab.stop());

function sipp(options: Omit<SippOptions, 'folder'>): Sipp {
  return Sipp.start({ ...options, folder: join(lab.folder, `sipp-${++runs}`) });
}

const server = (site: 'north' | 'south') => `127.0.0.1:${lab.sipPorts[site]}`;
const good = (calls: number) => ({ code: 0, successful: calls, failed: 0, errors: '' });

test.each([
  ['UDP', 'a queue', 'u1', 'north', QUEUE_WITH_RINGING, 12],
  ['TCP', 'a queue', 't1', 'south', QUEUE_WITH_RINGING, 12],
  ['UDP', 'an agent', 'u1', 'south', '7001', 2],
  ['TCP', 'an agent', 't1', 'north', '7001', 2],
] as const)(
  'its own caller over %s calls %s: every call is answered',
  async (_name, _whom, transport, site, service, calls) => {
    const caller = sipp({
      scenario: { embedded: 'uac' },
      transport,
      port: lab.gatewayPort,
      remote: server(site),
      service,
      calls,
      rate: calls === 2 ? 1 : 6,
      durationMs: 200,
    });
    expect(await caller.report(20_000)).toMatchObject(good(calls));
  },
);

test('a caller on music is turned to the agent by a re-INVITE once one is Ready', async () => {
  for (const robot of lab.robots) robot.command({ type: 'notReady' });
  await until('nobody is Ready', 5_000, () => lab.robots.every(({ view }) => view?.state === 'NotReady'));
  const caller = sipp({
    scenario: { xml: CALLER_WITH_MUSIC },
    port: lab.gatewayPort,
    remote: server('north'),
    service: QUEUE_WITH_MUSIC,
    calls: 1,
    durationMs: 200,
  });
  await caller.received('SIP/2.0 200 OK');
  for (const robot of lab.robots) robot.command({ type: 'ready' });
  expect(await caller.report(15_000)).toMatchObject(good(1));
});

test('a phone registers with MD5 and its own uas answers the calls to that extension', async () => {
  const [port] = (await freePorts(1)) as [number];
  const registration = sipp({
    scenario: { xml: REGISTER_WITH_AUTHENTICATION },
    port,
    remote: server('north'),
    service: GUEST_DN,
    calls: 1,
    credentials: { user: GUEST_DN, password: PHONE_PASSWORD },
    keys: { realm: REALM, expires: '60' },
  });
  expect(await registration.report(8_000)).toMatchObject(good(1));
  expect(registration.messages).toContain('algorithm=MD5');

  const phone = sipp({ scenario: { embedded: 'uas' }, port, calls: 2 });
  const caller = await lab.caller(500);
  for (let call = 1; call <= 2; call++) {
    await caller.call(GUEST_DN, 'north');
    expect(await caller.hangUp()).toMatchObject({ by: 'local', wasEstablished: true, status: 0 });
  }
  await caller.close();
  expect(await phone.report(10_000)).toMatchObject(good(2));
});

test('a wrong password is refused', async () => {
  const [port] = (await freePorts(1)) as [number];
  const registration = sipp({
    scenario: { xml: REGISTER_WITH_AUTHENTICATION },
    port,
    remote: server('north'),
    service: GUEST_DN,
    calls: 1,
    credentials: { user: GUEST_DN, password: 'wrong' },
    keys: { realm: REALM, expires: '60' },
  });
  expect(await registration.report(8_000)).toMatchObject({
    code: 1,
    successful: 0,
    failed: 1,
    errors: expect.stringContaining('SIP/2.0 401'),
  });
});

test.each([
  ['UDP', 'u1', 'north'],
  ['TCP', 't1', 'south'],
] as const)(
  "an agent's phone dials out: over %s its own uas answers as the gateway",
  async (_name, transport, site) => {
    const gateway = sipp({ scenario: { embedded: 'uas' }, transport, port: lab.gatewayPort, calls: 1 });
    const phone = await lab.phone({
      number: GUEST_DN,
      password: PHONE_PASSWORD,
      scheme: 'dual',
      port: 0,
      toneHz: 600,
    });
    phone.command({ name: 'register' });
    await until('the phone is registered at both sites', 5_000, () =>
      (['north', 'south'] as const).every((name) =>
        phone.facts.some((fact) => fact.name === 'registered' && fact.site === name),
      ),
    );
    const after = phone.facts.length;
    await phone.call('0049301234567', site);
    expect((await phone.fact('dialing', { after })).site).toBe(site);
    expect(gateway.messages).toContain('INVITE sip:0049301234567@');
    expect(await phone.hangUp()).toMatchObject({ wasEstablished: true, status: 0 });
    expect(await gateway.report(10_000)).toMatchObject(good(1));
  },
);

test('every message that was sent in these calls is accepted by the parsers of jssip and sip', () => {
  const sent = lab.sent();
  expect(refusedByOthers(sent)).toEqual([]);
  for (const kind of ['INVITE', 'ACK', 'BYE', 'REGISTER', '100', '180', '200', '401'])
    expect(kindsOf(sent)).toContain(kind);
  expect(new Set(sent.map(({ transport }) => transport))).toEqual(new Set(['UDP', 'TCP']));
  // Both SIP Servers and this process.
  expect(new Set(sent.map(({ pid }) => pid)).size).toBeGreaterThanOrEqual(3);
});
