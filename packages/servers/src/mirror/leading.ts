/**
 * A primary and those that follow its log: the mate, which is waited for (LG2), and the other site, which is not (LG4).
 *
 * While an entry is on its way to a mate that acknowledges, the next one gathers what further inputs change, and leaves
 * when the mate has acknowledged. So a server with little to do tells its mate of each input at once, and one under load
 * tells it of all that came within a way there and back by one message, whose answer sets free all that they told: the
 * busier, the less each costs, with nobody's tuning. Also a mate that was behind is in step again with its next answer,
 * however much goes on.
 */
import type { Millis } from '@holdfast/kernel';
import type { MirrorMessage } from '@holdfast/protocol';
import type { SipServerEffect } from '../sip-server/effects.ts';
import type { SipServerNode } from '../sip-server/sip-server-node.ts';
import { HeldEffects } from './held-effects.ts';
import { type FollowerState, MirrorFollower } from './mirror-follower.ts';
import { MirrorLog } from './mirror-log.ts';

/** Who follows; the mate has a name that no link of another has. */
export const MATE = '';

/** Why a connection is closed on which somebody else wanted them. */
export const NO_SERVER = 'only servers follow the records: show the server secret';
/** Of whoever asks for them and has not shown it. */
export const RECORDS_REFUSED: Extract<SipServerEffect, { type: 'log' }> = {
  type: 'log',
  sender: 'client',
  line: { level: 'warn', what: 'records refused', because: `LG4: ${NO_SERVER}` },
};

/**
 * An entry gathers the changes of so many inputs at the most, then it leaves although another is on its way: small enough
 * not to hold up a call.
 */
export const ENTRY_INPUTS_MAX = 200;

export class Leading {
  readonly server: SipServerNode;
  readonly #log: MirrorLog;
  readonly #followers = new Map<string, MirrorFollower>();
  readonly #held = new HeldEffects<SipServerEffect>();
  readonly #send: (to: string, message: MirrorMessage) => void;
  /** What inputs have told whose changes stand in no entry yet. */
  #gathered: SipServerEffect[] = [];
  #inputsGathered = 0;

  constructor(server: SipServerNode, send: (to: string, message: MirrorMessage) => void) {
    this.server = server;
    this.#send = send;
    this.#log = new MirrorLog(server.parts.log.epoch, (at) => server.holding(at));
  }

  get epoch(): number {
    return this.#log.epoch;
  }

  get last(): number {
    return this.#log.last;
  }

  stateOf(follower: string): FollowerState {
    return this.#followers.get(follower)?.state ?? 'unlinked';
  }

  ackedBy(follower: string): number {
    return this.#followers.get(follower)?.acked ?? 0;
  }

  /** How far a follower is behind now, and how often it was declared so. */
  lagOf(
    follower: string,
    now: Millis,
  ): { readonly ms: Millis; readonly entries: number; readonly timesBehind: number } {
    const found = this.#followers.get(follower);
    if (found === undefined) return { ms: 0, entries: 0, timesBehind: 0 };
    const entries = found.state === 'unlinked' ? 0 : this.last - found.acked;
    return { ms: found.lagMs(now), entries, timesBehind: found.timesBehind };
  }

  /** LG4: of the members of the other site that follow, the one that is furthest behind. */
  peerLag(now: Millis): { readonly ms: Millis; readonly entries: number; readonly followers: number } {
    const names = [...this.#followers.keys()].filter((name) => name !== MATE);
    const lags = names.map((name) => this.lagOf(name, now));
    const most = (figures: readonly number[]) => Math.max(0, ...figures);
    return {
      ms: most(lags.map(({ ms }) => ms)),
      entries: most(lags.map(({ entries }) => entries)),
      followers: names.length,
    };
  }

  /** What the server has changed goes to the followers; what it tells waits until the mate has it. */
  after(now: Millis, effects: readonly SipServerEffect[]): void {
    if (this.#followers.size === 0) {
      this.server.forgetChanges();
      this.#log.stop();
      return this.#held.add(this.#log.last, effects);
    }
    for (const effect of effects) this.#gathered.push(effect);
    this.#inputsGathered += 1;
    if (!this.#isAckDue(now) || this.#inputsGathered >= ENTRY_INPUTS_MAX) this.write(now);
  }

  /** What has been gathered goes out as one entry, whatever else is on its way. */
  write(now: Millis): void {
    if (this.#inputsGathered === 0) return;
    const entry = this.#log.append(now, this.server.takeChanges(now));
    if (entry !== undefined)
      for (const [name, follower] of this.#followers) if (follower.takes(now)) this.#send(name, entry);
    this.#held.add(this.#log.last, this.#gathered);
    this.#gathered = [];
    this.#inputsGathered = 0;
  }

  /** What may go out now. Ask after each input: what was gathered leaves when the mate has acknowledged or is not waited for. */
  release(now: Millis): SipServerEffect[] {
    if (!this.#isAckDue(now)) this.write(now);
    const mate = this.#followers.get(MATE);
    return this.#held.release(mate?.state === 'in-step' ? mate.acked : Number.POSITIVE_INFINITY);
  }

  /** What the mate has been sent, it will have acknowledged in a moment. */
  #isAckDue(now: Millis): boolean {
    const silentAt = this.#followers.get(MATE)?.silentAt;
    return silentAt !== undefined && now < silentAt;
  }

  unlinked(name: string): void {
    this.#followers.get(name)?.unlinked();
    if (name !== MATE) this.#followers.delete(name);
  }

  /** LG4: a client that has shown the server secret may follow; false: this one has not. */
  hearClient(now: Millis, connection: string, message: MirrorMessage): boolean {
    if (this.server.parts.clients.get(connection)?.isServer !== true) return false;
    if (message.type === 'follow' || message.type === 'partTaken' || message.type === 'ack')
      this.hear(now, connection, message);
    return true;
  }

  hear(
    now: Millis,
    name: string,
    message: Extract<MirrorMessage, { type: 'follow' | 'partTaken' | 'ack' }>,
  ): void {
    const follower = this.#followers.get(name) ?? new MirrorFollower(this.#log);
    this.#followers.set(name, follower);
    // What it is sent holds what has been gathered, and must not have it under a number of before.
    if (message.type !== 'ack') this.write(now);
    this.#log.start(now);
    if (message.type === 'follow') return this.#send(name, follower.follow(now, message));
    if (message.type === 'partTaken') return this.#sendIf(name, follower.partTaken(now, message.part));
    if (message.epoch === this.epoch) follower.acknowledged(now, message.number);
  }

  /** `acts`: only who may act writes what is gathered, and one that is paused would wake for it for ever. */
  nextDeadline(acts: boolean): Millis | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const follower of this.#followers.values())
      next = Math.min(next, follower.nextDeadline() ?? Number.POSITIVE_INFINITY);
    if (acts && this.#inputsGathered > 0)
      next = Math.min(next, this.#followers.get(MATE)?.silentAt ?? Number.POSITIVE_INFINITY);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  expire(now: Millis): void {
    for (const [name, follower] of this.#followers) this.#sendIf(name, follower.expire(now));
  }

  #sendIf(name: string, message: MirrorMessage | undefined): void {
    if (message !== undefined) this.#send(name, message);
  }
}
