import { createHmac } from 'node:crypto';
import { must } from '@holdfast/kernel';
import { type MirrorMessage, PROTOCOL_VERSION } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import {
  type Greeting,
  type GreetingOptions,
  type GreetingStep,
  startGreeting,
  stepGreeting,
} from './mate-greeting.ts';

const SECRET = 'the secret of all servers';
const hashes = {
  hmacSha256: (key: string, text: string) => createHmac('sha256', key).update(text).digest('hex'),
};
const PRIMARY: GreetingOptions = {
  ...{ application: 'sip-a', process: 'a.1', mate: 'sip-b', secret: SECRET, hashes },
  ...{ connects: false, nonce: 'nonce of a', wall: 1_000_000 },
};
const BACKUP: GreetingOptions = {
  ...{ ...PRIMARY, application: 'sip-b', process: 'b.1', mate: 'sip-a', connects: true },
  nonce: 'nonce of b',
};

/** Between the two, until nobody has anything to say; everything that was said, in its order. */
function meet(backup: GreetingOptions, primary: GreetingOptions) {
  const states: [Greeting, Greeting] = [startGreeting(backup).state, startGreeting(primary).state];
  const said: MirrorMessage[] = [];
  let sent = startGreeting(backup).send;
  for (let turn = 1; sent.length > 0; turn++) {
    said.push(...sent);
    const hearer = turn % 2 === 1 ? 1 : 0;
    const own = hearer === 1 ? primary : backup;
    const step: GreetingStep = stepGreeting(own, states[hearer], must(sent[0], 'one message a turn'));
    states[hearer] = step.state;
    sent = step.send;
  }
  return { backup: states[0], primary: states[1], said };
}

const proofIn = (said: readonly MirrorMessage[], n: number) =>
  must(said.filter((message) => message.type === 'proof')[n], 'that many proofs were shown');

test('[LK1] the two show each other the secret and never say it; the clock of the mate is compared', () => {
  const { backup, primary, said } = meet({ ...BACKUP, wall: 1_005_000 }, PRIMARY);
  expect([backup.name, primary.name]).toEqual(['known', 'known']);
  expect(primary).toMatchObject({ clockApartMs: 5_000 });
  expect(backup).toMatchObject({ clockApartMs: -5_000 });
  expect(said.map(({ type }) => type)).toEqual(['hello', 'hello', 'proof', 'proof']);
  expect(JSON.stringify(said)).not.toContain(SECRET);
  expect(proofIn(said, 0)).not.toEqual(proofIn(said, 1));
});

test('[LK1] a wrong secret is refused by whoever hears it first', () => {
  const guess = meet({ ...BACKUP, secret: 'a guess' }, PRIMARY);
  expect(guess.primary).toEqual({ name: 'refused', because: 'it does not show the server secret' });
  // It has got nothing that the primary had made with the secret.
  expect(guess.said.filter(({ type }) => type === 'proof')).toHaveLength(1);
  const trap = stepGreeting(BACKUP, stepGreeting(BACKUP, { name: 'awaits-hello' }, helloOf(PRIMARY)).state, {
    type: 'proof',
    proof: 'f'.repeat(64),
  });
  expect(trap.state).toEqual({ name: 'refused', because: 'it does not show the server secret' });
});

const helloOf = ({ application, process, nonce, wall }: GreetingOptions): MirrorMessage => ({
  ...{ type: 'hello', version: PROTOCOL_VERSION, application, process, nonce, wall },
});

test('[LK1] an answer that was heard before is none for another connection', () => {
  const { said } = meet(BACKUP, PRIMARY);
  const anew = { ...PRIMARY, nonce: 'another nonce of a' };
  const challenged = stepGreeting(anew, { name: 'awaits-hello' }, helloOf(BACKUP));
  expect(stepGreeting(anew, challenged.state, proofIn(said, 0)).state.name).toBe('refused');
  const caller = { ...BACKUP, nonce: 'another nonce of b' };
  const answered = stepGreeting(caller, { name: 'awaits-hello' }, helloOf(PRIMARY));
  expect(stepGreeting(caller, answered.state, proofIn(said, 1)).state.name).toBe('refused');
});

test('[LK1] who sends back what it hears, nonce and answer, is refused', () => {
  const hello = must(startGreeting(BACKUP).send[0], 'the backup speaks first');
  // At the mate's address, under the mate's name, with the nonce that it was told.
  const mirrored = { ...hello, application: 'sip-a', process: 'b.1' } as MirrorMessage;
  const step = stepGreeting(BACKUP, { name: 'awaits-hello' }, mirrored);
  const own = must(step.send[0], 'it shows that it holds the secret');
  expect(stepGreeting(BACKUP, step.state, own).state.name).toBe('refused');
});

test.each([
  ['an entry', { type: 'ack', epoch: 1, number: 1 } as const, 'it did not say who it is'],
  [
    'a member of version 1, which said the secret',
    { type: 'hello', version: 1, application: 'sip-b', process: 'b.1' } as const,
    'it speaks version 1, and the oldest that is understood between servers is 2: update it',
  ],
  [
    'another Application',
    { ...helloOf(BACKUP), application: 'stat-a' } as MirrorMessage,
    'it runs as "stat-a", and the mate is "sip-b"',
  ],
])('[LK1] before it is known %s is refused by what is wrong with it', (_what, message, because) => {
  const step = stepGreeting(PRIMARY, { name: 'awaits-hello' }, message);
  expect(step).toEqual({ state: { name: 'refused', because }, send: [] });
});

test('[LK1] who has said who it is and shows nothing is refused', () => {
  const { state } = stepGreeting(PRIMARY, { name: 'awaits-hello' }, helloOf(BACKUP));
  expect(stepGreeting(PRIMARY, state, { type: 'ack', epoch: 1, number: 1 }).state).toEqual({
    ...{ name: 'refused', because: 'it did not show that it holds the server secret' },
  });
});
