import { makeConfiguration } from '@holdfast/centre';
import { type ConfigObject, type Keys, keysObject } from '@holdfast/protocol';
import { rotated } from '@holdfast/servers';
import { expect, test } from 'vitest';
import { createTokenKeys, nodeHashes, signToken } from './crypto.ts';
import { signPersonToken, verifyPersonToken } from './tokens.ts';

const WALL = 1_790_000_000_123;
const PERSON = { person: 'kim', rank: 'agent', issuedAt: WALL, expiresAt: WALL + 60_000 } as const;
const nonceKeys = ['ab'.repeat(16)];

function configurationOf(tokenKeys: Keys['tokenKeys']) {
  const keys = keysObject.parse({ objectType: 'Keys', name: 'keys', tokenKeys, nonceKeys });
  return makeConfiguration([keys as ConfigObject], nodeHashes.sha256);
}

test('[ID2] a token says to the ms when it was made, by whichever server it is read', () => {
  const configuration = configurationOf([createTokenKeys()]);
  const token = signPersonToken({ ...PERSON, issuedAt: WALL + 0.7 }, configuration);
  expect(verifyPersonToken(token, WALL + 500, configuration)).toEqual({
    ...{ ok: true, person: 'kim', issuedWall: WALL },
    expiresAt: Math.floor((WALL + 60_000) / 1000) * 1000,
  });
});

test('[ID2] one that says a whole second counts as of that second', () => {
  const key = createTokenKeys();
  const token = signToken({ sub: 'kim', iat: 1_790_000_000, exp: 1_790_000_060 }, key);
  const reading = verifyPersonToken(token, WALL, configurationOf([key]));
  expect(reading).toMatchObject({ ok: true, issuedWall: 1_790_000_000_000 });
});

test('[ID5] while keys change, each token is accepted by whoever knows them, until its key is dropped', () => {
  const keysOf = (configuration: ReturnType<typeof configurationOf>) => configuration.all('Keys')[0] as Keys;
  const first = configurationOf([createTokenKeys()]);
  const rotation = rotated(keysOf(first), { tokenKey: createTokenKeys() }, { wall: WALL, isStolen: false });
  if (!rotation.ok) throw new Error(rotation.text);
  const both = configurationOf(rotation.keys.tokenKeys);
  // As a SIP Server sees them (CS8).
  const verifying = configurationOf(
    both.all('Keys')[0]?.tokenKeys.map(({ privateKey: _, ...key }) => key) ?? [],
  );
  const former = signPersonToken(PERSON, both);
  const later = { ...PERSON, issuedAt: WALL + 60_000, expiresAt: WALL + 12 * 3_600_000 };
  const newer = signPersonToken(later, both);
  const read = (token: string, wall: number, configuration = verifying) =>
    verifyPersonToken(token, wall, configuration);
  // A minute long the former key signs, so that a server which has not heard of the new one takes the token too.
  expect(read(former, WALL + 1_000, first)).toMatchObject({ ok: true, person: 'kim' });
  expect(read(newer, WALL + 61_000, first)).toEqual({ ok: false, code: 'token-invalid' });
  for (const token of [former, newer]) expect(read(token, WALL + 59_000)).toMatchObject({ ok: true });
  const [, formerKey] = rotation.keys.tokenKeys;
  const lasting = signPersonToken({ ...PERSON, expiresAt: WALL + 12 * 3_600_000 }, first);
  expect(read(lasting, WALL + 11 * 3_600_000)).toMatchObject({ ok: true });
  const lapsed = formerKey?.goodUntil ?? 0;
  const ahead = signToken(
    { sub: 'kim', iat: lapsed / 1000, exp: lapsed / 1000 + 60 },
    keysOf(first).tokenKeys[0] as never,
  );
  expect(read(ahead, lapsed - 1)).toMatchObject({ ok: true });
  expect(read(ahead, lapsed)).toEqual({ ok: false, code: 'token-expired' });
});
