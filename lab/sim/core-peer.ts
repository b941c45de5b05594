/**
 * The link of one site of the core simulation to the other (LL8): log-ins that wait for the other's answer, the probes
 * that tell whether it answers, and who is found logged in there. What a SIP Server does for it, and nothing else.
 */
import { type LoginEpoch, PEER_ANSWER_MAX_MS, type PeerAsk, PeerAsks } from '@holdfast/continuity';
import type { Millis } from '@holdfast/kernel';
import type { CoreUp } from './core-messages.ts';
import type { Process } from './process.ts';
import type { StreamEnd } from './stream.ts';

/** Of the site that asks, and what answers it. */
export type CorePeerUp =
  | { readonly type: 'endLogin'; readonly agent: string; readonly epoch: LoginEpoch }
  | { readonly type: 'probe'; readonly n: number };
export type CorePeerDown =
  | { readonly type: 'ended'; readonly agent: string; readonly epoch: LoginEpoch }
  | {
      readonly type: 'higher';
      readonly agent: string;
      readonly epoch: LoginEpoch;
      readonly known: LoginEpoch;
      readonly isLive: boolean;
    }
  | { readonly type: 'probed'; readonly n: number }
  /** At the start of a connection each that stands, then each new one. */
  | { readonly type: 'found'; readonly agent: string; readonly epoch: LoginEpoch; readonly isLive: boolean };

export type CoreLogin = Extract<CoreUp, { type: 'login' }> & { readonly end: StreamEnd };
export type CoreAsk = PeerAsk<CoreLogin>;

export const PEER_PORT = 3;
const PROBE_EVERY_MS = 1_000;
const RETRY_MS = 500;
const SILENT_MAX_MS = 6_000;
const TAG = 'peer';

export interface CorePeerPorts {
  /** The answer to a log-in that waited; `none`: nothing was answered. */
  answered(
    now: Millis,
    ask: CoreAsk,
    outcome: 'ended' | 'none' | Extract<CorePeerDown, { type: 'higher' }>,
  ): void;
  /** Somebody is logged in there, or was refused by it too late. */
  found(now: Millis, login: Extract<CorePeerDown, { type: 'found' }>): void;
}

export class CorePeer {
  readonly #process: Process;
  readonly #host: string;
  readonly #ports: CorePeerPorts;
  readonly asks = new PeerAsks<CoreLogin>();
  #end: StreamEnd | undefined;
  #isOpen = false;
  #isUp = false;
  #probe = { n: 0, sentAt: Number.NEGATIVE_INFINITY, isOpen: false };
  #heardAt: Millis;
  #retryAt: Millis;

  constructor(process: Process, host: string, ports: CorePeerPorts, now: Millis) {
    this.#process = process;
    this.#host = host;
    this.#ports = ports;
    this.#heardAt = now;
    this.#retryAt = now;
  }

  get canAsk(): boolean {
    return this.#isUp;
  }

  owns(end: StreamEnd): boolean {
    return end.tag === TAG;
  }

  endLogin(agent: string, epoch: LoginEpoch): void {
    this.#send({ type: 'endLogin', agent, epoch });
  }

  opened(now: Millis, end: StreamEnd): void {
    if (end !== this.#end) return end.close();
    this.#isOpen = true;
    this.#heardAt = now;
    this.#ask(now);
  }

  message(now: Millis, end: StreamEnd, message: CorePeerDown): void {
    if (end !== this.#end) return;
    this.#heardAt = now;
    if (message.type === 'probed') {
      if (message.n !== this.#probe.n || !this.#probe.isOpen) return;
      this.#isUp = now < this.#probe.sentAt + PEER_ANSWER_MAX_MS;
      this.#probe.isOpen = false;
      return;
    }
    if (message.type === 'found') return this.#ports.found(now, message);
    const { agent, epoch } = message;
    const ask = this.asks.take(agent, epoch);
    if (ask !== undefined)
      return this.#ports.answered(now, ask, message.type === 'ended' ? 'ended' : message);
    if (message.type === 'higher' && message.isLive)
      this.#ports.found(now, { type: 'found', agent, epoch: message.known, isLive: true });
  }

  closed(now: Millis, end: StreamEnd): void {
    if (end === this.#end) this.#lost(now);
  }

  nextDeadline(): Millis {
    const { sentAt, isOpen } = this.#probe;
    const probeAt = sentAt + (isOpen ? PEER_ANSWER_MAX_MS : PROBE_EVERY_MS);
    const own = this.#end === undefined ? this.#retryAt : this.#isOpen ? probeAt : Number.POSITIVE_INFINITY;
    return Math.min(own, this.asks.nextDeadline() ?? Number.POSITIVE_INFINITY);
  }

  expire(now: Millis): void {
    for (let ask = this.asks.takeDue(now); ask !== undefined; ask = this.asks.takeDue(now))
      this.#ports.answered(now, ask, 'none');
    if (this.#end === undefined) return this.#connect(now);
    if (!this.#isOpen) return;
    if (this.#probe.isOpen && now >= this.#probe.sentAt + PEER_ANSWER_MAX_MS) {
      this.#isUp = false;
      this.#probe.isOpen = false;
    }
    if (now >= this.#heardAt + SILENT_MAX_MS) {
      this.#end.close();
      return this.#lost(now);
    }
    if (!this.#probe.isOpen && now >= this.#probe.sentAt + PROBE_EVERY_MS) this.#ask(now);
  }

  #connect(now: Millis): void {
    if (now < this.#retryAt) return;
    this.#end = this.#process.connect({ host: this.#host, port: PEER_PORT });
    this.#end.tag = TAG;
  }

  #lost(now: Millis): void {
    this.#end = undefined;
    this.#isOpen = false;
    this.#isUp = false;
    this.#probe.isOpen = false;
    this.#retryAt = now + RETRY_MS;
    for (const ask of this.asks.takeAll()) this.#ports.answered(now, ask, 'none');
  }

  #ask(now: Millis): void {
    this.#probe = { n: this.#probe.n + 1, sentAt: now, isOpen: true };
    this.#send({ type: 'probe', n: this.#probe.n });
  }

  #send(message: CorePeerUp): void {
    if (this.#isOpen) this.#end?.send(message);
  }
}
