import { expect, test } from 'vitest';
import { endOfToken } from './token-standing.ts';

const PERSON = { enabled: true };

test('[ID2] a token counts for an enabled Person, and when it is no older than the Person says', () => {
  expect(endOfToken(undefined, 5)).toBe('token-invalid');
  expect(endOfToken({ enabled: false, tokensNotBefore: 9 }, 5)).toBe('account-disabled');
  expect(endOfToken(PERSON, 5)).toBeUndefined();
  expect(endOfToken(PERSON, undefined)).toBeUndefined();
  expect(endOfToken({ ...PERSON, tokensNotBefore: 5 }, 5)).toBeUndefined();
  expect(endOfToken({ ...PERSON, tokensNotBefore: 6 }, 5)).toBe('token-revoked');
  expect(endOfToken({ ...PERSON, tokensNotBefore: 6 }, undefined)).toBe('token-revoked');
});
