/**
 * A pair whose members have SIP addresses of their own, both in DNS SRV: real processes, a name server of the test, and
 * phones that know the site by its name alone. When the primary is killed they find the other member and are found by it,
 * over UDP, and over TCP, TLS and WebSocket, where their connections have died with it. What it took is printed, one JSON object a line.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PairLog } from './pair-log.ts';
import { until } from './peers/processes.ts';
import { send } from './process-tree.ts';
import { SITE_NAME, SipNameSite } from './sip-name-site.ts';
import { sipNameTimes } from './sip-name-times.ts';
import { TrunkCaller } from './trunk-caller.ts';

const CALLER_HZ = 440;
const CALLED_HZ = 620;
const TAKEOVER_MAX_MS = 20_000;

let named: SipNameSite;
let pair: PairLog;

beforeAll(async () => {
  named = await SipNameSite.start(24);
  pair = new PairLog(named.site.logFile);
}, 40_000);

afterAll(() => named?.end(), 20_000);

const inStep = () => until('the mate is in step', TAKEOVER_MAX_MS, () => pair.mateIs() === 'mate in step');

/** Resolves when the other member serves. */
async function killPrimary(): Promise<void> {
  const served = pair.served;
  send(named.site.processes.pidOf(pair.primary), 'SIGKILL');
  await until('the mate serves', TAKEOVER_MAX_MS, () => pair.served > served);
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
  expect(await optionsAt(named.ports[0])).toMatch(/^SIP\/2\.0 200 /);
  const answer = await optionsAt(named.ports[1]);
  expect(answer).toMatch(/^SIP\/2\.0 503 /);
  expect(answer).not.toMatch(/^Retry-After/im);
});

test('[PR10] Contacts carry the name; the primary is killed in a call, and what follows goes through the other member', async () => {
  const caller = await named.registeredPhone('7001', { toneHz: CALLER_HZ });
  const called = await named.registeredPhone('7002', { toneHz: CALLED_HZ });
  const trunk = await TrunkCaller.open(named.site.ports.gateway, named.ports[0]);
  const standing = await trunk.call('7002', 200, 10_000);
  expect(standing.contact).toBe(`sip:${SITE_NAME}`);
  await trunk.hangUp(standing, 200, 10_000);
  trunk.close();

  await caller.call('7002', 'north');
  await Promise.all([caller.hears(CALLED_HZ), called.hears(CALLER_HZ)]);
  await inStep();
  const [after, calledAfter] = [caller.facts.length, called.facts.length];
  await killPrimary();
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
    optionsAt(named.ports[0]).then(
      (answer) => answer.startsWith('SIP/2.0 503'),
      // Not there yet.
      () => false,
    ),
  );
  await caller.call('7002', 'north', TAKEOVER_MAX_MS);
  expect(await caller.hangUp()).toMatchObject({ by: 'local', status: 0 });
}, 120_000);

test.each([
  ['UDP', ['7003', '7004', '7005', '7006']],
  ['TCP', ['7007', '7008', '7009', '7010']],
  ['TLS', ['7013', '7014', '7015', '7016']],
  ['WS', ['7017', '7018', '7019', '7020']],
  ['WSS', ['7021', '7022', '7023', '7024']],
] as const)(
  '[PR10] [C26] the primary is killed: a call over %s obeys its phones again, and a new one is answered',
  async (transport, numbers) => {
    const times = await sipNameTimes(named, transport, numbers);
    console.log(JSON.stringify({ address: 'sip-name', over: transport, fault: 'SIGKILL', ...times }));
    expect(Math.max(times.inDialogMs, times.newCallMs, times.registeredMs ?? 0)).toBeLessThan(
      TAKEOVER_MAX_MS,
    );
  },
  120_000,
);

test('[PR10] a phone rings when the primary is killed: it rings for the other member, and whoever called is answered', async () => {
  const caller = await named.registeredPhone('7011', { toneHz: CALLER_HZ });
  const called = await named.registeredPhone('7012', { toneHz: CALLED_HZ, answerAfterMs: null });
  await inStep();
  const [after, calledAfter] = [caller.facts.length, called.facts.length];
  caller.command({ name: 'call', to: '7012', site: 'north' });
  await caller.fact('progress', { after });
  await called.fact('ringing', { after: calledAfter });
  const from = performance.now();
  await killPrimary();
  // For the dead member it rings no more.
  await called.fact('ended', { after: calledAfter, withinMs: TAKEOVER_MAX_MS });
  const ringsAgain = () =>
    called.facts.slice(calledAfter).filter(({ name }) => name === 'ringing').length === 2;
  await until('the phone rings for the other member', TAKEOVER_MAX_MS, ringsAgain);
  const ringingMs = Math.round(performance.now() - from);
  called.command({ name: 'answer' });
  await caller.fact('established', { after, withinMs: TAKEOVER_MAX_MS });
  const fault = 'SIGKILL';
  console.log(JSON.stringify({ address: 'sip-name', over: 'UDP', fault, ringingMs }));
  await Promise.all([caller.hears(CALLED_HZ), called.hears(CALLER_HZ)]);
  // A member that is still dead would swallow the BYE for longer than a phone waits for its answer.
  await inStep();
  expect(await caller.hangUp()).toMatchObject({ by: 'local', status: 0 });
}, 120_000);
