import { seededRandom } from '@holdfast/kernel';
import type { DeskReply } from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { expect, test } from 'vitest';
import { ServerClients } from './server-clients.ts';
import { type ProofOf, proofOf } from './server-proof.ts';
import { Desk } from './sip-server/testing/desk.ts';
import { SECRET, twoSites } from './sip-server/testing/two-sites.ts';
import { type SipLinkEffect, SipServerFollower } from './sip-server-follower.ts';

const OWN = { application: 'sip-north', site: 'north' };
const REQUEST = {
  type: 'RegisterClient',
  ReferenceID: 1,
  ...{ application: 'sip-south', session: 'session of south', version: 2 },
  ...{ nonce: 'a nonce of the south', addpTimeoutMs: 1_000 },
} as const;

const servers = (secret: string | undefined = SECRET) =>
  new ServerClients<typeof REQUEST>({
    ...{ link: 'client', hashes: portableHashes, random: seededRandom(1) },
    secret: () => secret,
  });

/** What the link is, seen from either side. */
const linkOf = (nonce: string): ProofOf => ({
  link: 'client',
  connector: { application: REQUEST.application, name: REQUEST.session, nonce: REQUEST.nonce },
  listener: { application: OWN.application, name: OWN.site, nonce },
});

test('[LK1] who shows the secret is told in return that it is held here; each challenge is answered once', () => {
  const here = servers();
  const { nonce } = here.challenge('c1', REQUEST, OWN);
  const proof = proofOf(portableHashes, SECRET, 'connector', linkOf(nonce));
  const shown = here.shown('c1', proof);
  expect(shown?.proof).toBe(proofOf(portableHashes, SECRET, 'listener', linkOf(nonce)));
  expect(shown?.request).toBe(REQUEST);
  expect(here.shown('c1', proof)).toBeUndefined();
  expect(here.size).toBe(0);
});

test('[LK1] a wrong secret, an answer heard before, the own answer sent back, and that of another link are none', () => {
  const here = servers();
  const former = here.challenge('c1', REQUEST, OWN).nonce;
  const heard = proofOf(portableHashes, SECRET, 'connector', linkOf(former));
  const wrong: ((nonce: string) => string)[] = [
    (nonce) => proofOf(portableHashes, 'a guess', 'connector', linkOf(nonce)),
    () => heard,
    (nonce) => proofOf(portableHashes, SECRET, 'listener', linkOf(nonce)),
    (nonce) => proofOf(portableHashes, SECRET, 'connector', { ...linkOf(nonce), link: 'mate' }),
    (nonce) => proofOf(portableHashes, SECRET, 'connector', { ...linkOf(nonce), link: 'configuration' }),
    () => '',
  ];
  for (const proof of wrong) {
    const { nonce } = here.challenge('c2', REQUEST, OWN);
    expect(here.shown('c2', proof(nonce))?.proof).toBeUndefined();
  }
  const none = servers(undefined);
  const { nonce } = none.challenge('c3', REQUEST, OWN);
  expect(none.shown('c3', proofOf(portableHashes, '', 'connector', linkOf(nonce)))?.proof).toBeUndefined();
});

test('[LK1] however many strangers ask to be challenged, a server is; each connection has one challenge', () => {
  const here = servers();
  const { nonce } = here.challenge('c of a server', REQUEST, OWN);
  for (let n = 0; n < 1_000; n++) here.challenge(`c${n % 500}`, REQUEST, OWN);
  expect(here.size).toBe(501);
  const proof = proofOf(portableHashes, SECRET, 'connector', linkOf(nonce));
  expect(here.shown('c of a server', proof)?.request).toBe(REQUEST);
  for (let n = 0; n < 500; n++) here.gone(`c${n}`);
  expect(here.size).toBe(0);
});

test('[LK1] at the port for clients a wrong answer ends the connection, and is told', () => {
  const { world, north } = twoSites();
  const refused = () => north.logs.filter(({ what }) => what === 'server refused');
  expect(refused()).toEqual([]);
  const stranger = new Desk(north, undefined, 'session of a stranger');
  expect(stranger.registerAsServer('a guess')).toMatchObject({ type: 'Error', code: 'not-allowed' });
  world.run(10);
  expect(stranger.closedBecause).toContain('The server secret is wrong');
  expect(refused()).toMatchObject([
    { level: 'warn', because: expect.stringContaining('LK1: The server secret') },
  ]);
  // Nor is one heard that was never challenged.
  const unasked = new Desk(north, undefined, 'session of another');
  unasked.send({ type: 'Proof', ReferenceID: 1, proof: 'anything' });
  world.run(10);
  expect(unasked.closedBecause).toContain('The server secret is wrong');
  expect(refused()).toHaveLength(2);
});

