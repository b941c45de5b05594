/**
 * Says in the log that a server is lost, so that it can be read afterwards and does not fill the disk: each new
 * reason as it comes, then once a minute with the number of failures, and when it is over.
 */
import type { LogLine, Millis } from '@holdfast/kernel';
import type { ServerAddress } from './server-address.ts';

/** A server that goes round for a day would fill the disk with one sentence; this often it is said again. */
export const OUTAGE_REPEAT_MS = 60_000;
/** Different reasons that one outage writes down as they come; later ones wait for the next minute. */
const REASONS_MAX = 8;

/** From the first failure until the server is back. */
interface Outage {
  readonly since: Millis;
  readonly reasons: Set<string>;
  failures: number;
  sayAt: Millis;
}

export class OutageLog {
  readonly #what: string;
  readonly #log: (line: LogLine) => void;
  #outage: Outage | undefined;

  /** `what` is lost and back: "configuration server". */
  constructor(what: string, log: (line: LogLine) => void) {
    this.#what = what;
    this.#log = log;
  }

  /** `stood`: the connection was good until now. */
  lost(now: Millis, { host, port }: ServerAddress, why: string, stood: boolean): void {
    this.#outage ??= { since: now, reasons: new Set(), failures: 0, sayAt: now + OUTAGE_REPEAT_MS };
    const outage = this.#outage;
    outage.failures += 1;
    const server = `${host}:${port}`;
    if (!outage.reasons.has(why) && outage.reasons.size < REASONS_MAX) {
      outage.reasons.add(why);
      return this.#say('warn', 'lost', { server, stood }, why);
    }
    if (now < outage.sayAt) return;
    outage.sayAt = now + OUTAGE_REPEAT_MS;
    const { failures, since } = outage;
    this.#say('warn', 'still lost', { server, failures, seconds: secondsSince(since, now) }, why);
  }

  back(now: Millis): void {
    if (this.#outage === undefined) return;
    const { failures, since } = this.#outage;
    this.#outage = undefined;
    this.#say('info', 'back', { failures, seconds: secondsSince(since, now) });
  }

  #say(
    level: 'info' | 'warn',
    state: string,
    detail: NonNullable<LogLine['detail']>,
    because?: string,
  ): void {
    const line = { level, what: `${this.#what} ${state}`, detail };
    this.#log(because === undefined ? line : { ...line, because });
  }
}

function secondsSince(since: Millis, now: Millis): number {
  return Math.round((now - since) / 1000);
}
