/**
 * Whether a token that is signed well, and has not run out, still counts for the person who shows it, or has shown it
 * (ID2). Every server that lets people in asks this, of each token that comes and, with each new configuration, of all by
 * which somebody is in.
 */
import type { ErrorCode } from '@holdfast/protocol';

export type TokenEnd = Extract<ErrorCode, 'token-invalid' | 'account-disabled' | 'token-revoked'>;

/** What of a Person decides it. */
export interface TokenOwner {
  readonly enabled: boolean;
  readonly tokensNotBefore?: number | undefined;
}

/**
 * Why it counts no more; undefined while it does. `issuedWall` in ms since 1970; of whoever holds a token of which nobody
 * knows when it was made, none is as young as it has to be.
 */
export function endOfToken(
  person: TokenOwner | undefined,
  issuedWall: number | undefined,
): TokenEnd | undefined {
  if (person === undefined) return 'token-invalid';
  if (!person.enabled) return 'account-disabled';
  const { tokensNotBefore = 0 } = person;
  return tokensNotBefore > 0 && (issuedWall === undefined || issuedWall < tokensNotBefore)
    ? 'token-revoked'
    : undefined;
}
