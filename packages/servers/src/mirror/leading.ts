/**
 * A primary and those that follow its log: the mate, which is waited for (LG2), and the other site, which is not (LG4).
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

export class Leading {
  readonly server: SipServerNode;
  readonly #log: MirrorLog;
  readonly #followers = new Map<string, MirrorFollower>();
  readonly #held = new HeldEffects<SipServerEffect>();
  readonly #send: (to: string, message: MirrorMessage) => void;

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

  /** What the server has changed goes to the followers; what it tells waits until the mate has it. */
  after(now: Millis, effects: readonly SipServerEffect[]): void {
    if (this.#followers.size === 0) {
      this.server.forgetChanges();
      this.#log.stop();
      return this.#held.add(this.#log.last, effects);
    }
    const entry = this.#log.append(now, this.server.takeChanges(now));
    if (entry !== undefined)
      for (const [name, follower] of this.#followers) if (follower.takes(now)) this.#send(name, entry);
    this.#held.add(this.#log.last, effects);
  }

  /** What may go out now. */
  release(): SipServerEffect[] {
    const mate = this.#followers.get(MATE);
    return this.#held.release(mate?.state === 'in-step' ? mate.acked : Number.POSITIVE_INFINITY);
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
    this.#log.start(now);
    if (message.type === 'follow') return this.#send(name, follower.follow(now, message));
    if (message.type === 'partTaken') return this.#sendIf(name, follower.partTaken(now, message.part));
    if (message.epoch === this.epoch) follower.acknowledged(now, message.number);
  }

  nextDeadline(): Millis | undefined {
    let next = Number.POSITIVE_INFINITY;
    for (const follower of this.#followers.values())
      next = Math.min(next, follower.nextDeadline() ?? Number.POSITIVE_INFINITY);
    return next === Number.POSITIVE_INFINITY ? undefined : next;
  }

  expire(now: Millis): void {
    for (const [name, follower] of this.#followers) this.#sendIf(name, follower.expire(now));
  }

  #sendIf(name: string, message: MirrorMessage | undefined): void {
    if (message !== undefined) this.#send(name, message);
  }
}
