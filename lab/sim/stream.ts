/**
 * One end of an ordered connection (the desk's and the configuration links). What is sent arrives once, in order,
 * or not at all; under a cut it waits and comes later, as TCP repeats it; when the other process has died and its
 * host lives, a reset comes at once; when the host is dark or the process is stopped, there is silence.
 */
import type { CloseReason, Host, Process } from './process.ts';

/** What waits at a sender whose path is cut, at most; a real socket's buffer would be full by then. */
export const HELD_MAX = 10_000;

/** One thing on its way. */
export type SegmentKind = 'connect' | 'opened' | 'message' | 'closed';

export interface Segment {
  readonly kind: SegmentKind;
  readonly payload: unknown;
}

export class StreamEnd {
  readonly host: Host;
  readonly port: number;
  /** Undefined at the listening side until the SYN has found a listener. */
  process: Process | undefined;
  /** The life of the process to which this end belongs. */
  life = 0;
  state: 'connecting' | 'open' | 'closed' = 'connecting';
  peer!: StreamEnd;
  /** The name that the process gives it. */
  tag = '';
  /** The address that was asked for, where it is not the host's own: what is sent goes to whoever has it now. */
  asked: string | undefined;
  /** When the last thing sent from here arrives at the other end: nothing overtakes it. */
  lastArrivalAt = 0;
  /** What waits here for a cut to end. */
  readonly held: Segment[] = [];
  heldSince = 0;

  constructor(host: Host, port: number, process: Process | undefined) {
    this.host = host;
    this.port = port;
    this.process = process;
    if (process !== undefined) this.life = process.life;
  }

  /** Whether the process that owned this end is still in that life. */
  isAlive(): boolean {
    return this.process !== undefined && this.process.life === this.life && this.process.state !== 'dead';
  }

  send(message: unknown): void {
    const process = this.process;
    if (process === undefined || this.state !== 'open') return;
    if (process.state === 'paused') process.unsent.push(() => this.#transmit('message', message));
    else this.#transmit('message', message);
  }

  close(): void {
    const process = this.process;
    if (process === undefined || this.state === 'closed') return;
    if (process.state === 'paused') process.unsent.push(() => this.#end());
    else this.#end();
  }

  #end(): void {
    if (this.state === 'closed') return;
    this.#transmit('closed', 'closed' satisfies CloseReason);
    this.state = 'closed';
    this.process?.ends.delete(this);
  }

  #transmit(kind: SegmentKind, payload: unknown): void {
    if (this.state !== 'closed') this.process?.world.net.transmit(this, kind, payload);
  }
}
