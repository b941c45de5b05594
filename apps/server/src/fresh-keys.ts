/** New keys of each kind that the servers share: for a new configuration, and to change those of one (ID11). */
import { randomBytes } from 'node:crypto';
import type { FreshKeys } from '@holdfast/servers';
import { createTokenKeys } from './crypto.ts';

/** Each call draws others. */
export function freshKeys(): Required<FreshKeys> {
  return {
    tokenKey: createTokenKeys(),
    nonceKey: randomBytes(32).toString('hex'),
    serverSecret: randomBytes(24).toString('base64url'),
  };
}
