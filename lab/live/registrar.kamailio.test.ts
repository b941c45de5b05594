/** Our phone at somebody else's registrar and proxy: Kamailio. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@holdfast/kernel';
import { ProcessClock } from '@holdfast/shell';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Kamailio, type KamailioOptions } from './peers/kamailio.ts';
import { LabPhone, type LabPhoneOptions } from './peers/lab-phone.ts';
import { stopPrograms, until } from './peers/processes.ts';
import { kindsOf, refusedByOthers, sentIn, tapTo } from './peers/sent-messages.ts';

let folder: string;
const phones: LabPhone[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-kamailio-'));
  await tapTo(join(folder, 'sent.jsonl'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(async () => {
  await Promise.all(phones.splice(0).map((phone) => phone.close()));
  await stopPrograms();
});

let count = 0;
const kamailio = (options: Omit<KamailioOptions, 'folder'> = {}) =>
  Kamailio.start({ ...options, folder: join(folder, `kamailio-${++count}`) });

async function phone(
  number: string,
  more: Pick<LabPhoneOptions, 'sites'> & Partial<LabPhoneOptions>,
): Promise<LabPhone> {
  const opened = await LabPhone.open({
    number,
    domain: 'holdfast',
    password: 'fake-phone-password',
    scheme: 'single',
    expires: 60,
    port: 0,
    toneHz: 440,
    clock: new ProcessClock(),
    random: seededRandom(Number(number)),
    ...more,
  });
  phones.push(opened);
  opened.command({ name: 'register' });
  return opened;
}

test.each(['UDP', 'TCP'] as const)(
  'over %s it registers, refreshes in place and takes its binding back',
  async (transport) => {
    const registrar = await kamailio();
    const ours = await phone('7001', { sites: [{ site: 'kamailio', port: registrar.port, transport }] });
    expect(await ours.fact('registered')).toMatchObject({ site: 'kamailio', expiresMs: 60_000 });
    const uri = `sip:7001@127.0.0.1:${ours.port}${transport === 'TCP' ? ';transport=tcp' : ''}`;
    expect(await registrar.contactsOf('7001')).toEqual([{ uri, cseq: 1 }]);
    ours.command({ name: 'refresh' });
    await until(
      'the binding is refreshed',
      5_000,
      async () => (await registrar.contactsOf('7001'))[0]?.cseq === 2,
    );
    expect(await registrar.contactsOf('7001')).toEqual([{ uri, cseq: 2 }]);
    ours.command({ name: 'unregister' });
    await ours.fact('unregistered');
    expect(await registrar.contactsOf('7001')).toEqual([]);
  },
);

test.each(['MD5', 'SHA-256'] as const)(
  'it answers a challenge with %s, and tells of a wrong password',
  async (algorithm) => {
    const registrar = await kamailio({
      digest: { realm: 'kamailio', password: 'fake-phone-password', algorithm },
    });
    const sites = [{ site: 'kamailio', port: registrar.port }];
    const right = await phone('7001', { sites });
    await right.fact('registered');
    expect(await registrar.contacts()).toBe(1);
    const wrong = await phone('7002', { sites, password: 'wrong' });
    expect((await wrong.fact('registrationFailed')).because).toContain('401');
    expect(await registrar.contactsOf('7002')).toEqual([]);
  },
);

test.each(['UDP', 'TCP'] as const)(
  'two of ours call each other through it over %s, hold, retrieve and hang up',
  async (transport) => {
    const proxy = await kamailio();
    const sites = [{ site: 'kamailio', port: proxy.port, transport }];
    const caller = await phone('7001', { sites, toneHz: 440 });
    const callee = await phone('7002', { sites, toneHz: 620, answerAfterMs: 50 });
    await Promise.all([caller.fact('registered'), callee.fact('registered')]);
    await caller.call('7002', 'kamailio');
    await Promise.all([caller.hears(620), callee.hears(440)]);
    // Each change is over when its answer has come: who is held knows of it before, and the next would cross it.
    caller.command({ name: 'hold' });
    await Promise.all([caller.fact('held'), callee.fact('held')]);
    caller.command({ name: 'retrieve' });
    await Promise.all([caller.fact('retrieved'), callee.fact('retrieved')]);
    expect(await callee.hangUp()).toMatchObject({ by: 'local', status: 0 });
    expect(await caller.fact('ended')).toMatchObject({ by: 'remote', status: 0, wasEstablished: true });
  },
);

test('a call that nobody answers is taken back, and one to a number that is nowhere is refused', async () => {
  const proxy = await kamailio();
  const sites = [{ site: 'kamailio', port: proxy.port }];
  const caller = await phone('7001', { sites });
  const callee = await phone('7002', { sites });
  await Promise.all([caller.fact('registered'), callee.fact('registered')]);
  caller.command({ name: 'call', to: '7002' });
  await caller.fact('progress');
  await caller.hangUp();
  expect(await callee.fact('ended')).toMatchObject({ by: 'remote', status: 487 });
  const after = caller.facts.length;
  caller.command({ name: 'call', to: '7003' });
  expect(await caller.fact('ended', { after })).toMatchObject({ by: 'refused', status: 404 });
});

test('[PH1] a dual phone is at two registrars; when one dies it stays in service at the other', async () => {
  const [first, second] = [await kamailio(), await kamailio()];
  const sites = [
    { site: 'first', port: first.port },
    { site: 'second', port: second.port },
  ];
  const ours = await phone('7001', { sites, scheme: 'dual', expires: 3 });
  await until('it is registered at both', 5_000, async () =>
    (await Promise.all([first, second].map((registrar) => registrar.contactsOf('7001')))).every(
      (contacts) => contacts.length === 1,
    ),
  );
  first.program.kill();
  expect(await ours.fact('lost', { withinMs: 15_000 })).toMatchObject({ site: 'first' });
  expect(await second.contactsOf('7001')).toHaveLength(1);
  expect(ours.facts.some((fact) => fact.name === 'lost' && fact.site === 'second')).toBe(false);
});

test('every message that our phones sent is accepted by the parsers of jssip and sip', () => {
  const sent = sentIn(join(folder, 'sent.jsonl'));
  expect(refusedByOthers(sent)).toEqual([]);
  for (const kind of ['REGISTER', 'INVITE', 'ACK', 'BYE', 'CANCEL', '180', '200', '487'])
    expect(kindsOf(sent)).toContain(kind);
  expect(new Set(sent.map(({ transport }) => transport))).toEqual(new Set(['UDP', 'TCP']));
});
