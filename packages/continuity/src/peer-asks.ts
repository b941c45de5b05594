/**
 * The log-ins of one site that wait for the word of the other (LL8). Each is put to it: "end what you hold of this person
 * up to this epoch, and admit nothing up to it". What it answers is a promise, so that the log-in rests on nobody's wait.
 *
 *     desk ── log-in ──▶ here ── end login, epoch ──▶ other site: ends, promises
 *                         │ ◀──────── ended, or a higher epoch ───
 *                         └▶ admitted, confirmed        (no answer in time: as if there were no link)
 *
 * Both sites may ask at once. Each waits with its own log-in, so the one with the lower epoch gives way when the other's
 * question comes, and the higher one is refused nothing: of two that cross, one is admitted.
 */
import { Deadlines, type Millis } from '@holdfast/kernel';
import { compareEpochs, type LoginEpoch } from './login-lease.ts';

/** How long the other site has for its answer; one that needs longer is as good as none. */
export const PEER_ANSWER_MAX_MS = 300;
/** Log-ins that wait at once: more than a whole site's agents in that time. One more is not asked about. */
export const PEER_ASKS_MAX = 4_096;

export interface PeerAsk<Login> {
  readonly person: string;
  readonly epoch: LoginEpoch;
  readonly login: Login;
}

export class PeerAsks<Login> {
  /** One for each person. */
  readonly #waiting = new Map<string, PeerAsk<Login>>();
  readonly #due = new Deadlines<string>();

  get size(): number {
    return this.#waiting.size;
  }

  get isFull(): boolean {
    return this.#waiting.size >= PEER_ASKS_MAX;
  }

  /** What waits for this person. */
  of(person: string): PeerAsk<Login> | undefined {
    return this.#waiting.get(person);
  }

  /** What waited for this person is to be refused, or known to have a lower epoch (`giveWay`), before. */
  wait(now: Millis, ask: PeerAsk<Login>): void {
    this.#waiting.set(ask.person, ask);
    this.#due.set(ask.person, now + PEER_ANSWER_MAX_MS);
  }

  /** The log-in that was waiting with exactly this epoch waits no more. */
  take(person: string, epoch: LoginEpoch): PeerAsk<Login> | undefined {
    const ask = this.#waiting.get(person);
    if (ask === undefined || compareEpochs(ask.epoch, epoch) !== 0) return undefined;
    return this.#end(ask);
  }

  /** The one that gives way to this epoch, if any does. */
  giveWay(person: string, epoch: LoginEpoch): PeerAsk<Login> | undefined {
    const ask = this.#waiting.get(person);
    return ask !== undefined && compareEpochs(ask.epoch, epoch) < 0 ? this.#end(ask) : undefined;
  }

  nextDeadline(): Millis | undefined {
    return this.#due.next();
  }

  /** One whose answer has not come in time. */
  takeDue(now: Millis): PeerAsk<Login> | undefined {
    const person = this.#due.takeDue(now);
    const ask = person === undefined ? undefined : this.#waiting.get(person);
    return ask && this.#end(ask);
  }

  /** The link is lost: no answer will come. */
  takeAll(): PeerAsk<Login>[] {
    const asks = [...this.#waiting.values()];
    for (const ask of asks) this.#end(ask);
    return asks;
  }

  #end(ask: PeerAsk<Login>): PeerAsk<Login> {
    this.#waiting.delete(ask.person);
    this.#due.clear(ask.person);
    return ask;
  }
}
