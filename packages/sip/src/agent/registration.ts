/**
 * Where a phone registers, and when again (rules PH1, PH2): one machine for all schemes. It counts attempts and
 * instants; what a REGISTER looks like and how 401 is answered is the business of `register-conversation.ts`.
 *
 * Two families. *Independent* (dual, fixed): every target has a life of its own:
 *
 *     waiting → trying → registered → refreshing → registered …
 *        ↑________|________________________|  failed: wait, longer each time
 *
 * *Ordered* (single, active-backup): one search goes through the targets in order and stays at the first that accepts.
 * While registered at a later one, the earlier ones are tried from time to time: by active-backup on a timer of its
 * own, by single with each refresh. When one of them accepts, the later binding is taken back. Every state that waits
 * for something has an instant at which it stops waiting, so no order of flaps can leave the phone hanging [D4].
 */
import { type Millis, type Random, type Transition, unreachable } from '@holdfast/kernel';
import type {
  RegistrationEffect,
  RegistrationEvent,
  RegistrationFailure,
  RegistrationLine,
  RegistrationOptions,
  RegistrationState,
} from './registration-types.ts';

export interface RegistrationSurroundings {
  readonly options: RegistrationOptions;
  readonly random: Random;
}

export function initialRegistration(options: RegistrationOptions): RegistrationState {
  const targets = options.scheme === 'fixed' ? Math.min(1, options.targets) : options.targets;
  const lines = Array.from({ length: targets }, (): RegistrationLine => ({ name: 'idle', notBefore: 0 }));
  return { phase: 'stopped', lines, attempts: 0, failedRounds: 0, ...NOT_RETURNED };
}

export function stepRegistration(
  state: RegistrationState,
  event: RegistrationEvent,
  now: Millis,
  surroundings: RegistrationSurroundings,
): Transition<RegistrationState, RegistrationEffect> {
  const run = new RegistrationRun(state, now, surroundings);
  run.take(event);
  return run.result();
}

/** When `time` is due next, or undefined when only another event can change anything. */
export function nextRegistrationDeadline(state: RegistrationState): Millis | undefined {
  if (state.phase === 'stopped') return undefined;
  let next: Millis | undefined;
  const consider = (at: Millis | null) => {
    if (at !== null && (next === undefined || at < next)) next = at;
  };
  if (state.phase === 'running') {
    consider(state.roundAt);
    consider(state.returnAt);
  }
  for (const line of state.lines) consider(deadlineOf(line));
  return next;
}

function deadlineOf(line: RegistrationLine): Millis | null {
  switch (line.name) {
    case 'idle':
      return null;
    case 'waiting':
      return line.retryAt;
    case 'registered':
      return line.refreshAt;
    case 'trying':
    case 'refreshing':
    case 'leaving':
      return line.giveUpAt;
    default:
      return unreachable(line);
  }
}

const NOT_RETURNED = { roundAt: null, returnAt: null, returnedAt: null, shortReturns: 0 } as const;

/** PH14: a return that has lasted for so many periods of trying was none too soon. */
const LASTING_PERIODS = 30;
/** PH14: the period is doubled so often at the most. */
const RETURN_DOUBLINGS_MAX = 3;

/** Doubling stops here; a longer shift would overflow. */
const DOUBLINGS_MAX = 16;

/** One step at work: a copy of the state that is changed line by line, and the effects in their order. */
class RegistrationRun {
  readonly #now: Millis;
  readonly #random: Random;
  readonly #options: RegistrationOptions;
  readonly #isOrdered: boolean;
  readonly #lines: RegistrationLine[];
  readonly #effects: RegistrationEffect[] = [];
  #phase: RegistrationState['phase'];
  #attempts: number;
  #failedRounds: number;
  #roundAt: Millis | null;
  #returnAt: Millis | null;
  #returnedAt: Millis | null;
  #shortReturns: number;

  constructor(state: RegistrationState, now: Millis, { options, random }: RegistrationSurroundings) {
    this.#now = now;
    this.#random = random;
    this.#options = options;
    this.#isOrdered = options.scheme === 'single' || options.scheme === 'active-backup';
    this.#lines = [...state.lines];
    this.#phase = state.phase;
    this.#attempts = state.attempts;
    this.#failedRounds = state.failedRounds;
    this.#roundAt = state.roundAt;
    this.#returnAt = state.returnAt;
    this.#returnedAt = state.returnedAt;
    this.#shortReturns = state.shortReturns;
  }

