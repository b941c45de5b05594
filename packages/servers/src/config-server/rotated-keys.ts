/**
 * New keys in place of those that the servers share (ID5 to ID7), without a moment in which anybody is refused: the new
 * one is known everywhere before it is used, and the former one is good for as long as something made with it is.
 *
 *     now ──── a minute ────▶ ──────── the life of a token, at most 12 h ────────▶
 *     new      announced      signs                                               signs
 *     former   signs          verifies                                            is dropped by the next change
 *
 * A key that somebody has stolen is another matter: then the new one signs at once, and nothing that the former one
 * has made counts any more.
 */
import type { Millis } from '@holdfast/kernel';
import { type Keys, TOKEN_CLOCK_SKEW_MAX_MS, TOKEN_KEYS_MAX, TOKEN_LIFE_MAX_MS } from '@holdfast/protocol';

/** So long a new key is known before it signs: what is told within a second takes this where a server is being started. */
export const ANNOUNCED_MS = 60_000;

/** Made by whoever has chance and cryptography; what is absent stays as it is. */
export interface FreshKeys {
  readonly tokenKey?: Keys['tokenKeys'][number];
  readonly nonceKey?: string;
  readonly serverSecret?: string;
}

export type Rotation =
  | { readonly ok: true; readonly keys: Keys }
  /** Names what stands in the way and until when. */
  | { readonly ok: false; readonly text: string };

/** `wall` in ms since 1970. `isStolen`: what the former ones have made counts no more. */
export function rotated(
  keys: Keys,
  fresh: FreshKeys,
  { wall, isStolen }: { readonly wall: Millis; readonly isStolen: boolean },
): Rotation {
  const tokenKeys = tokenKeysAfter(keys.tokenKeys, fresh.tokenKey, { wall, isStolen });
  if (tokenKeys.length > TOKEN_KEYS_MAX) {
    const next = Math.min(...tokenKeys.map(({ goodUntil = Number.POSITIVE_INFINITY }) => goodUntil));
    const minutes = Math.ceil((next - wall) / 60_000);
    const text = `Keys "${keys.name}" has ${TOKEN_KEYS_MAX} token keys whose tokens are still good, the first for ${minutes} min. Change them after that, or at once as stolen ones.`;
    return { ok: false, text };
  }
  const { nonceKey, serverSecret } = fresh;
  const { serverSecretFormer: _former, ...rest } = keys;
  const hasFormer = serverSecret !== undefined && keys.serverSecret !== undefined && !isStolen;
  return {
    ok: true,
    keys: {
      ...(serverSecret === undefined ? keys : rest),
      tokenKeys,
      ...(nonceKey !== undefined && {
        nonceKeys: isStolen ? [nonceKey] : [nonceKey, ...keys.nonceKeys.slice(0, 1)],
      }),
      ...(serverSecret !== undefined && { serverSecret }),
      ...(hasFormer && { serverSecretFormer: keys.serverSecret }),
    },
  };
}

function tokenKeysAfter(
  keys: Keys['tokenKeys'],
  fresh: FreshKeys['tokenKey'],
  { wall, isStolen }: { readonly wall: Millis; readonly isStolen: boolean },
): Keys['tokenKeys'] {
  const live = keys.filter(({ goodUntil }) => goodUntil === undefined || goodUntil > wall);
  if (fresh === undefined) return live;
  if (isStolen) return [fresh];
  const signsFrom = wall + ANNOUNCED_MS;
  const goodUntil = signsFrom + TOKEN_LIFE_MAX_MS + TOKEN_CLOCK_SKEW_MAX_MS;
  const signing = live.find((key) => key.privateKey !== undefined && (key.signsFrom ?? 0) <= wall);
  const former = live.map((key) => {
    if (key === signing || key.goodUntil === undefined) return { ...key, goodUntil };
    // It signs nothing any more, so that nobody needs what it would sign with.
    const { privateKey: _unused, ...verifying } = key;
    return verifying;
  });
  return [{ ...fresh, signsFrom }, ...former];
}