test('[LK1] a server of version 1, which says the secret, is refused by that', () => {
  const { north } = twoSites();
  const old = new Desk(north, undefined, 'session of an old server');
  const said = {
    type: 'RegisterClient',
    application: 'sip-south',
    session: old.session,
    version: 1,
  } as const;
  expect(old.ask({ ...said, secret: SECRET, addpTimeoutMs: 20_000 })).toMatchObject({
    ...{ type: 'Error', code: 'not-allowed' },
    text: expect.stringContaining('the oldest version between servers is 2'),
  });
  north.world.run(10);
  expect(old.closedBecause).toContain('the oldest version between servers is 2');
});

/** A follower of sip-north whose connection is open, and what it does. */
function follower() {
  const sent: SipLinkEffect[] = [];
  const lines: string[] = [];
  const snapshots: unknown[] = [];
  const none = () => undefined;
  const node = new SipServerFollower(
    {
      ...{ application: 'sip-south', what: 'SIP Server', session: 'south', events: 'anew' },
      ...{ secret: SECRET, hashes: portableHashes, random: seededRandom(1) },
      emit: (effect) => sent.push(effect),
      log: ({ because = '' }) => lines.push(because),
      snapshot: (_now, reply) => snapshots.push(reply),
      ...{ event: none, current: none, lost: none, pong: none, answered: () => false },
    },
    {
      members: [{ host: '10.0.0.1', port: 1, applications: ['sip-north'] }],
      ...{ addpTimeoutMs: 3_000, pauseMs: 500 },
    },
    0,
  );
  node.expire(0);
  node.handle(0, { type: 'sipOpened', attempt: 1 });
  return {
    ...{ sent, lines, snapshots },
    hear: (message: DeskReply) => node.handle(1, { type: 'sipMessage', attempt: 1, message }),
    proofs: () =>
      sent.flatMap((one) =>
        one.type === 'sipSend' && one.message.type === 'Proof' ? [one.message.proof] : [],
      ),
  };
}

test('[LK1] to whoever is not who is configured at that address nothing is shown: it might pass it on', () => {
  const { sent, hear, proofs } = follower();
  hear({
    type: 'Challenge',
    ReferenceID: 1,
    application: 'stat-north',
    site: 'north',
    nonce: 'of a stat server',
  });
  expect(proofs()).toEqual([]);
  expect(sent.at(-1)).toMatchObject({
    ...{ type: 'sipClose', why: 'it is "stat-north", and sip-north should be there' },
  });
});

test.each([
  ['challenges nobody', (_challenge: Challenge) => ({})],
  ['shows nothing', (challenge: Challenge) => ({ challenge })],
  ['sends back what it hears', (challenge: Challenge, heard: string) => ({ challenge, proof: heard })],
])('[LK1] who listens at the address of the other site and %s is left', (_what, says) => {
  const { sent, lines, snapshots, hear, proofs } = follower();
  const challenge: Challenge = { type: 'Challenge', ReferenceID: 1, ...OWN, nonce: 'a nonce of a stranger' };
  if ('challenge' in says(challenge, '')) hear(challenge);
  const { proof } = { proof: undefined, ...says(challenge, proofs()[0] ?? '') };
  hear({ ...INFO, ...(proof === undefined ? {} : { proof }) });
  expect(sent.at(-1)).toMatchObject({ type: 'sipClose', why: 'it does not show the server secret' });
  expect(lines.join()).toContain('it does not show the server secret');
  expect(JSON.stringify(sent)).not.toContain(SECRET);
  expect(snapshots).toEqual([]);
});

type Challenge = Extract<DeskReply, { type: 'Challenge' }>;
const INFO: DeskReply = {
  ...{ type: 'ServerInfo', ReferenceID: 1, ...OWN, switch: 'switch-north', version: 2 },
  ...{ position: { epoch: 1, number: 0 }, resumed: false, leaseLengthMs: 8_000, stampEveryMs: 2_000 },
};
