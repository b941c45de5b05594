/**
 * A link to a pair or cluster: one connection at a time, to whichever member answers (DS5). It is *off* only
 * when every member has failed, counted from the moment at which the last connection was lost; while off, all
 * members are tried again after each pause. Every wait has jitter, also the first, so that the desks of a dead
 * site do not come back in step [D42].
 *
 * A pair is tried in its order, the primary first. Of a cluster each link draws its own order, so that desks spread
 * over its nodes, and after a loss goes on to the next.
 */
import {
  freshLink,
  HEARD,
  type LinkHealth,
  type LinkHealthEffect,
  type LinkHealthOptions,
  linkDeadline,
  stepLink,
} from '@holdfast/continuity';
import { type Millis, type Random, randomInteger } from '@holdfast/kernel';
import type { Endpoint } from './desk-types.ts';

/** An attempt that has not come to a session after so long has failed: a stopped process accepts connections. */
export const ATTEMPT_MAX_MS = 5_000;
/** A pause is stretched by up to this share. */
const JITTER_SHARE = 0.25;

/** Whom a link connects to, and with how much patience. */
export interface LinkTarget<Member extends Endpoint = Endpoint> {
  readonly form: 'pair' | 'cluster';
  readonly members: readonly Member[];
  readonly health: LinkHealthOptions;
  /** How the server is to ask for this end, where that differs from how this end asks. */
  readonly remoteTimeoutMs?: Millis;
  /** After every member has failed, before all are tried again. */
  readonly pauseMs: Millis;
  /**
   * `warm-standby.reconnection-random-delay-range`: the most that is waited, by chance, before whoever was connected
   * last is tried again.
   */
  readonly firstPauseMaxMs: Millis;
}

export interface LinkOptions {
  /** Prefix of connection ids. */
  readonly name: string;
  readonly random: Random;
}

/** What the link orders and reports, through these. */
export interface LinkPorts<Member extends Endpoint = Endpoint> {
  connect(connection: string, member: Member): void;
  close(connection: string): void;
  ping(connection: string, n: number): void;
  /** Every member has failed; `since` is when the connection was lost, or the first attempt failed (DS6). */
  off(now: Millis, since: Millis): void;
}

type Phase =
  | { readonly name: 'idle' }
  | { readonly name: 'pausing'; readonly until: Millis }
  /** Connecting, then saying hello, until `established`. */
  | { readonly name: 'attempting'; readonly connection: string; readonly until: Millis }
  | { readonly name: 'on'; readonly connection: string; health: LinkHealth };

export class Link<Member extends Endpoint = Endpoint> {
  readonly #options: LinkOptions;
  readonly #ports: LinkPorts<Member>;
  #target: LinkTarget<Member>;
  /** In the order in which they are tried. */
  #members: readonly Member[] = [];
  #phase: Phase = { name: 'idle' };
  #attempts = 0;
  /** Members that have failed in this round, and the one tried last. */
  #tried = 0;
  #member = 0;
  #isOff = false;
  #lostAt: Millis | undefined;
  /** A connection was lost, and no pause has been made since. */
  #isJustLost = false;
  /** When the link came into the state that its view shows. */
  #since: Millis = 0;

  constructor(options: LinkOptions, target: LinkTarget<Member>, ports: LinkPorts<Member>) {
    this.#options = options;
    this.#target = target;
    this.#ports = ports;
  }

  /** The connection that is being opened or stands, if it is this link's. */
  owns(connection: string): boolean {
    return this.connection === connection;
  }

  get connection(): string | undefined {
    return 'connection' in this.#phase ? this.#phase.connection : undefined;
  }

  /** Whom it is connected to, or tries. */
  get member(): Member | undefined {
    return this.connection === undefined ? undefined : this.#members[this.#member];
  }

  get isOn(): boolean {
    return this.#phase.name === 'on';
  }

  /** What the server is told of ADDP: how long it waits before it asks for this end. */
  get addpTimeoutMs(): Millis {
    return this.#target.remoteTimeoutMs ?? this.#target.health.timeoutMs.value;
  }

