import { seededRandom } from '@holdfast/kernel';
import type { ConfigReply, ConfigRequest } from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { expect, it } from 'vitest';
import { ConfigServerNode } from './config-server-node.ts';
import type { ConfigServerEffect } from './config-server-types.ts';
import { open, revision, WALL } from './testing/config-world.ts';
import { MemoryStore } from './testing/memory-store.ts';

const ADMINISTRATOR = 'administrator1';

/** One Configuration Server that writes, with a store that answers at once. */
function writer() {
  const configuration = revision();
  const store = new MemoryStore(configuration.objects);
  const node = new ConfigServerNode({
    ...{ application: 'config-north', configuration, stored: store.revision, now: 0, wallOffsetMs: WALL },
    ...{ hashes: portableHashes, random: seededRandom(1) },
    signToken: ({ person }) => `token ${person}`,
    verifyToken: (token) => ({ ok: true, person: token.slice(6), issuedWall: WALL, expiresAt: WALL + 1e9 }),
  });
  const said: ConfigReply[] = [];
  const perform = (effects: readonly ConfigServerEffect[]): void => {
    for (const effect of effects) {
      if (effect.type === 'send') said.push(effect.message);
      if (effect.type === 'store')
        perform(node.handle(0, { type: 'stored', id: effect.id, answer: store.request(0, effect.request) }));
    }
  };
  perform(node.expire(0));
  const say = (connection: string, message: ConfigRequest): ConfigReply | undefined => {
    const from = said.length;
    perform(node.handle(0, { type: 'message', connection, message }));
    return said.slice(from).findLast(({ type }) => type !== 'Changed');
  };
  return {
    node,
    store,
    say,
    enter(connection: string, user: string) {
      perform(node.handle(0, { type: 'opened', connection }));
      say(connection, open('workspace'));
      return say(connection, { type: 'LogInByToken', ReferenceID: 2, token: `token ${user}` });
    },
    close: (connection: string) => perform(node.handle(0, { type: 'closed', connection })),
  };
}

const part = (text: string): ConfigRequest => ({
  type: 'EditPart',
  ReferenceID: 3,
  upload: 'upload-1',
  text,
});
const uploaded = (parts: number): ConfigRequest => ({
  ...{ type: 'Edit', ReferenceID: 4, dryRun: false, edits: [], upload: { name: 'upload-1', parts } },
});
const hosts = (count: number) =>
  JSON.stringify(
    Array.from({ length: count }, (_, n) => ({ key: `Host/host-${n}`, patch: { address: '10.0.0.1' } })),
  );

it('[CE16] an edit in parts is one entry, and one of which a part is missing is none', () => {
  const { store, say, enter, close } = writer();
  enter('a', ADMINISTRATOR);
  const text = hosts(100);
  expect(say('a', part(text.slice(0, 1_000)))).toMatchObject({ type: 'PartTaken', parts: 1 });
  expect(say('a', part(text.slice(1_000)))).toMatchObject({ type: 'PartTaken', parts: 2 });
  const edited = say('a', uploaded(2));
  expect(edited).toMatchObject({ type: 'Edited', ReferenceID: 4 });
  expect(edited?.type === 'Edited' && edited.entry.changes.length).toBe(100);
  expect(store.entries).toHaveLength(1);

  say('a', part(text));
  close('a');
  enter('b', ADMINISTRATOR);
  expect(say('b', uploaded(1))).toMatchObject({ type: 'Error', code: 'bad-message' });
  expect(store.entries).toHaveLength(1);
});

it('[CE16] nothing is kept for others than administrators', () => {
  const { say, enter } = writer();
  enter('s', 'supervisor1');
  expect(say('s', part('[]'))).toMatchObject({ type: 'Error', code: 'not-allowed' });
});

it('[CE17] what the validator finds is told to who may read it, and what can be mended by itself is mended as an edit', () => {
  const { node, store, say, enter } = writer();
  enter('a', ADMINISTRATOR);
  enter('agent', 'agent7001');
  const desktop = node.configuration.get('Application', 'desktop-north');
  const connections = desktop?.connections.map((one) =>
    one.server.startsWith('sip-') ? { ...one, addp: { timeout: 5 } } : one,
  );
  const edits = [{ key: 'Application/desktop-north', patch: { connections } }];
  say('a', { type: 'Edit', ReferenceID: 5, dryRun: false, edits });
  const slow = () => {
    const checked = say('a', { type: 'Check', ReferenceID: 6 });
    return checked?.type === 'Checked' ? checked.findings.filter(({ rule }) => rule === 'V25') : undefined;
  };
  expect(slow()?.[0]).toMatchObject({ object: 'Application/desktop-north', isFixable: true });
  expect(say('agent', { type: 'Check', ReferenceID: 6 })).toMatchObject({
    type: 'Error',
    code: 'not-allowed',
  });
  expect(say('agent', { type: 'Fix', ReferenceID: 7, dryRun: false })).toMatchObject({ code: 'not-allowed' });
  const dry = say('a', { type: 'Fix', ReferenceID: 7, dryRun: true });
  expect(dry).toMatchObject({ type: 'Edited', isDryRun: true });
  expect([slow()?.length, store.entries.length]).not.toContain(0);
  expect(say('a', { type: 'Fix', ReferenceID: 7, dryRun: false })).toMatchObject({ type: 'Edited' });
  expect(slow()).toEqual([]);
  expect(store.entries).toHaveLength(2);
});

it('[CE4] who is refused because another writes is told by name who that is', () => {
  const { store, node, say, enter } = writer();
  enter('a', ADMINISTRATOR);
  store.writer = { epoch: 9, holder: 'config-south', seenAt: 0 };
  expect(
    say('a', {
      type: 'Edit',
      ReferenceID: 8,
      dryRun: false,
      edits: [{ key: 'Host/x', patch: { address: 'x' } }],
    }),
  ).toMatchObject({
    ...{ type: 'NotEdited', code: 'not-writer', writer: 'config-south' },
  });
  expect(node.configuration.get('Host', 'x')).toBeUndefined();
});
