/**
 * The shell of a simulated SIP party: datagrams as every node has them, and SIP over the world's streams (TCP). A
 * stream keeps order and tells when it is lost; what was asked over it and not answered has failed with it.
 */
import type { Millis } from '@holdfast/kernel';
import { connectionFlow, type EndpointEffect, type SipMessage, type Source } from '@holdfast/sip';
import { NodeProgram, SIP_PORT } from './node-program.ts';
import type { CloseReason } from './process.ts';
import type { StreamEnd } from './stream.ts';

type Transmit = Extract<EndpointEffect, { type: 'transmit' }>;

interface Flow {
  readonly end: StreamEnd;
  readonly source: Source;
  /** What waits for the connection to stand. */
  readonly waiting: Transmit[];
}

export abstract class SipProgram<Input, Effect> extends NodeProgram<Input, Effect> {
  readonly #flows = new Map<string, Flow>();
  readonly #flowOf = new Map<StreamEnd, Flow>();

  protected abstract sipFailed(what: { readonly transaction?: string; readonly flow?: string }): Input;

  override accepted(now: Millis, end: StreamEnd, port?: number): void {
    if (port !== SIP_PORT) return super.accepted(now, end);
    this.#add(end, end.peer.host.name, this.process.world.net.ephemeralPort());
  }

  override opened(now: Millis, end: StreamEnd): void {
    const flow = this.#flowOf.get(end);
    if (flow === undefined) return super.opened(now, end);
    for (const effect of flow.waiting.splice(0)) end.send(effect.message);
  }

  override message(now: Millis, end: StreamEnd, message: unknown): void {
    const flow = this.#flowOf.get(end);
    if (flow === undefined) return super.message(now, end, message);
    this.tell(now, this.sip(message as SipMessage, flow.source));
  }

  override closed(now: Millis, end: StreamEnd, reason: CloseReason): void {
    const flow = this.#flowOf.get(end);
    if (flow === undefined) return super.closed(now, end, reason);
    this.#flowOf.delete(end);
    const name = flow.source.flow;
    if (this.#flows.get(name) === flow) this.#flows.delete(name);
    for (const { transaction } of flow.waiting)
      if (transaction !== undefined) this.tell(now, this.sipFailed({ transaction }));
    this.tell(now, this.sipFailed({ flow: name }));
  }

  protected override transmit(effect: Transmit): void {
    const { target, message } = effect;
    if (target.transport === 'UDP') return super.transmit(effect);
    const { host, port } = target;
    const standing = this.#flows.get(target.flow ?? '') ?? this.#flows.get(connectionFlow('TCP', host, port));
    const flow = standing ?? this.#add(this.process.connect({ host, port }), host, port);
    if (flow.end.state === 'open') flow.end.send(message);
    else flow.waiting.push(effect);
  }

  /** The port is closed, and every connection of it. */
  protected override closeAll(): void {
    super.closeAll();
    for (const end of this.#flowOf.keys()) end.close();
    this.#flowOf.clear();
    this.#flows.clear();
  }

  #add(end: StreamEnd, host: string, port: number): Flow {
    const name = connectionFlow('TCP', host, port);
    const flow: Flow = { end, source: { transport: 'TCP', host, port, flow: name }, waiting: [] };
    this.#flows.set(name, flow);
    this.#flowOf.set(end, flow);
    return flow;
  }
}
