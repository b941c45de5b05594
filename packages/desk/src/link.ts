/**
 * A link to a pair or cluster: one connection at a time, to whichever member answers (DS5). It is *off* only
 * when every member has failed, counted from the moment at which the last connection was lost; while off, all
 * members are tried again after each pause. Every wait has jitter, also the first, so that the desks of a dead
 * site do not come back in step [D42].
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
import type { Millis, Random } from '@holdfast/kernel';
import type { Endpoint, LinkKind } from './desk-types.ts';

/** An attempt that has not come to a session after so long has failed: a stopped process accepts connections. */
export const ATTEMPT_MAX_MS = 5_000;
/** `warm-standby.reconnection-random-delay-range`: before the first attempt after a loss. */
export const FIRST_PAUSE_MAX_MS = 2_000;
/** A pause is stretched by up to this share. */
const JITTER_SHARE = 0.25;

export interface LinkOptions {
  readonly kind: LinkKind;
  /** Prefix of connection ids. */
  readonly name: string;
  readonly health: LinkHealthOptions;
  readonly pauseMs: Millis;
  readonly random: Random;
}

/** What the link orders and reports, through these. */
export interface LinkPorts {
  connect(connection: string, member: Endpoint): void;
  close(connection: string): void;
  ping(connection: string, n: number): void;
  /** Every member has failed; `since` is when the connection was lost, or the first attempt failed (DS6). */
  off(since: Millis, because: string): void;
}

type Phase =
  | { readonly name: 'idle' }
  | { readonly name: 'pausing'; readonly until: Millis }
  /** Connecting, then saying hello, until `established`. */
  | { readonly name: 'attempting'; readonly connection: string; readonly until: Millis }
  | { readonly name: 'on'; readonly connection: string; health: LinkHealth };

export class Link {
  readonly #options: LinkOptions;
  readonly #ports: LinkPorts;
  #members: readonly Endpoint[];
  #phase: Phase = { name: 'idle' };
  #attempts = 0;
  /** Members that have failed in this round, and the one tried last. */
  #tried = 0;
  #member = 0;
  #isOff = false;
  #lostAt: Millis | undefined;

  constructor(options: LinkOptions, members: readonly Endpoint[], ports: LinkPorts) {
    this.#options = options;
    this.#members = members;
    this.#ports = ports;
  }

  /** The connection that is being opened or stands, if it is this link's. */
  owns(connection: string): boolean {
    return this.connection === connection;
  }

  get connection(): string | undefined {
    return 'connection' in this.#phase ? this.#phase.connection : undefined;
  }

  get isOn(): boolean {
    return this.#phase.name === 'on';
  }

  get view(): { readonly state: 'on' | 'off' | 'connecting'; readonly health: LinkHealth['name'] } {
    const { health } = this;
    if (this.#phase.name === 'on') return { state: 'on', health };
    return { state: this.#isOff ? 'off' : 'connecting', health };
  }

  get health(): LinkHealth['name'] {
    if (this.#phase.name === 'on') return this.#phase.health.name;
    return this.#isOff ? 'red' : 'yellow';
  }

  /** In effect from the next round. */
  replaceMembers(members: readonly Endpoint[]): void {
    if (members.length > 0) this.#members = members;
  }

  start(now: Millis): void {
    if (this.#phase.name === 'idle') this.#attempt(now);
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
    if (this.#phase.name === 'attempting') this.#failed(now, how);
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
        return linkDeadline(this.#phase.health, this.#options.health);
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
    const { state, effects } = stepLink(this.#phase.health, event, this.#options.health, now);
    this.#phase.health = state;
    for (const effect of effects) this.#perform(now, connection, effect, event.type === 'broken');
  }

  #perform(now: Millis, connection: string, effect: LinkHealthEffect, isGone: boolean): void {
    if (effect.type === 'sendPing') return this.#ports.ping(connection, effect.n);
    if (!isGone) this.#ports.close(connection);
    this.#failed(now, effect.because.text);
  }

  /** One member has failed: the next, or the pause. */
  #failed(now: Millis, how: string): void {
    const wasOn = this.#phase.name === 'on';
    this.#lostAt ??= now;
    this.#tried = wasOn ? 1 : this.#tried + 1;
    this.#member = (this.#member + 1) % Math.max(1, this.#members.length);
    if (this.#tried < this.#members.length) return this.#attempt(now);
    // The next round goes by the order of preference again.
    this.#member = 0;
    const { pauseMs, random } = this.#options;
    const pause = wasOn
      ? random() * Math.min(pauseMs, FIRST_PAUSE_MAX_MS)
      : pauseMs * (1 + random() * JITTER_SHARE);
    this.#tried = 0;
    this.#phase = { name: 'pausing', until: now + pause };
    if (this.#isOff) return;
    this.#isOff = true;
    this.#ports.off(this.#lostAt, how);
  }

  #attempt(now: Millis): void {
    const member = this.#members[this.#member] ?? this.#members[0];
    if (member === undefined) return;
    const connection = `${this.#options.name}#${++this.#attempts}`;
    const patience = Math.min(ATTEMPT_MAX_MS, this.#options.health.timeoutMs.value);
    this.#phase = { name: 'attempting', connection, until: now + patience };
    this.#ports.connect(connection, member);
  }
}