  result(): Transition<RegistrationState, RegistrationEffect> {
    const state = {
      phase: this.#phase,
      lines: this.#lines,
      attempts: this.#attempts,
      failedRounds: this.#failedRounds,
      roundAt: this.#roundAt,
      returnAt: this.#returnAt,
      returnedAt: this.#returnedAt,
      shortReturns: this.#shortReturns,
    };
    return { state, effects: this.#effects };
  }

  take(event: RegistrationEvent): void {
    switch (event.type) {
      case 'start':
        return this.#start();
      case 'stop':
        return this.#stop();
      case 'succeeded':
        return this.#succeeded(event);
      case 'failed':
        return this.#answered(event.target, event.attempt, event.failure);
      case 'flowLost':
        return this.#flowLost(event.target);
      case 'refresh':
        return this.#refreshAll();
      case 'time':
        return this.#time();
      default:
        return unreachable(event);
    }
  }

  #start(): void {
    if (this.#phase === 'running') return;
    this.#phase = 'running';
    this.#failedRounds = 0;
    if (this.#isOrdered) this.#search(0);
    else for (const target of this.#lines.keys()) this.#waitThenTry(target, this.#moveJitter(), 0);
  }

  /** Bindings are taken back; what is still being tried is left to `#late`. */
  #stop(): void {
    if (this.#phase !== 'running') return;
    this.#phase = 'stopping';
    this.#roundAt = null;
    this.#returnAt = null;
    for (const [target, line] of this.#lines.entries()) {
      if (isRegistered(line)) this.#leave(target, 'unregistered by command');
      else if (line.name !== 'leaving') this.#lines[target] = { name: 'idle', notBefore: 0 };
    }
    this.#finishStopping();
  }

  #succeeded(event: Extract<RegistrationEvent, { type: 'succeeded' }>): void {
    const { target, attempt, expiresMs } = event;
    const line = this.#lines[target];
    if (line === undefined) return;
    if (line.name === 'leaving') {
      if (line.attempt !== attempt) return;
      this.#lines[target] = { name: 'idle', notBefore: 0 };
      return this.#finishStopping();
    }
    // The late answer to an un-REGISTER that we had given up.
    if (expiresMs <= 0) return;
    if (this.#phase !== 'running') {
      // A late 2xx to an attempt that we had given up: the server now holds a binding that nobody wants.
      this.#phase = 'stopping';
      return this.#sendUnregister(target);
    }
    const wasRegistered = isRegistered(line);
    const expiresAt = this.#now + expiresMs;
    if ((line.name === 'trying' || line.name === 'refreshing') && line.attempt !== attempt) {
      // Late, while a newer attempt is on its way: that one becomes the refresh of this binding.
      this.#lines[target] = { name: 'refreshing', attempt: line.attempt, giveUpAt: line.giveUpAt, expiresAt };
    } else {
      this.#lines[target] = {
        name: 'registered',
        refreshAt: this.#now + this.#refreshAfter(expiresMs),
        expiresAt,
      };
    }
    if (!wasRegistered) this.#effects.push({ type: 'registered', target, expiresMs });
    if (this.#isOrdered) this.#keepFirstRegistered(target, wasRegistered);
  }

  /** Ordered schemes: of several bindings the one that stands first in the order stays. */
  #keepFirstRegistered(target: number, wasRefresh: boolean): void {
    const kept = this.#lines.findIndex(isRegistered);
    for (const [other, line] of this.#lines.entries()) {
      if (other <= kept) continue;
      if (isRegistered(line)) {
        this.#leave(other, `registered at a preferred target (${kept})`);
        if (kept === 0) this.#returnedAt = this.#now;
      } else if (line.name === 'trying' || line.name === 'waiting')
        this.#lines[other] = { name: 'idle', notBefore: 0 };
    }
    this.#failedRounds = 0;
    this.#roundAt = null;
    if (kept === 0) this.#returnAt = null;
    else if (this.#isSearching()) return;
    else if (this.#options.scheme === 'active-backup')
      this.#returnAt ??= this.#now + this.#spread(this.#returnPeriod());
    else if (wasRefresh && target === kept) this.#search(0);
  }

  /** An attempt ended without success, by an answer or by its own limit. */
  #answered(target: number, attempt: number, failure: RegistrationFailure): void {
    const line = this.#lines[target];
    if (line === undefined || !('attempt' in line) || line.attempt !== attempt) return;
    if (line.name === 'leaving') {
      this.#lines[target] = { name: 'idle', notBefore: 0 };
      return this.#finishStopping();
    }
    const because = describe(failure, this.#options.attemptMs);
    this.#effects.push({ type: 'attemptFailed', target, because });
    if (line.name === 'refreshing') this.#effects.push({ type: 'lost', target, because });
    const failures = line.name === 'trying' ? line.failures + 1 : 1;
    const pause = this.#pauseAskedFor(failure);
    if (!this.#isOrdered)
      return this.#waitThenTry(target, Math.max(pause, this.#backoff(failures)), failures);
    this.#lines[target] = { name: 'idle', notBefore: this.#now + pause };
    if (line.name === 'trying') this.#search(target + 1);
    // The present target does not answer any more: from the first on, but not the very one that has just failed.
    else if (!this.#isSearching()) this.#search(target === 0 ? 1 : 0);
  }

  #flowLost(target: number): void {
    const line = this.#lines[target];
    if (this.#phase !== 'running' || line === undefined || !isRegistered(line)) return;
    this.#effects.push({ type: 'lost', target, because: 'its connection was lost' });
    this.#lines[target] = { name: 'idle', notBefore: 0 };
    if (!this.#isOrdered) this.#waitThenTry(target, this.#moveJitter(), 0);
    else if (!this.#isSearching()) this.#search(0);
  }

  #refreshAll(): void {
    if (this.#phase !== 'running') return;
    for (const [target, line] of this.#lines.entries()) {
      if (line.name === 'registered') this.#refresh(target, line.expiresAt);
      else if (line.name === 'waiting') this.#try(target, line.failures);
    }
    if (this.#roundAt !== null || (this.#returnAt !== null && !this.#isSearching())) this.#search(0);
  }

  #time(): void {
    if (this.#phase === 'stopped') return;
    for (const [target, line] of this.#lines.entries()) {
      const at = deadlineOf(line);
      if (at === null || at > this.#now || this.#lines[target] !== line) continue;
      if (line.name === 'waiting') this.#try(target, line.failures);
      else if (line.name === 'registered') this.#refresh(target, line.expiresAt);
      else if ('attempt' in line) this.#answered(target, line.attempt, { kind: 'unreachable' });
    }
    if (this.#phase !== 'running') return;
    if (this.#roundAt !== null && this.#roundAt <= this.#now) this.#search(0);
    if (this.#returnAt !== null && this.#returnAt <= this.#now && !this.#isSearching()) this.#search(0);
  }

  /** Ordered schemes: goes on with the first usable target from this one on; ends before the one that we have. */
  #search(from: number): void {
    this.#roundAt = null;
    this.#returnAt = null;
    const have = this.#lines.findIndex(isRegistered);
    const end = have === -1 ? this.#lines.length : have;
    for (let target = from; target < end; target++) {
      const line = this.#lines[target] as RegistrationLine;
      // One that is still being left must have let go first, or its two answers could cross.
      if (line.name !== 'idle' || line.notBefore > this.#now) continue;
      return this.#waitThenTry(target, this.#moveJitter(), 0);
    }
    if (have === -1) {
      this.#failedRounds++;
      this.#roundAt = this.#now + Math.max(this.#backoff(this.#failedRounds), this.#untilUsable());
    } else if (have > 0 && this.#options.scheme === 'active-backup') {
      this.#returnAt = this.#now + this.#spread(this.#returnPeriod());
    }
  }

  /** PH14: how often the targets before the present one are tried; less often where returns have not lasted. */
  #returnPeriod(): Millis {
    const { returnEveryMs } = this.#options;
    if (this.#returnedAt !== null) {
      const hasLasted = this.#now - this.#returnedAt >= LASTING_PERIODS * returnEveryMs;
      this.#shortReturns = hasLasted ? 0 : Math.min(this.#shortReturns + 1, RETURN_DOUBLINGS_MAX);
      this.#returnedAt = null;
    }
    return returnEveryMs * 2 ** this.#shortReturns;
  }

  /** How long until some target wants to be asked again: a round before that would ask nobody. */
  #untilUsable(): Millis {
    const times = this.#lines.map((line) =>
      line.name === 'idle' ? Math.max(0, line.notBefore - this.#now) : 0,
    );
    return Math.min(...times);
  }

  #isSearching(): boolean {
    return this.#lines.some((line) => line.name === 'trying' || line.name === 'waiting');
  }

  #waitThenTry(target: number, wait: Millis, failures: number): void {
    if (wait <= 0) this.#try(target, failures);
    else this.#lines[target] = { name: 'waiting', retryAt: this.#now + wait, failures };
  }

  #try(target: number, failures: number): void {
    const attempt = ++this.#attempts;
    this.#lines[target] = {
      name: 'trying',
      attempt,
      giveUpAt: this.#now + this.#options.attemptMs,
      failures,
    };
    this.#effects.push({ type: 'register', target, attempt });
  }

  #refresh(target: number, expiresAt: Millis): void {
    const attempt = ++this.#attempts;
    this.#lines[target] = {
      name: 'refreshing',
      attempt,
      giveUpAt: this.#now + this.#options.attemptMs,
      expiresAt,
    };
    this.#effects.push({ type: 'register', target, attempt });
  }

  #leave(target: number, because: string): void {
    this.#effects.push({ type: 'lost', target, because });
    this.#sendUnregister(target);
  }

  #sendUnregister(target: number): void {
    const attempt = ++this.#attempts;
    this.#lines[target] = { name: 'leaving', attempt, giveUpAt: this.#now + this.#options.attemptMs };
    this.#effects.push({ type: 'unregister', target, attempt });
  }

  #finishStopping(): void {
    if (this.#phase !== 'stopping' || this.#lines.some((line) => line.name !== 'idle')) return;
    this.#phase = 'stopped';
    this.#effects.push({ type: 'stopped' });
  }

  #moveJitter(): Millis {
    return Math.round(this.#random() * this.#options.moveJitterMs);
  }

  /** Half to the whole of a time that doubles with each failure: no two phones keep step [D42]. */
  #backoff(failures: number): Millis {
    const { retryFirstMs, retryMaxMs } = this.#options;
    const whole = Math.min(retryMaxMs, retryFirstMs * 2 ** Math.min(failures - 1, DOUBLINGS_MAX));
    return Math.max(1, Math.round(whole * (0.5 + 0.5 * this.#random())));
  }

  /** Three to five quarters of a period. */
  #spread(periodMs: Millis): Millis {
    return Math.round(periodMs * (0.75 + 0.5 * this.#random()));
  }

  /** Never less than was asked for, and a little more, so that those who were told the same do not come together. */
  #pauseAskedFor(failure: RegistrationFailure): Millis {
    if (failure.kind === 'unreachable') return 0;
    const { retryAfterMaxMs, refusedMs } = this.#options;
    const asked = failure.retryAfterMs ?? (failure.kind === 'refused' ? refusedMs : 0);
    return Math.round(Math.min(asked, retryAfterMaxMs) * (1 + 0.2 * this.#random()));
  }

  /** Between half and nine tenths of the time granted, and early enough that one attempt fits before its end. */
  #refreshAfter(expiresMs: Millis): Millis {
    const latest = Math.max(
      0.5 * expiresMs,
      Math.min(0.9 * expiresMs, expiresMs - this.#options.attemptMs - 1000),
    );
    return Math.round(0.5 * expiresMs + (latest - 0.5 * expiresMs) * this.#random());
  }
}

function isRegistered(line: RegistrationLine): boolean {
  return line.name === 'registered' || line.name === 'refreshing';
}

function describe(failure: RegistrationFailure, attemptMs: Millis): string {
  switch (failure.kind) {
    case 'unreachable':
      return `no answer to REGISTER within ${attemptMs} ms`;
    case 'unavailable':
    case 'refused':
      return `REGISTER was answered ${failure.status}`;
    default:
      return unreachable(failure);
  }
}
