import { TOKEN_LIFE_MAX_MS } from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { describe, expect, test } from 'vitest';
import {
  createTokenKeys,
  hashPassword,
  nodeHashes,
  signToken,
  verifyNoPassword,
  verifyPassword,
  verifyToken,
} from './crypto.ts';

const WALL = 1_790_000_000_000;
const claims = { sub: 'ada', iat: WALL / 1000, exp: WALL / 1000 + 3600, rank: 'agent' };

test('the platform hashes equal the portable ones, also for text beyond ASCII', () => {
  expect(nodeHashes.md5('Zoë:holdfast:ü')).toBe(portableHashes.md5('Zoë:holdfast:ü'));
  expect(nodeHashes.sha256('Zoë:holdfast:ü')).toBe(portableHashes.sha256('Zoë:holdfast:ü'));
  expect(nodeHashes.hmacSha256('kéy', 'text')).toBe(portableHashes.hmacSha256('kéy', 'text'));
});

describe('tokens', () => {
  const key = createTokenKeys();
  const { privateKey: _secret, ...publicOnly } = key;

  test('a token signed at one site is verified at the other, which holds only the public key', () => {
    expect(verifyToken(signToken(claims, key), [publicOnly], WALL)).toEqual(claims);
  });

  test('the key is found by its id, so that a new one can be brought in', () => {
    const next = createTokenKeys();
    expect(verifyToken(signToken(claims, key), [next, publicOnly], WALL)).toEqual(claims);
    expect(verifyToken(signToken(claims, key), [next], WALL)).toBe('token-invalid');
  });

  test('it ends with its exp, and after twelve hours whatever it says', () => {
    const token = signToken(claims, key);
    expect(verifyToken(token, [key], WALL + 3_600_000 - 1)).toEqual(claims);
    expect(verifyToken(token, [key], WALL + 3_600_000)).toBe('token-expired');
    const eternal = signToken({ ...claims, exp: claims.exp * 10 }, key);
    expect(typeof verifyToken(eternal, [key], WALL + TOKEN_LIFE_MAX_MS - 1)).toBe('object');
    expect(verifyToken(eternal, [key], WALL + TOKEN_LIFE_MAX_MS)).toBe('token-expired');
  });

  test('one from the future beyond the clocks’ difference is not accepted', () => {
    expect(typeof verifyToken(signToken(claims, key), [key], WALL - 59_000)).toBe('object');
    expect(verifyToken(signToken(claims, key), [key], WALL - 61_000)).toBe('token-invalid');
  });

  test('forged, altered, unsigned and malformed tokens are refused', () => {
    const [header, payload, signature] = signToken(claims, key).split('.') as [string, string, string];
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const other = signToken(claims, { ...createTokenKeys(), id: key.id }).split('.')[2];
    for (const bad of [
      '',
      'a.b',
      'a.b.c',
      'x'.repeat(5000),
      `${header}.${part({ ...claims, sub: 'eve' })}.${signature}`,
      `${header}.${payload}.${other}`,
      `${header}.${payload}.`,
      `${part({ alg: 'none', kid: key.id })}.${payload}.`,
      `${part({ alg: 'HS256', kid: key.id })}.${payload}.${signature}`,
      `${part(null)}.${payload}.${signature}`,
      signToken({ iat: claims.iat, exp: claims.exp } as never, key),
      signToken({ ...claims, exp: 'never' } as never, key),
    ]) {
      expect(verifyToken(bad, [key], WALL)).toBe('token-invalid');
    }
  });
});

describe('passwords', () => {
  test('argon2id: the right one verifies, another does not, and two hashes of one differ', async () => {
    const kept = await hashPassword('correct horse');
    expect(kept).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(await verifyPassword(kept, 'correct horse')).toBe(true);
    expect(await verifyPassword(kept, 'Correct horse')).toBe(false);
    expect(await hashPassword('correct horse')).not.toBe(kept);
  });

  test('a value that is no hash admits nobody', async () => {
    for (const kept of ['', 'correct horse', '$argon2id$v=19$broken']) {
      expect(await verifyPassword(kept, 'correct horse')).toBe(false);
    }
    expect(await verifyNoPassword('anything')).toBe(false);
  });

  test('the main thread keeps running meanwhile', async () => {
    let turns = 0;
    const counting = setInterval(() => turns++, 1);
    await Promise.all(Array.from({ length: 8 }, () => hashPassword('x')));
    clearInterval(counting);
    expect(turns).toBeGreaterThan(3);
  });
});
