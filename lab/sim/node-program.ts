/**
 * The shell that runs a real node in the simulated world: what `apps/server` and the robots do with sockets and
 * timers, done with the world's streams, datagrams and clocks. Each kind of node says only how inputs are put
 * to it and how its effects are performed. SIP messages and desk messages pass by reference: parsing is tested
 * elsewhere, and immutable messages need no copies.
 */
import { assert, type Millis, type Node } from '@holdfast/kernel';
import type { EndpointEffect, SipMessage, Source } from '@holdfast/sip';
import type { Address, CloseReason, Process, Program } from './process.ts';
import type { StreamEnd } from './stream.ts';

/** The UDP port of every SIP party; each has a host of its own. */
export const SIP_PORT = 5060;

export abstract class NodeProgram<Input, Effect> implements Program {
  protected readonly process: Process;
  protected abstract readonly node: Node<Input, Effect>;
  readonly #ends = new Map<string, StreamEnd>();
  readonly #sources = new WeakMap<Address, Source>();
  #accepted = 0;

  constructor(process: Process) {
    this.process = process;
  }

  protected abstract perform(now: Millis, effect: Effect): void;
  protected abstract sip(message: SipMessage, source: Source): Input;
  protected abstract connectionOpened(connection: string): Input;
  protected abstract connectionClosed(connection: string, reason: CloseReason): Input;
  protected abstract connectionMessage(connection: string, message: unknown): Input;
  protected abstract answered(id: string, answer: unknown): Input;
  protected abstract jumped(wallOffsetMs: Millis): Input | undefined;

  /** Puts an input to the node and performs what comes of it. */
  tell(now: Millis, input: Input): void {
    for (const effect of this.node.handle(now, input)) this.perform(now, effect);
    this.#letGo(now);
  }

  /** No time passes here while a node thinks. */
  #letGo(now: Millis): void {
    for (const effect of this.node.outgoing?.(now) ?? []) this.perform(now, effect);
  }

  datagram(now: Millis, message: unknown, source: Address): void {
    this.tell(now, this.sip(message as SipMessage, this.#sourceOf(source)));
  }

  /** The same object for whatever comes from one address: most of what a process hears comes from few. */
  #sourceOf(address: Address): Source {
    const known = this.#sources.get(address);
    if (known !== undefined) return known;
    const source: Source = { transport: 'UDP', host: address.host, port: address.port, flow: 'udp' };
    this.#sources.set(address, source);
    return source;
  }

  accepted(now: Millis, end: StreamEnd): void {
    end.tag = `in${++this.#accepted}`;
    this.#ends.set(end.tag, end);
    this.tell(now, this.connectionOpened(end.tag));
  }

  opened(now: Millis, end: StreamEnd): void {
    this.tell(now, this.connectionOpened(end.tag));
  }

  message(now: Millis, end: StreamEnd, message: unknown): void {
    this.tell(now, this.connectionMessage(end.tag, message));
  }

  closed(now: Millis, end: StreamEnd, reason: CloseReason): void {
    this.#ends.delete(end.tag);
    this.tell(now, this.connectionClosed(end.tag, reason));
  }

  lookedUp(now: Millis, id: string, answer: unknown): void {
    this.tell(now, this.answered(id, answer));
  }

  clockJumped(now: Millis, wallOffsetMs: Millis): void {
    const input = this.jumped(wallOffsetMs);
    if (input !== undefined) this.tell(now, input);
  }

  nextDeadline(): Millis | undefined {
    return this.node.nextDeadline();
  }

  expire(now: Millis): void {
    for (const effect of this.node.expire(now)) this.perform(now, effect);
    this.#letGo(now);
  }

  protected connect(connection: string, to: Address): void {
    const end = this.process.connect(to);
    end.tag = connection;
    this.#ends.set(connection, end);
  }

  protected send(connection: string, message: unknown): void {
    this.#ends.get(connection)?.send(message);
  }

  protected close(connection: string): void {
    this.#ends.get(connection)?.close();
    this.#ends.delete(connection);
  }

  protected closeAll(): void {
    for (const end of this.#ends.values()) end.close();
    this.#ends.clear();
  }

  protected transmit(effect: Extract<EndpointEffect, { type: 'transmit' }>): void {
    // Nothing here is longer than a datagram may be (RFC 3261 §18.1.1); TCP between SIP parties is the live lab's.
    assert(effect.target.transport === 'UDP', 'the simulated parties speak SIP over UDP');
    this.process.sendDatagram(effect.message, effect.target, SIP_PORT);
  }
}
