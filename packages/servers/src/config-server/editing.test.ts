import { seededRandom } from '@holdfast/kernel';
import type { ConfigReply, ConfigRequest } from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { expect, it } from 'vitest';
import { OwnProof } from '../own-proof.ts';
import { ConfigServerNode } from './config-server-node.ts';
import type { ConfigServerEffect, ConfigServerInput } from './config-server-types.ts';
import { open, revision, SECRET, WALL } from './testing/config-world.ts';

/** A Configuration Server at which a supervisor has logged in on connection `a`. */
function server(passesOn: boolean, more: { readonly remote?: string } = {}) {
  const node = new ConfigServerNode({
    ...{ application: 'config-north', configuration: revision(), passesOn, now: 0, wallOffsetMs: WALL },
    ...{ hashes: portableHashes, random: seededRandom(3) },
    signToken: () => 'token',
    verifyToken: () => ({
      ...{ ok: true, person: 'supervisor1', issuedWall: WALL, expiresAt: WALL + 1e9 },
    }),
  });
  const input = (one: ConfigServerInput): ConfigServerEffect[] =>
    node.handle(0, one).filter(({ type }) => type !== 'log');
  const say = (message: ConfigRequest) => input({ type: 'message', connection: 'a', message });
  input({ type: 'opened', connection: 'a', ...more });
  say(open('workspace'));
  say({ type: 'LogInByToken', ReferenceID: 2, token: 'token' });
  return { input, say };
}

const rename = {
  ...{ type: 'Edit', ReferenceID: 77, dryRun: false },
  edits: [{ key: 'Person/agent7001', patch: { displayName: 'Kim' } }],
} satisfies ConfigRequest;

it('[CX4] a proxy passes an edit on in the name of whoever asked, and gives the answer to whoever asked', () => {
  const proxy = server(true);
  const passed = proxy.say(rename);
  expect(passed).toMatchObject([
    { type: 'passOn', id: 1, request: { ...rename, author: { who: 'supervisor1', from: 'workspace' } } },
  ]);
  const reply = { type: 'Error', ReferenceID: 12, code: 'not-allowed', text: 'No.' } as const;
  expect(proxy.input({ type: 'passedOn', id: 1, reply })).toEqual([
    { type: 'send', connection: 'a', message: { ...reply, ReferenceID: 77 } },
  ]);
  // Once.
  expect(proxy.input({ type: 'passedOn', id: 1, reply })).toEqual([]);
});

it('[CS18] what a person edits over a link comes from the address of its other end too, also through a proxy', () => {
  const author = { who: 'supervisor1', from: 'workspace at 10.1.2.3' };
  expect(server(true, { remote: '10.1.2.3' }).say(rename)).toMatchObject([
    { request: { ...rename, author } },
  ]);
});

it('[CX4] where it cannot be passed on, the editor learns whether it was written and how old is what is served', () => {
  const proxy = server(true);
  const answer = (id: number, wasSent: boolean): ConfigReply | undefined => {
    const [effect] = proxy.input({
      type: 'notPassedOn',
      id,
      wasSent,
      ageMs: 90_000,
      why: 'Nobody is there.',
    });
    return effect?.type === 'send' ? effect.message : undefined;
  };
  proxy.say(rename);
  expect(answer(1, false)).toMatchObject({
    type: 'NotEdited',
    ReferenceID: 77,
    code: 'not-stored',
    ageMs: 90_000,
  });
  proxy.say(rename);
  const unknown = answer(2, true);
  expect(unknown?.type === 'NotEdited' && unknown.text).toContain('not known whether it was written');
  expect(unknown?.type === 'NotEdited' && unknown.text).toContain('90 s after');
  proxy.say({ type: 'History', ReferenceID: 78, limit: 1 });
  expect(answer(3, false)).toMatchObject({ type: 'Error', ReferenceID: 78, code: 'not-ready' });
});

/** A Configuration Server whose store says that south writes. */
function whereSouthWrites() {
  const node = new ConfigServerNode({
    ...{ application: 'config-north', configuration: revision(), stored: { epoch: 1, number: 7 }, now: 0 },
    ...{ wallOffsetMs: WALL, hashes: portableHashes, random: seededRandom(3) },
    signToken: () => 'token',
    verifyToken: () => ({
      ...{ ok: true, person: 'supervisor1', issuedWall: WALL, expiresAt: WALL + 1e9 },
    }),
  });
  const input = (one: ConfigServerInput): ConfigServerEffect[] =>
    node.handle(0, one).filter(({ type }) => type !== 'log' && type !== 'store');
  const [asked] = node.expire(0);
  if (asked?.type !== 'store') throw new Error('it does not ask who writes');
  input({
    type: 'stored',
    id: asked.id,
    answer: { type: 'held', by: 'config-south', epoch: 1, ageMs: 10 },
  });
  const enter = (connection: string, ...messages: ConfigRequest[]) => {
    input({ type: 'opened', connection });
    return messages.flatMap((message) => input({ type: 'message', connection, message }));
  };
  return { node, input, enter };
}

it('[CX5] an edit at a Configuration Server that does not write is passed on to the one that does', () => {
  const { enter, input } = whereSouthWrites();
  enter('a', open('workspace'), { type: 'LogInByToken', ReferenceID: 2, token: 'token' });
  const passed = input({ type: 'message', connection: 'a', message: rename });
  expect(passed).toMatchObject([
    {
      ...{ type: 'passOn', id: 1, to: 'config-south' },
      request: { ...rename, author: { who: 'supervisor1', from: 'workspace' } },
    },
  ]);
  const reply = { type: 'Error', ReferenceID: 12, code: 'not-allowed', text: 'No.' } as const;
  expect(input({ type: 'passedOn', id: 1, reply })).toEqual([
    { type: 'send', connection: 'a', message: { ...reply, ReferenceID: 77 } },
  ]);
});

it('[CX5] one that another Configuration Server has passed on goes no further: it is told who writes', () => {
  const { enter, input } = whereSouthWrites();
  const own = new OwnProof({
    ...{ link: 'configuration', application: 'config-south', secret: SECRET },
    ...{ hashes: portableHashes, random: seededRandom(4) },
  });
  const [challenged] = enter('s', { ...open('config-south'), ...own.open() });
  const challenge = challenged?.type === 'send' ? challenged.message : undefined;
  const proof = challenge?.type === 'Challenge' ? own.answer(challenge) : undefined;
  if (proof === undefined) throw new Error('it is not challenged');
  input({ type: 'message', connection: 's', message: { type: 'Proof', ReferenceID: 1, proof } });
  const author = { who: 'supervisor1', from: 'workspace' };
  expect(input({ type: 'message', connection: 's', message: { ...rename, author } })).toMatchObject([
    { type: 'send', connection: 's', message: { type: 'NotEdited', ReferenceID: 77, code: 'not-writer' } },
  ]);
});

it('[CE14] one that serves files edits nothing, and says what to do', () => {
  expect(server(false).say(rename)).toMatchObject([
    {
      type: 'send',
      message: {
        type: 'Error',
        ReferenceID: 77,
        code: 'wrong-state',
        text: expect.stringContaining('serves files'),
      },
    },
  ]);
});
