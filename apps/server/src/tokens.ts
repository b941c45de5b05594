/** Log-in tokens of the configuration's keys: the ports of the Configuration Server and the SIP Server. */
import type { Configuration } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import type { TokenContent, TokenReading } from '@holdfast/servers';
import { signToken, type TokenKey, verifyToken } from './crypto.ts';

function tokenKeysOf(configuration: Configuration): readonly TokenKey[] {
  return configuration.all('Keys')[0]?.tokenKeys ?? [];
}

/** ID5: with the first key whose time has come. The configuration was checked to hold a private part. */
export function signPersonToken(
  { person, rank, issuedAt, expiresAt }: TokenContent,
  configuration: Configuration,
): string {
  const keys = tokenKeysOf(configuration).filter(({ privateKey }) => privateKey !== undefined);
  // A clock that is behind must not keep anybody out.
  const key = keys.find(({ signsFrom = 0 }) => signsFrom <= issuedAt) ?? keys[0];
  if (key === undefined) throw new Error('The configuration holds no token key.');
  // To the ms, as RFC 7519 allows: a revocation tells tokens of one second apart (ID2).
  const claims = { sub: person, rank, iat: Math.floor(issuedAt) / 1000, exp: Math.floor(expiresAt / 1000) };
  return signToken(claims, key);
}

/** Signature and time alone: whether it still counts for that Person is decided where it is shown (ID2). */
export function verifyPersonToken(token: string, wall: Millis, configuration: Configuration): TokenReading {
  const claims = verifyToken(token, tokenKeysOf(configuration), wall);
  if (typeof claims === 'string') return { ok: false, code: claims };
  const { sub: person, iat, exp } = claims;
  return { ok: true, person, issuedWall: Math.round(iat * 1000), expiresAt: exp * 1000 };
}
