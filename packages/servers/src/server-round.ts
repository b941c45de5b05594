/**
 * How a server stays at another one, of which there are several (CS13, SV5): it tries them in their order, watches
 * whether the one that it has is still there, and goes on to the next when that is lost, with a pause after each round.
 * What is said over the connection is the follower's.
 *
 *     pausing ──▶ connecting ──opened──▶ open ──lost, left──▶ pausing …
 */
import {
  freshLink,
  HEARD,
  type LinkHealth,
  type LinkHealthEvent,
  linkDeadline,
  stepLink,
} from '@holdfast/continuity';
import type { LogLine, Millis, Random } from '@holdfast/kernel';
import { OutageLog } from './outage-log.ts';
import type { ServerAddress } from './server-address.ts';

export interface RoundSettings {
  /** In the order in which they are tried; at least one. */
  readonly members: readonly ServerAddress[];
  readonly addpTimeoutMs: Millis;
  /** As the other end is to ask for this one, where that differs. */
  readonly addpRemoteTimeoutMs?: Millis;
  /** Between two rounds; half of it at random is added, so that a site's servers do not come all at once (D42). */
  readonly pauseMs: Millis;
}

export interface RoundPorts {
  /** What is lost and back, in the log: "configuration server". */
  readonly what: string;
  readonly application: string;
  readonly random: Random;
  log(line: LogLine): void;
  connect(attempt: number, server: ServerAddress): void;
  close(attempt: number, why: string): void;
  ping(n: number): void;
  /** The connection is over, and nothing more is heard of it. */
  lost(now: Millis): void;
}

type State =
  | { readonly name: 'pausing'; readonly until: Millis }
  /** The shell limits the time of connecting and ends it with `closed`. */
  | { readonly name: 'connecting' }
  /** `stood`: the server has given what it is there for. */
  | { readonly name: 'open'; readonly health: LinkHealth; readonly stood: boolean };

export class ServerRound {
  readonly #ports: RoundPorts;
  readonly #outage: OutageLog;
  #settings: RoundSettings;
  #state: State;
  #attempt: number;
  /** Index of the member that is tried, or had. */
  #next = 0;

  /** `attempt`: of whoever had this link before; ours have higher numbers. */
  constructor(ports: RoundPorts, settings: RoundSettings, now: Millis, attempt = 0) {
    this.#ports = ports;
    this.#settings = settings;
    this.#attempt = attempt;
    this.#outage = new OutageLog(ports.what, (line) => ports.log(line));
    this.#state = { name: 'pausing', until: now };
  }

  /** Names one connection; what is heard of a former one is ignored. */
  get attempt(): number {
    return this.#attempt;
  }

  get isOpen(): boolean {
    return this.#state.name === 'open';
  }

  get server(): ServerAddress {
    const { members } = this.#settings;
    return members[this.#next % members.length] as ServerAddress;
  }

  /** What this end tells the other of ADDP. */
  get toldTimeoutMs(): Millis {
    return this.#settings.addpRemoteTimeoutMs ?? this.#settings.addpTimeoutMs;
  }

  /** A server that is still a member is kept, any other is left for the first of the new ones. */
  configure(now: Millis, settings: RoundSettings): void {
    const { host, port } = this.server;
    const index = settings.members.findIndex((member) => member.host === host && member.port === port);
    if (index < 0) this.leave(now, `the configuration names another ${this.#ports.what}`);
    this.#settings = settings;
    this.#next = Math.max(0, index);
  }

  /** True when the follower is to begin. */
  opened(now: Millis): boolean {
    if (this.#state.name !== 'connecting') return false;
    this.#state = { name: 'open', health: freshLink(now), stood: false };
    return true;
  }

  heard(now: Millis): void {
    this.#step(now, HEARD);
  }

  stands(now: Millis): void {
    if (this.#state.name !== 'open') return;
    this.#state = { ...this.#state, stood: true };
    this.#outage.back(now);
  }

  nextDeadline(): Millis | undefined {
    const state = this.#state;
    if (state.name === 'pausing') return state.until;
    return state.name === 'connecting' ? undefined : linkDeadline(state.health, this.#healthOptions());
  }

  expire(now: Millis): void {
    const state = this.#state;
    if (state.name === 'open') return this.#step(now, { type: 'expire' });
    if (state.name === 'connecting' || now < state.until) return;
    this.#attempt += 1;
    this.#state = { name: 'connecting' };
    this.#ports.connect(this.#attempt, this.server);
  }

  /** This end gives the connection up. */
  leave(now: Millis, why: string): void {
    if (this.#state.name === 'pausing') return;
    this.#ports.close(this.#attempt, why);
    this.lost(now, why);
  }

  /** The connection has ended, or could not be had. */
  lost(now: Millis, why: string): void {
    const state = this.#state;
    if (state.name === 'pausing') return;
    const { members, pauseMs } = this.#settings;
    const stood = state.name === 'open' && state.stood;
    this.#outage.lost(now, this.server, why, stood);
    this.#attempt += 1;
    // After a connection that stood the round starts at the first member: the own site's server, the primary.
    this.#next = stood ? 0 : (this.#next + 1) % members.length;
    const isRoundOver = this.#next === 0;
    const until = isRoundOver ? now + pauseMs * (1 + this.#ports.random() / 2) : now;
    this.#state = { name: 'pausing', until };
    this.#ports.lost(now);
  }

  #step(now: Millis, event: LinkHealthEvent): void {
    const before = this.#state;
    if (before.name !== 'open') return;
    const { state, effects } = stepLink(before.health, event, this.#healthOptions(), now);
    this.#state = { ...before, health: state };
    for (const effect of effects) {
      if (effect.type === 'sendPing') this.#ports.ping(effect.n);
      else this.leave(now, effect.because.text);
    }
  }

  #healthOptions() {
    const value = this.#settings.addpTimeoutMs;
    const option = { name: 'addp timeout', value: `${value} ms`, source: this.#ports.application };
    return { timeoutMs: { value, option } };
  }
}
