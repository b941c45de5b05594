import { configRequest } from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { describe, expect, it, test } from 'vitest';
import { configWorld, revision, SECRET } from './config-server/testing/config-world.ts';
import { startGreeting, stepGreeting } from './pair/mate-greeting.ts';
import { isProof, type ProofOf, proofOf, type ServerSecret, secretOfLines } from './server-proof.ts';

const [OLD, NEW, OTHER] = ['the former secret', 'the new secret', 'a guess'];
const of: ProofOf = {
  link: 'client',
  connector: { application: 'stat-north', name: '', nonce: 'n1' },
  listener: { application: 'sip-north', name: 'north', nonce: 'n2' },
};

const CHANGE: readonly [ServerSecret, ServerSecret, boolean][] = [
  [OLD, OLD, true],
  [OLD, [NEW, OLD], true],
  [[NEW, OLD], [NEW, OLD], true],
  [NEW, [NEW, OLD], true],
  [NEW, NEW, true],
  [OLD, NEW, false],
  [OTHER, [NEW, OLD], false],
  [[OTHER, NEW], OLD, false],
];

describe('[ID7] while the server secret is being changed, servers with either know each other', () => {
  it.each(CHANGE)('%j and %j: %j', (one, other, isKnown) => {
    for (const [shows, looks] of [
      [one, other],
      [other, one],
    ] as const) {
      const given = proofOf(portableHashes, shows, 'connector', of);
      expect(configRequest.safeParse({ type: 'Proof', ReferenceID: 1, proof: given }).success).toBe(true);
      expect(isProof(portableHashes, looks, { given, by: 'connector', of })).toBe(isKnown);
      expect(isProof(portableHashes, looks, { given, by: 'listener', of })).toBe(false);
    }
  });

  it.each(CHANGE)('as members of a pair: %j and %j: %j', (one, other, isKnown) => {
    const common = { hashes: portableHashes, wall: 0 };
    const backup = {
      ...common,
      application: 'b',
      process: 'b.1',
      mate: 'a',
      connects: true,
      nonce: 'n1',
      secret: one,
    };
    const primary = {
      ...common,
      application: 'a',
      process: 'a.1',
      mate: 'b',
      connects: false,
      nonce: 'n2',
      secret: other,
    };
    const [greeting] = startGreeting(backup).send;
    if (greeting === undefined) throw new Error('the backup speaks first');
    const met = stepGreeting(primary, { name: 'awaits-hello' }, greeting);
    const [hello] = met.send;
    const shows = stepGreeting(backup, { name: 'awaits-hello' }, hello ?? greeting);
    const [proof] = shows.send;
    const told = stepGreeting(primary, met.state, proof ?? greeting);
    expect(told.state.name).toBe(isKnown ? 'known' : 'refused');
    const [back] = told.send;
    if (back !== undefined) expect(stepGreeting(backup, shows.state, back).state.name).toBe('known');
  });
});

test('[ID7] a Configuration Server takes the former secret for as long as the Keys object names it', () => {
  const changing = (former: string | undefined) =>
    revision((list) => {
      const keys = list.find((object) => object.objectType === 'Keys');
      if (keys?.objectType !== 'Keys') throw new Error('no keys');
      keys.serverSecret = NEW;
      if (former !== undefined) keys.serverSecretFormer = former;
    });
  const world = configWorld(changing(SECRET));
  expect(world.open('a', 'sip-north', SECRET)).toMatchObject({ type: 'Opened' });
  expect(world.open('b', 'stat-north', NEW)).toMatchObject({ type: 'Opened' });
  world.input({ type: 'configuration', configuration: changing(undefined) });
  expect(world.open('c', 'sip-south', SECRET)).toMatchObject({ code: 'not-allowed' });
  expect(world.open('d', 'sip-south', NEW)).toMatchObject({ type: 'Opened' });
  // CS8.
  const keys = world.ask('d', { type: 'Read', ReferenceID: 2, objectType: 'Keys', subscribe: false });
  expect(JSON.stringify(keys)).not.toContain('ecret');
});

test('[ID7] a process is told its secret in one line, and the former one in a second', () => {
  expect(secretOfLines(`${NEW}\n`)).toBe(NEW);
  expect(secretOfLines(`${NEW}\r\n ${OLD} \nmore`)).toEqual([NEW, OLD]);
});
