/** A program for tests of the world itself: it writes down what it is told and does what the test says. */
import type { Millis } from '@holdfast/kernel';
import type { Address, CloseReason, Process, Program } from './process.ts';
import type { StreamEnd } from './stream.ts';

export interface Seen {
  readonly at: number;
  readonly now: Millis;
  readonly what: string;
  readonly detail?: unknown;
}

export class ProbeProgram implements Program {
  readonly seen: Seen[] = [];
  readonly process: Process;
  /** The streams on which this end was opened or accepted. */
  readonly ends: StreamEnd[] = [];
  /** Every so often, when set: the deadline is moved on by this at each expiry. */
  readonly everyMs: Millis | undefined;
  deadline: Millis | undefined;
  onMessage: ((end: StreamEnd, message: unknown) => void) | undefined;

  constructor(process: Process, now: Millis, everyMs?: Millis) {
    this.process = process;
    this.everyMs = everyMs;
    if (everyMs !== undefined) this.deadline = now + everyMs;
  }

  whats(): string[] {
    return this.seen.map((seen) =>
      seen.detail === undefined ? seen.what : `${seen.what} ${String(seen.detail)}`,
    );
  }

  datagram(now: Millis, message: unknown, _source: Address): void {
    this.#see(now, 'datagram', message);
  }

  accepted(now: Millis, end: StreamEnd): void {
    this.ends.push(end);
    this.#see(now, 'accepted');
  }

  opened(now: Millis, end: StreamEnd): void {
    this.ends.push(end);
    this.#see(now, 'opened');
  }

  message(now: Millis, end: StreamEnd, message: unknown): void {
    this.#see(now, 'message', message);
    this.onMessage?.(end, message);
  }

  closed(now: Millis, _end: StreamEnd, reason: CloseReason): void {
    this.#see(now, 'closed', reason);
  }

  lookedUp(now: Millis, _id: string, answer: unknown): void {
    this.#see(now, 'lookedUp', answer);
  }

  clockJumped(now: Millis, wallOffsetMs: Millis): void {
    this.#see(now, 'clockJumped', wallOffsetMs);
  }

  nextDeadline(): Millis | undefined {
    return this.deadline;
  }

  expire(now: Millis): void {
    if (this.deadline === undefined || now < this.deadline) return;
    this.deadline = this.everyMs === undefined ? undefined : now + this.everyMs;
    this.#see(now, 'expire');
  }

  #see(now: Millis, what: string, detail?: unknown): void {
    this.seen.push({ at: this.process.world.at, now, what, detail });
  }
}
