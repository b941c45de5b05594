/**
 * baresip over TLS, which verifies the server's certificate: it registers, is called over the connection that it has made,
 * by a phone over WebSocket, and keeps its call when the primary is killed (SIGKILL) and its connection with it.
 */
import { join } from 'node:path';
import { GUEST } from '@holdfast/centre';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { killPrimary, mateInStep } from './kill-primary.ts';
import { PHONE_PASSWORD, REALM } from './lab-configuration.ts';
import { PairLog } from './pair-log.ts';
import { Baresip } from './peers/baresip.ts';
import type { LabPhone } from './peers/lab-phone.ts';
import { stopPrograms, until } from './peers/processes.ts';
import { type SecuredSite, securedSite } from './secured-site.ts';

const THEIRS_HZ = 1_000;
const REGISTER_EVERY_S = 10;

let secured: SecuredSite;
let pair: PairLog;
let baresip: Baresip;
let ours: LabPhone;

beforeAll(async () => {
  secured = await securedSite(2);
  pair = new PairLog(secured.site.logFile);
  baresip = await Baresip.start({
    ...{ folder: join(secured.site.folder, 'baresip'), number: GUEST.dn, password: PHONE_PASSWORD },
    ...{ realm: REALM, registrars: [secured.ports.TLS], registerEveryS: REGISTER_EVERY_S },
    ...{ toneHz: THEIRS_HZ, trusts: secured.caFile },
  });
  await baresip.registered();
  ours = await secured.site.phone('7001', {
    transport: 'WSS',
    port: secured.ports.WSS,
    trust: { ca: secured.ca },
  });
  ours.command({ name: 'register' });
  await ours.fact('registered');
}, 60_000);

afterAll(async () => {
  await baresip?.stop();
  await stopPrograms();
  await secured?.end();
}, 20_000);

/** A hold and its end, which the server has to bring to baresip. */
async function holdsAndRetrieves(): Promise<void> {
  const after = ours.facts.length;
  ours.command({ name: 'hold' });
  await ours.fact('held', { after });
  ours.command({ name: 'retrieve' });
  await ours.fact('retrieved', { after });
  await ours.hears(THEIRS_HZ);
}

test('[TR1] it is called over the connection that it has made, and hangs up', async () => {
  await ours.call(GUEST.dn, 'north');
  await ours.hears(THEIRS_HZ);
  await holdsAndRetrieves();
  const after = ours.facts.length;
  baresip.hangUp();
  expect(await ours.fact('ended', { after })).toMatchObject({ by: 'remote', wasEstablished: true });
  expect(baresip.program.lines.some((line) => line.startsWith('Via: SIP/2.0/TLS'))).toBe(true);
}, 30_000);

test('[TR1] the primary is killed in its call: both connect again, and hold and BYE go through', async () => {
  await mateInStep(pair);
  await ours.call(GUEST.dn, 'north');
  await ours.hears(THEIRS_HZ);
  const [after, before] = [ours.facts.length, registrations()];
  await killPrimary(secured.site, pair);
  await ours.fact('registered', { after, withinMs: 20_000 });
  await until('baresip has registered again', 30_000, () => registrations() > before);
  await ours.hears(THEIRS_HZ);
  await holdsAndRetrieves();
  expect(await ours.hangUp()).toMatchObject({ by: 'local', status: 0 });
  await until('baresip has hung up too', 5_000, () => baresip.calls === 0);
}, 90_000);

/** Contacts in answers to it: what it was granted stands last there. */
function registrations(): number {
  return baresip.program.lines.filter((line) => /^Contact: .*";expires=\d+$/.test(line.trim())).length;
}
