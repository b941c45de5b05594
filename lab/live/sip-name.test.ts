/**
 * A pair whose members have SIP addresses of their own, both in DNS SRV: real processes, a name server of the test, and
 * phones that know the site by its name alone. When the primary is killed they find the other member and are found by it.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { seededRandom } from '@holdfast/kernel';
import type { ConfigObject } from '@holdfast/protocol';
import { DnsClient } from '@holdfast/server';
import { ProcessClock } from '@holdfast/shell';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type NameServer, nameServer } from '../../apps/server/src/io/testing/name-server.ts';
import { freePorts } from './free-ports.ts';
import { PHONE_PASSWORD, REALM } from './lab-configuration.ts';
import { OneSite } from './one-site.ts';
import { LabPhone } from './peers/lab-phone.ts';
import { until } from './peers/processes.ts';
import { TrunkCaller } from './trunk-caller.ts';

const NAME = 'north.holdfast.test';
const CALLER_HZ = 440;
const CALLED_HZ = 620;
const TAKEOVER_MAX_MS = 20_000;

let site: OneSite;
let names: NameServer;
let dns: DnsClient;
/** SIP ports of the two members. */
let ports: readonly [number, number];
const phones: LabPhone[] = [];
const clock = new ProcessClock();
const random = seededRandom(1);

beforeAll(async () => {
  const [secondPort] = (await freePorts(1)) as [number];
  site = await OneSite.make({
    ...{ agents: 2, restarts: true, isPair: true, configure: (object) => [named(object, secondPort)] },
  });
  ports = [site.ports.sip[0], secondPort];
  names = await nameServer(({ type, name }) => ({ answers: answersOf(type, name) }));
  dns = new DnsClient({ servers: [names], hosts: '' });
  await site.processes.start();
}, 40_000);

afterAll(async () => {
  await Promise.all(phones.map((phone) => phone.close()));
  dns?.close();
  names?.socket.close();
  await site.end();
  site.remove();
}, 20_000);

function named(object: ConfigObject, secondPort: number): ConfigObject {
  if (object.objectType !== 'Application' || object.type !== 'SIPServer') return object;
  if (!object.name.startsWith('sip-north')) return object;
  const { TServer, holdfast, ...options } = object.options;
  const own = object.name === 'sip-north' ? {} : { 'sip-port': String(secondPort) };
  return {
    ...object,
    options: { ...options, TServer: { ...TServer, ...own }, holdfast: { ...holdfast, 'sip-name': NAME } },
  };
}

/** The first member before the second. */
function answersOf(type: string, name: string) {
  if (type === 'SRV' && name === `_sip._udp.${NAME}`)
    return ports.map((port, priority) => ({
      ...{ type: 'SRV' as const, name, ttl: 60 },
      data: { priority, weight: 1, port, target: `member.${NAME}` },
    }));
  if (type === 'A' && name === `member.${NAME}`)
    return [{ type: 'A' as const, name, ttl: 60, data: '127.0.0.1' }];
  return [];
}

async function phone(number: string, toneHz: number): Promise<LabPhone> {
  const opened = await LabPhone.open({
    ...{ number, domain: REALM, password: PHONE_PASSWORD, scheme: 'single', expires: 60, port: 0 },
    ...{ toneHz, answerAfterMs: 0, clock, random, dns, sites: [{ site: 'north', name: NAME, port: 0 }] },
  });
  phones.push(opened);
  opened.command({ name: 'register' });
  await opened.fact('registered', { withinMs: TAKEOVER_MAX_MS });
  return opened;
}

/** The answer of that SIP port to an OPTIONS that knows no name. */
async function optionsAt(port: number): Promise<string> {
  const socket = createSocket('udp4');
  try {
    socket.bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const own = `127.0.0.1:${socket.address().port}`;
    const lines = [
      `OPTIONS sip:127.0.0.1:${port} SIP/2.0`,
      `Via: SIP/2.0/UDP ${own};branch=z9hG4bK-options-${own}`,
      ...['Max-Forwards: 70', `From: <sip:probe@${own}>;tag=a`, `To: <sip:127.0.0.1:${port}>`],
      ...[`Call-ID: options-${own}`, 'CSeq: 1 OPTIONS', 'Content-Length: 0', '', ''],
    ];
    socket.send(lines.join('\r\n'), port, '127.0.0.1');
    const [bytes] = (await once(socket, 'message', { signal: AbortSignal.timeout(5_000) })) as [Buffer];
    return String(bytes);
  } finally {
    socket.close();
  }
}

test('[PR10] the standby answers 503 at its own address, and names no time after which it might be asked', async () => {
  expect(await optionsAt(ports[0])).toMatch(/^SIP\/2\.0 200 /);
  const answer = await optionsAt(ports[1]);
  expect(answer).toMatch(/^SIP\/2\.0 503 /);
  expect(answer).not.toMatch(/^Retry-After/im);
});

test('[PR10] Contacts carry the name; the primary is killed in a call, and what follows goes through the other member', async () => {
  const [caller, called] = [await phone('7001', CALLER_HZ), await phone('7002', CALLED_HZ)];
  const trunk = await TrunkCaller.open(site.ports.gateway, ports[0]);
  const standing = await trunk.call('7002', 200, 10_000);
  expect(standing.contact).toBe(`sip:${NAME}`);
  await trunk.hangUp(standing, 200, 10_000);
  trunk.close();

  await caller.call('7002', 'north');
  await Promise.all([caller.hears(CALLED_HZ), called.hears(CALLER_HZ)]);
  await until('the standby holds everything', TAKEOVER_MAX_MS, () =>
    readFileSync(site.logFile, 'utf8').includes('"what":"mate in step"'),
  );
  const [after, calledAfter] = [caller.facts.length, called.facts.length];
  site.processes.killServer('sip-north');
  await until('the mate serves', TAKEOVER_MAX_MS, async () => {
    return (await site.processes.serving('sip-north')) === 'sip-north-b';
  });
  caller.command({ name: 'hold' });
  await called.fact('held', { after: calledAfter, withinMs: TAKEOVER_MAX_MS });
  // A change is over when its answer has come.
  await caller.fact('held', { after, withinMs: TAKEOVER_MAX_MS });
  caller.command({ name: 'retrieve' });
  await called.fact('retrieved', { after: calledAfter, withinMs: TAKEOVER_MAX_MS });
  await caller.fact('retrieved', { after, withinMs: TAKEOVER_MAX_MS });
  await Promise.all([caller.hears(CALLED_HZ), called.hears(CALLER_HZ)]);
  called.command({ name: 'hangup' });
  expect(await caller.fact('ended', { after, withinMs: TAKEOVER_MAX_MS })).toMatchObject({ by: 'remote' });
  await called.fact('ended', { after: calledAfter, withinMs: TAKEOVER_MAX_MS });

  // Started again, the first one is standby, and says so to whoever tries it first.
  await until('the first one answers as standby', TAKEOVER_MAX_MS, async () =>
    optionsAt(ports[0]).then(
      (answer) => answer.startsWith('SIP/2.0 503'),
      // Not there yet.
      () => false,
    ),
  );
  await caller.call('7002', 'north', TAKEOVER_MAX_MS);
  expect(await caller.hangUp()).toMatchObject({ by: 'local', status: 0 });
}, 120_000);