  get view() {
    const { health } = this;
    const isTried = this.#phase.name !== 'idle' && !this.#isOff;
    const state = this.isOn ? 'on' : isTried ? 'connecting' : 'off';
    return { state, health, since: this.#since } as const;
  }

  get health(): LinkHealth['name'] {
    if (this.#phase.name === 'on') return this.#phase.health.name;
    return this.#isOff ? 'red' : 'yellow';
  }

  /**
   * The servers and times as the configuration has them now. A connection that stands is kept, and an attempt goes on: who is
   * no more among the servers is left when it is lost. A pause ends no later than by the new one.
   */
  renew(now: Millis, target: LinkTarget<Member>): void {
    if (target.members.length === 0) return;
    const { member: present } = this;
    const { pauseMs } = this.#target;
    const tried = this.#tried;
    this.#target = target;
    if (this.#phase.name === 'idle') return;
    this.#beginRound();
    if (this.#phase.name === 'pausing') {
      if (pauseMs === target.pauseMs) return;
      this.#phase = { name: 'pausing', until: Math.min(this.#phase.until, now + this.#pauseMs()) };
      return;
    }
    this.#member = this.#members.findIndex(
      ({ host, port }) => host === present?.host && port === present.port,
    );
    this.#tried = Math.min(tried, this.#members.length - 1);
  }

  start(now: Millis): void {
    if (this.#phase.name !== 'idle') return;
    this.#since = now;
    this.#beginRound();
    this.#attempt(now);
  }

  /** Leaves whom it is connected to, for the servers of another site. */
  moveTo(now: Millis, target: LinkTarget<Member>): void {
    this.stop();
    this.#target = target;
    this.#isOff = false;
    this.#isJustLost = false;
    this.#lostAt = undefined;
    this.start(now);
  }

  stop(): void {
    const { connection } = this;
    if (connection !== undefined) this.#ports.close(connection);
    this.#phase = { name: 'idle' };
  }

  /** The session stands: the link is on. */
  established(now: Millis): void {
    const { connection } = this;
    if (connection === undefined) return;
    if (!this.isOn) this.#since = now;
    this.#phase = { name: 'on', connection, health: freshLink(now) };
    this.#tried = 0;
    this.#isOff = false;
    this.#lostAt = undefined;
  }

  /** A message came over the connection of this link. */
  heard(now: Millis): void {
    if (this.#phase.name === 'on') this.#step(now, HEARD);
  }

  /** The transport is gone, or the session was refused. */
  broken(now: Millis, how: string): void {
    if (this.#phase.name === 'on') return this.#step(now, { type: 'broken', how });
    if (this.#phase.name === 'attempting') this.#failed(now);
  }

  /** As `broken`, for a connection that still stands: the other side does not do its work. */
  distrust(now: Millis, how: string): void {
    const { connection } = this;
    if (connection !== undefined) this.#ports.close(connection);
    this.broken(now, how);
  }

  /** This process may have slept: ask before waiting for silence. */
  doubt(now: Millis): void {
    if (this.#phase.name === 'on') this.#step(now, { type: 'doubt' });
  }

  nextDeadline(): Millis | undefined {
    switch (this.#phase.name) {
      case 'idle':
        return undefined;
      case 'pausing':
      case 'attempting':
        return this.#phase.until;
      case 'on':
        return linkDeadline(this.#phase.health, this.#target.health);
    }
  }

  expire(now: Millis): void {
    const phase = this.#phase;
    if (phase.name === 'on') return this.#step(now, { type: 'expire' });
    if (phase.name === 'idle' || now < phase.until) return;
    if (phase.name === 'pausing') return this.#attempt(now);
    this.distrust(now, 'no answer to the attempt');
  }

  #step(now: Millis, event: Parameters<typeof stepLink>[1]): void {
    if (this.#phase.name !== 'on') return;
    const { connection } = this.#phase;
    const { state, effects } = stepLink(this.#phase.health, event, this.#target.health, now);
    this.#phase.health = state;
    for (const effect of effects) this.#perform(now, connection, effect, event.type === 'broken');
  }

  #perform(now: Millis, connection: string, effect: LinkHealthEffect, isGone: boolean): void {
    if (effect.type === 'sendPing') return this.#ports.ping(connection, effect.n);
    if (!isGone) this.#ports.close(connection);
    this.#failed(now);
  }

  /** One member has failed: the next, or the pause. */
  #failed(now: Millis): void {
    const wasOn = this.#phase.name === 'on';
    this.#lostAt ??= now;
    if (wasOn) {
      this.#since = now;
      this.#isJustLost = true;
    }
    // Who is none of the servers any more was not one of this round.
    const isListed = this.#member >= 0;
    if (wasOn || !isListed) this.#tried = isListed ? 1 : 0;
    else this.#tried += 1;
    this.#member = (this.#member + 1) % Math.max(1, this.#members.length);
    if (this.#tried < this.#members.length) return this.#attempt(now);
    this.#phase = { name: 'pausing', until: now + this.#pauseMs() };
    this.#isJustLost = false;
    this.#beginRound();
    if (this.#isOff) return;
    this.#isOff = true;
    this.#since = this.#lostAt;
    this.#ports.off(now, this.#lostAt);
  }

  #pauseMs(): Millis {
    const { pauseMs, firstPauseMaxMs } = this.#target;
    const { random } = this.#options;
    return this.#isJustLost
      ? random() * Math.min(pauseMs, firstPauseMaxMs)
      : pauseMs * (1 + random() * JITTER_SHARE);
  }

  /** A round goes by the order of preference again; where there is none, by one that is drawn. */
  #beginRound(): void {
    const { form, members } = this.#target;
    this.#members = form === 'pair' ? members : shuffled(members, this.#options.random);
    this.#member = 0;
    this.#tried = 0;
  }

  #attempt(now: Millis): void {
    const member = this.#members[this.#member];
    if (member === undefined) return;
    const connection = `${this.#options.name}#${++this.#attempts}`;
    const patience = Math.min(ATTEMPT_MAX_MS, this.#target.health.timeoutMs.value);
    this.#phase = { name: 'attempting', connection, until: now + patience };
    this.#ports.connect(connection, member);
  }
}

export function shuffled<Item>(items: readonly Item[], random: Random): Item[] {
  const order = [...items];
  for (let last = order.length - 1; last > 0; last--) {
    const drawn = randomInteger(random, 0, last);
    [order[last], order[drawn]] = [order[drawn] as Item, order[last] as Item];
  }
  return order;
}
