import { makeConfiguration } from '@holdfast/centre';
import { type ConfigObject, keysObject } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { createTokenKeys, nodeHashes, signToken } from './crypto.ts';
import { signPersonToken, verifyPersonToken } from './tokens.ts';

const WALL = 1_790_000_000_123;
const PERSON = { person: 'kim', rank: 'agent', issuedAt: WALL, expiresAt: WALL + 60_000 } as const;
const nonceKeys = ['ab'.repeat(16)];

function configurationOf(tokenKeys: readonly ReturnType<typeof createTokenKeys>[]) {
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
