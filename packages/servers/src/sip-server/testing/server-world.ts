/**
 * A small world for the tests of the SIP Server: the server, phones, callers, gateways and desks on one virtual
 * time line, joined by queues. What crosses is bytes (SIP) and checked messages (desks), as between processes; who
 * is joined is real: `SipServerNode`, `PhoneNode`, `SipUserAgent`. There is one listening port at each host, 5060.
 */
import { Deadlines, type Millis, type Random, seededRandom } from '@holdfast/kernel';
import {
  connectionFlow,
  type EndpointEffect,
  isReliable,
  type ParseFailure,
  parseMessage,
  type SipMessage,
  type Source,
  serializeMessage,
  type Target,
  type TransportName,
} from '@holdfast/sip';

/** Whoever has an address in this world. */
export interface Party {
  readonly host: string;
  sip(message: SipMessage, source: Source): void;
  malformed(failure: ParseFailure, source: Source): void;
  failed(what: { readonly transaction?: string; readonly flow?: string }): void;
  nextDeadline(): Millis | undefined;
  wake(): void;
}

interface Connection {
  readonly transport: TransportName;
  /** Who opened it, from this port of its own, and who listened. */
  readonly opener: string;
  readonly port: number;
  readonly listener: string;
}

/** What a host is told of a message that it has sent or got: for assertions about the wire. */
export interface Packet {
  readonly at: Millis;
  readonly from: string;
  readonly to: string;
  readonly message: SipMessage;
}

export const SIP_PORT = 5060;
/** Of any loop in virtual time: a world that does not come to rest is a failure, not a hang. */
const TURNS_MAX = 5_000_000;

export class World {
  now: Millis = 0;
  readonly random: Random;
  /** One way, ms; with `jitterMs` more by chance, so that datagrams overtake each other. */
  delayMs = 5;
  jitterMs = 0;
  /** Shares of datagrams that are lost, and that come twice. */
  loss = 0;
  repeated = 0;
  /** Datagrams that do not arrive. */
  loses: (what: { readonly from: string; readonly to: string }) => boolean = () => false;
  /** Hosts whose own machine refuses to send datagrams (EPERM, EADDRNOTAVAIL), and says so. */
  readonly muted = new Set<string>();
  /** Hosts that neither hear nor are heard, and do not notice. */
  readonly cut = new Set<string>();
  /** Every message that was sent, when wanted. */
  packets: Packet[] | undefined;
  readonly #parties = new Map<string, Party>();
  readonly #due = new Deadlines<() => void>();
  readonly #wakes = new Deadlines<Party>();
  readonly #connections = new Set<Connection>();
  #ports = 40_000;

  constructor(seed = 1) {
    this.random = seededRandom(seed);
  }

  add(party: Party): void {
    this.#parties.set(party.host, party);
    this.touch(party);
  }

  remove(host: string): void {
    const party = this.#parties.get(host);
    if (party === undefined) return;
    this.#parties.delete(host);
    this.#wakes.clear(party);
  }

  removeAllBut(party: Party): void {
    for (const host of [...this.#parties.keys()]) if (host !== party.host) this.remove(host);
  }

  /** After everything that a party has done: its deadline may have moved. */
  touch(party: Party): void {
    const at = this.#parties.get(party.host) === party ? party.nextDeadline() : undefined;
    if (at === this.#wakes.get(party)) return;
    this.#wakes.clear(party);
    if (at !== undefined) this.#wakes.set(party, at);
  }

  after(ms: Millis, work: () => void): void {
    this.#due.set(work, this.now + ms);
  }

  /** Runs everything that is due within `ms`. */
  run(ms: Millis): void {
    const until = this.now + ms;
    for (let turns = 0; ; turns++) {
      if (turns > TURNS_MAX) throw new Error('the world does not come to rest');
      const due = this.#due.next() ?? Number.POSITIVE_INFINITY;
      const wake = this.#wakes.next() ?? Number.POSITIVE_INFINITY;
      const next = Math.min(due, wake);
      if (next > until) break;
      this.now = Math.max(this.now, next);
      if (due <= wake) this.#due.takeDue(next)?.();
      else {
        const party = this.#wakes.takeDue(next);
        party?.wake();
        if (party !== undefined) this.touch(party);
      }
    }
    this.now = until;
  }

  transmit(from: Party, effect: Extract<EndpointEffect, { type: 'transmit' }>): void {
    const { message, target, transaction } = effect;
    this.packets?.push({ at: this.now, from: from.host, to: target.host, message });
    const bytes = serializeMessage(message);
    if (isReliable(target.transport)) return this.#overConnection(from, bytes, target, transaction);
    const source: Source = {
      transport: 'UDP',
      host: from.host,
      port: SIP_PORT,
      flow: connectionFlow('UDP', target.host, SIP_PORT),
    };
    if (this.muted.has(from.host))
      return this.after(0, () => {
        if (transaction !== undefined) from.failed({ transaction });
        this.touch(from);
      });
    const copies = this.random() < this.loss ? 0 : this.random() < this.repeated ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) this.#deliver(bytes, from.host, target.host, source);
  }

  #deliver(bytes: Uint8Array, from: string, to: string, source: Source): void {
    const delay =
      this.delayMs + (isReliable(source.transport) ? 0 : Math.floor(this.random() * this.jitterMs));
    this.after(delay, () => {
      if (this.cut.has(from) || this.cut.has(to) || this.loses({ from, to })) return;
      const party = this.#parties.get(to);
      if (party === undefined) return;
      const parsed = parseMessage(bytes);
      if (parsed.ok) party.sip(parsed.message, source);
      else party.malformed(parsed, source);
      this.touch(party);
    });
  }

  #overConnection(from: Party, bytes: Uint8Array, target: Target, transaction: string | undefined): void {
    const { transport } = target;
    const wanted = target.flow ?? connectionFlow(transport, target.host, target.port);
    let connection = [...this.#connections].find((each) => flowAt(each, from.host) === wanted);
    if (connection === undefined && target.port === SIP_PORT && this.#parties.has(target.host)) {
      connection = { transport, opener: from.host, port: this.#ports++, listener: target.host };
      this.#connections.add(connection);
    }
    if (connection === undefined) {
      // Refused: nobody listens there.
      return this.after(0, () => {
        from.failed({ ...(transaction !== undefined && { transaction }), flow: wanted });
        this.touch(from);
      });
    }
    const { opener, listener, port } = connection;
    const isOpener = opener === from.host;
    const source: Source = {
      transport: connection.transport,
      host: from.host,
      port: isOpener ? port : SIP_PORT,
      flow: flowAt(connection, isOpener ? listener : opener) ?? '',
    };
    this.#deliver(bytes, from.host, isOpener ? listener : opener, source);
  }

  /** Every connection of this host breaks, and both ends are told, but for one whose process is gone. */
  breakConnections(host: string, gone?: string): void {
    for (const connection of [...this.#connections]) {
      if (connection.opener !== host && connection.listener !== host) continue;
      this.#connections.delete(connection);
      for (const end of [connection.opener, connection.listener]) {
        const party = this.#parties.get(end);
        const flow = flowAt(connection, end);
        if (party === undefined || flow === undefined || end === gone) continue;
        this.after(0, () => {
          party.failed({ flow });
          this.touch(party);
        });
      }
    }
  }
}

/** What this end calls the connection. */
function flowAt({ transport, opener, listener, port }: Connection, end: string): string | undefined {
  if (end === opener) return connectionFlow(transport, listener, SIP_PORT);
  return end === listener ? connectionFlow(transport, opener, port) : undefined;
}
