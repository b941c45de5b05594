/** The words of `registration.ts`: what it holds, hears and asks for. All plain data. */
import type { Millis } from '@holdfast/kernel';

/** Rule PH1; `fixed` is a phone that knows one address only. */
export type RegistrationScheme = 'single' | 'dual' | 'active-backup' | 'fixed';

export interface RegistrationOptions {
  readonly scheme: RegistrationScheme;
  /** How many places there are to register at. They are named by their index, the preferred one first. */
  readonly targets: number;
  /** Rule PH2: an attempt without a final answer ends after this time, ms. */
  readonly attemptMs: Millis;
  /** Active-backup: how often the targets before the present one are tried, ms. */
  readonly returnEveryMs: Millis;
  /** Pause after the first failure, ms; it doubles with each further one up to `retryMaxMs`. */
  readonly retryFirstMs: Millis;
  readonly retryMaxMs: Millis;
  /** Pause after a refusal that asking again does not mend (403, wrong password), ms. */
  readonly refusedMs: Millis;
  /** A Retry-After above this is not believed [C31], ms. */
  readonly retryAfterMaxMs: Millis;
  /** A start or a move waits for a random time up to this, so that a lost site's phones do not come as one [D42]. */
  readonly moveJitterMs: Millis;
}

export const REGISTRATION_DEFAULTS: Omit<RegistrationOptions, 'scheme' | 'targets'> = {
  attemptMs: 4000,
  returnEveryMs: 10_000,
  retryFirstMs: 1000,
  retryMaxMs: 15_000,
  refusedMs: 30_000,
  retryAfterMaxMs: 300_000,
  moveJitterMs: 200,
};

/** One target as the phone sees it. */
export type RegistrationLine =
  /** Nothing to do here. Before `notBefore` it is passed over, because it asked for that. */
  | { readonly name: 'idle'; readonly notBefore: Millis }
  | { readonly name: 'waiting'; readonly retryAt: Millis; readonly failures: number }
  | {
      readonly name: 'trying';
      readonly attempt: number;
      readonly giveUpAt: Millis;
      readonly failures: number;
    }
  | { readonly name: 'registered'; readonly refreshAt: Millis; readonly expiresAt: Millis }
  | {
      readonly name: 'refreshing';
      readonly attempt: number;
      readonly giveUpAt: Millis;
      readonly expiresAt: Millis;
    }
  /** The binding is being taken back. */
  | { readonly name: 'leaving'; readonly attempt: number; readonly giveUpAt: Millis };

export interface RegistrationState {
  readonly phase: 'stopped' | 'running' | 'stopping';
  readonly lines: readonly RegistrationLine[];
  /** The number of the last attempt; each REGISTER conversation has its own. */
  readonly attempts: number;
  /** Ordered schemes: rounds over all targets that failed, one after another. */
  readonly failedRounds: number;
  /** Ordered schemes: when the next round starts, after a failed one. */
  readonly roundAt: Millis | null;
  /** Active-backup: when the targets before the present one are tried again. */
  readonly returnAt: Millis | null;
  /** Active-backup: when it came back to the first target, until that is lost again. */
  readonly returnedAt: Millis | null;
  /** Returns in a row that did not last (PH14). */
  readonly shortReturns: number;
}

/** How an attempt failed. */
export type RegistrationFailure =
  /** No answer in time, or it could not be sent. */
  | { readonly kind: 'unreachable' }
  /** It answers, but does not serve now (5xx). */
  | { readonly kind: 'unavailable'; readonly status: number; readonly retryAfterMs?: Millis }
  /** It does not want us (4xx, 6xx). */
  | { readonly kind: 'refused'; readonly status: number; readonly retryAfterMs?: Millis };

export type RegistrationEvent =
  | { readonly type: 'start' }
  | { readonly type: 'stop' }
  /** The attempt ended with 2xx. `expiresMs` is what was granted. */
  | {
      readonly type: 'succeeded';
      readonly target: number;
      readonly attempt: number;
      readonly expiresMs: Millis;
    }
  | {
      readonly type: 'failed';
      readonly target: number;
      readonly attempt: number;
      readonly failure: RegistrationFailure;
    }
  /** The connection over which this target knew us is gone. */
  | { readonly type: 'flowLost'; readonly target: number }
  /** Asked to come to the preferred target, or just to register anew everywhere. */
  | { readonly type: 'refresh' }
  /** A deadline may have come. */
  | { readonly type: 'time' };

export type RegistrationEffect =
  /** Hold a REGISTER conversation with this target and report its end under this attempt number. */
  | { readonly type: 'register'; readonly target: number; readonly attempt: number }
  | { readonly type: 'unregister'; readonly target: number; readonly attempt: number }
  | { readonly type: 'registered'; readonly target: number; readonly expiresMs: Millis }
  | { readonly type: 'lost'; readonly target: number; readonly because: string }
  | { readonly type: 'attemptFailed'; readonly target: number; readonly because: string }
  | { readonly type: 'stopped' };
