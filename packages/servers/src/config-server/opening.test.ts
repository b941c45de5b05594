import { must, seededRandom } from '@holdfast/kernel';
import type { ConfigRequest } from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { expect, test } from 'vitest';
import { OwnProof } from '../own-proof.ts';
import { configWorld, open, proof, SECRET, sent } from './testing/config-world.ts';

/** What a stranger at the port says after it has opened the connection; the lines that it leaves. */
function refused(messages: readonly ConfigRequest[]) {
  const world = configWorld();
  const effects = world.input({ type: 'opened', connection: 'a' });
  for (const message of messages) effects.push(...world.say('a', message));
  const errors = sent(effects).filter(({ type }) => type === 'Error');
  const lines = effects.filter(({ type }) => type === 'log');
  const closed = effects.find((effect) => effect.type === 'close');
  return { world, replies: sent(effects), errors, lines, closed };
}

test.each([
  ['a wrong answer', [{ ...open('sip-north'), nonce: 'a nonce of nobody' }, proof('a guess')]],
  ['an answer that nobody asked for', [proof('a guess')]],
  ['the secret itself, as a server of version 1 did', [{ ...open('sip-north'), version: 1, secret: SECRET }]],
  ['an unknown name and a wrong answer', [{ ...open('sip-east'), nonce: 'a nonce of nobody' }, proof('x')]],
])('[LK1] at a Configuration Server %s ends the connection, and is told', (_what, messages) => {
  const { world, errors, lines, closed, replies } = refused(messages);
  expect(errors).toHaveLength(1);
  expect(JSON.stringify(replies)).not.toContain('SIPServer');
  expect(lines).toMatchObject([
    {
      line: { level: 'warn', what: 'server refused', because: expect.stringContaining('LK1: ') },
      sender: 'a',
    },
  ]);
  expect(closed).toBeDefined();
  expect(world.say('a', { type: 'ReadAll', ReferenceID: 2, subscribe: false })).toEqual([]);
});

test('[LK1] a server of version 1 learns from a Configuration Server why it is refused', () => {
  const { errors } = refused([{ ...open('sip-north'), version: 1, secret: SECRET }]);
  expect(errors).toMatchObject([
    { code: 'not-allowed', text: expect.stringContaining('the oldest version') },
  ]);
});

test('[LK1] what is shown to a Configuration Server under another name, or was heard before, is none', () => {
  const world = configWorld();
  const connect = (connection: string, application: string) => {
    const own = new OwnProof({
      ...{ link: 'configuration', application, secret: SECRET, hashes: portableHashes },
      random: seededRandom(1),
    });
    world.input({ type: 'opened', connection });
    return { own, reply: world.ask(connection, { ...open(application), ...own.open() }) };
  };
  const { own, reply } = connect('a', 'sip-north');
  const shown = must(reply.type === 'Challenge' ? own.answer(reply) : undefined, 'it is challenged');
  connect('b', 'sip-south');
  expect(world.ask('b', proof(shown))).toMatchObject({ code: 'not-allowed' });
  connect('c', 'sip-north');
  expect(world.ask('c', proof(shown))).toMatchObject({ code: 'not-allowed' });
  expect(world.ask('a', proof(shown))).toMatchObject({ type: 'Opened', application: 'sip-north' });
});
