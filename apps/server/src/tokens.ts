/** Log-in tokens of the configuration's keys: the ports of the Configuration Server and the SIP Server. */
import type { Configuration } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import type { Person } from '@holdfast/protocol';
import type { TokenContent } from '@holdfast/servers';
import { signToken, type TokenKey, verifyToken } from './crypto.ts';

export type TokenOfPerson =
  | { readonly ok: true; readonly person: string; readonly rank: Person['rank']; readonly expiresAt: Millis }
  | { readonly ok: false; readonly code: 'token-invalid' | 'token-expired' };

export function tokenKeysOf(configuration: Configuration): TokenKey[] {
  const keys = configuration.all('Keys')[0]?.tokenKeys ?? [];
  return keys.map(({ id, publicKey, privateKey }) =>
    privateKey === undefined ? { id, publicKey } : { id, publicKey, privateKey },
  );
}

/** With the first key; the configuration was checked to hold its private part. */
export function signPersonToken(
  { person, rank, issuedAt, expiresAt }: TokenContent,
  configuration: Configuration,
): string {
  const [key] = tokenKeysOf(configuration);
  if (key === undefined) throw new Error('The configuration holds no token key.');
  const claims = { sub: person, rank, iat: Math.floor(issuedAt / 1000), exp: Math.floor(expiresAt / 1000) };
  return signToken(claims, key);
}

/** The rank is the person's present one: whoever was a supervisor when the token was made may be none any more. */
export function verifyPersonToken(token: string, wall: Millis, configuration: Configuration): TokenOfPerson {
  const claims = verifyToken(token, tokenKeysOf(configuration), wall);
  if (typeof claims === 'string') return { ok: false, code: claims };
  const person = configuration.get('Person', claims.sub);
  if (person === undefined || !person.enabled) return { ok: false, code: 'token-invalid' };
  return { ok: true, person: person.name, rank: person.rank, expiresAt: claims.exp * 1000 };
}
