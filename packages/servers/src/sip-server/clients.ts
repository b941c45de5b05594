/**
 * The clients of a SIP Server: desks, boards, later Stat Servers. Each has one connection, says who it is, and
 * registers for the DNs whose events it wants. A client that lost its connection comes back under the same
 * session and gets what it missed, if the log still has it.
 */
import { fromRecord, type HeldRecord, type Millis, type Plain, toRecord } from '@holdfast/kernel';
import {
  type DeskReply,
  type DeskRequest,
  type ErrorCode,
  isSupervisor,
  type LoginEpoch,
  type Position,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_OLDEST,
} from '@holdfast/protocol';
import { Answers, type Asker, askerOf, sessionOf } from './answers.ts';
import type { Rank } from './configuration.ts';
import type { SipServerEffect } from './effects.ts';
import type { EventLog, LogEntry } from './event-log.ts';

/** A client registers for its agent's DN, a wallboard for all: more than this is a mistake of the client. */
export const REGISTRATIONS_MAX = 64;
/** Former sessions that can be resumed; the oldest is forgotten first and then takes a snapshot. */
export const SESSIONS_MAX = 10_000;

/** What a session has that outlives its connection. */
interface Session {
  /** Its own name for itself and whose it is: nobody else hears what it missed, or ends its connection (SS8). */
  readonly key: string;
  readonly dns: Set<string>;
  all: boolean;
}

export interface ClientPerson {
  readonly name: string;
  readonly rank: Rank;
  /** Of the token that was shown; wall clock, ms since 1970. */
  readonly tokenIssuedWall: number;
}

export interface Client {
  readonly connection: string;
  readonly session: Session;
  readonly application: string;
  /** Who is behind it, when it has shown a token. */
  readonly person: ClientPerson | undefined;
  /** It has shown the server secret: a Stat Server. */
  readonly isServer: boolean;
}

export interface RegisterClient {
  readonly ReferenceID: number;
  readonly application: string;
  readonly session: string;
  readonly version: number;
  readonly resume?: Position | undefined;
}

export class Clients {
  readonly #emit: (effect: SipServerEffect) => void;
  /** Nobody is there any more, whoever ended it. */
  readonly #dropped: (connection: string) => void;
  readonly #log: EventLog;
  readonly #clients = new Map<string, Client>();
  /** In the order of last use, so that the first is the oldest. */
  readonly #sessions = new Map<string, Session>();
  readonly #bySession = new Map<string, Client>();
  readonly #byDN = new Map<string, Set<Client>>();
  readonly #all = new Set<Client>();
  /** LG3. */
  readonly answers = new Answers();
  /** Keys of sessions that are not as they were when the changes were last taken. */
  readonly #changed = new Set<string>();

  constructor(
    log: EventLog,
    emit: (effect: SipServerEffect) => void,
    dropped: (connection: string) => void = () => undefined,
  ) {
    this.#log = log;
    this.#emit = emit;
    this.#dropped = dropped;
  }

  /** For checks: how much is held. */
  sizes(): { readonly clients: number; readonly sessions: number; readonly listened: number } {
    return { clients: this.#clients.size, sessions: this.#sessions.size, listened: this.#byDN.size };
  }

  get(connection: string): Client | undefined {
    return this.#clients.get(connection);
  }

  get size(): number {
    return this.#clients.size;
  }

  /** Every client that has been admitted. */
  admitted(): Iterable<Client> {
    return this.#clients.values();
  }

  /** Those that have registered for this DN by its number. */
  listeners(dn: string): Iterable<Client> {
    return this.#byDN.get(dn) ?? [];
  }

  /** Those that have registered for all DNs. */
  boards(): Iterable<Client> {
    return this.#all;
  }

  *registered(): Generator<Client> {
    for (const client of this.#clients.values()) if (client.session.dns.size > 0) yield client;
  }

  /** Admits a client and, if it can be resumed, sends what it missed. Refuses versions that are not spoken here. */
  admit(
    connection: string,
    request: RegisterClient,
    about: Omit<
      Extract<DeskReply, { type: 'ServerInfo' }>,
      'type' | 'ReferenceID' | 'resumed' | 'position' | 'version'
    >,
    { person, isServer }: Pick<Client, 'person' | 'isServer'>,
  ): Client | undefined {
    if (request.version < PROTOCOL_VERSION_OLDEST) {
      this.refuse(connection, request.ReferenceID, 'bad-message', {
        text: `Version ${request.version} is no longer served here; the oldest is ${PROTOCOL_VERSION_OLDEST}. Update the client.`,
        field: 'version',
      });
      return undefined;
    }
    const key = JSON.stringify([request.session, isServer, person?.name ?? null]);
    const former = this.#sessions.get(key);
    const resumed =
      former !== undefined &&
      (!former.all || isServer || isSupervisor(person?.rank)) &&
      request.resume !== undefined &&
      this.#log.canResume(request.resume);
    const session: Session = resumed ? former : { key, dns: new Set(), all: false };
    // Who has shown nothing registers for nothing, and so has nothing to come back to.
    if (isServer || person !== undefined) this.#keep(session);
    this.drop(connection);
    this.#dropOthersOf(key, connection);
    const client: Client = { connection, session, application: request.application, person, isServer };
    this.#clients.set(connection, client);
    this.#bySession.set(key, client);
    // Who names no position begins anew.
    if (request.resume === undefined) this.answers.forget(key);
    this.answers.cameBack(key);
    for (const dn of session.dns) this.#index(dn, client);
    if (session.all) this.#all.add(client);
    const { position } = this.#log;
    this.send(connection, {
      type: 'ServerInfo',
      ReferenceID: request.ReferenceID,
      ...about,
      version: PROTOCOL_VERSION,
      position,
      resumed,
    });
    if (resumed && request.resume !== undefined) {
      const wanted = (dn: string) => session.all || session.dns.has(dn);
      for (const entry of this.#log.after(request.resume, wanted)) this.send(connection, entry.message);
    }
    return client;
  }

  /** An old connection of a session that has come back on a new one would hear everything twice. */
  #dropOthersOf(key: string, connection: string): void {
    for (const client of [...this.#clients.values()]) {
      if (client.session.key !== key || client.connection === connection) continue;
      this.drop(client.connection);
      this.#emit({
        type: 'close',
        connection: client.connection,
        why: 'the same session came back on another connection',
      });
    }
  }

  #keep(session: Session): void {
    this.#sessions.delete(session.key);
    this.#sessions.set(session.key, session);
    this.#changed.add(session.key);
    if (this.#sessions.size <= SESSIONS_MAX) return;
    const [oldest] = this.#sessions.keys();
    if (oldest === undefined) return;
    this.#sessions.delete(oldest);
    this.answers.forget(oldest);
    this.#changed.add(oldest);
  }

  /** Keys of sessions that are not as they were when this was last asked, forgotten ones included. */
  takeChanges(): readonly string[] {
    if (this.#changed.size === 0) return [];
    const changed = [...this.#changed];
    this.#changed.clear();
    return changed;
  }

  sessions(): Iterable<string> {
    return this.#sessions.keys();
  }

  record(session: string, now: Millis): Plain | undefined {
    const found = this.#sessions.get(session);
    return found && toRecord(found, now);
  }

  /** A client of the server before us comes back to us, and gets what it missed (SS50). */
  load({ value, heldAt }: HeldRecord): void {
    const session = fromRecord<Session>(value, heldAt);
    this.#sessions.set(session.key, session);
  }

  drop(connection: string): void {
    const client = this.#clients.get(connection);
    if (client === undefined) return;
    this.#clients.delete(connection);
    this.#dropped(connection);
    if (this.#bySession.get(client.session.key) === client) this.#bySession.delete(client.session.key);
    this.#all.delete(client);
    for (const dn of client.session.dns) {
      const listeners = this.#byDN.get(dn);
      listeners?.delete(client);
      if (listeners?.size === 0) this.#byDN.delete(dn);
    }
  }

  /** False when the client has registered for as many DNs as it may. */
  register(client: Client, dn: string): boolean {
    if (client.session.dns.size >= REGISTRATIONS_MAX && !client.session.dns.has(dn)) return false;
    client.session.dns.add(dn);
    this.#changed.add(client.session.key);
    this.#index(dn, client);
    return true;
  }

  #index(dn: string, client: Client): void {
    const listeners = this.#byDN.get(dn) ?? new Set<Client>();
    listeners.add(client);
    this.#byDN.set(dn, listeners);
  }

  unregister(client: Client, dn: string): void {
    client.session.dns.delete(dn);
    this.#changed.add(client.session.key);
    const listeners = this.#byDN.get(dn);
    listeners?.delete(client);
    if (listeners?.size === 0) this.#byDN.delete(dn);
  }

  registerAll(client: Client): void {
    client.session.all = true;
    this.#changed.add(client.session.key);
    this.#all.add(client);
  }

  /** Tells everybody who is registered for the DN; the client that asked finds its ReferenceID in its copy. */
  publish(entry: LogEntry, asked: { readonly asker: Asker; readonly referenceId: number } | undefined): void {
    const { message } = entry;
    const asking = asked && this.#bySession.get(sessionOf(asked.asker));
    const answer = asked && {
      ...message,
      attributes: { ...message.attributes, ReferenceID: asked.referenceId },
    };
    const tell = (client: Client) =>
      this.send(client.connection, client === asking ? (answer ?? message) : message);
    const listeners = this.#byDN.get(entry.dn);
    for (const client of listeners ?? []) tell(client);
    for (const client of this.#all) if (listeners?.has(client) !== true) tell(client);
    // The event is the answer to whoever asked, registered for this DN or not.
    if (asking !== undefined && listeners?.has(asking) !== true && !this.#all.has(asking)) tell(asking);
    if (asked !== undefined && answer !== undefined) this.#remember(asked.asker, asked.referenceId, answer);
  }

  /** LG3: the answer that this request has had, where the client has come back and asks it again. */
  repeated({ session }: Client, request: DeskRequest): DeskReply | undefined {
    if (!('ReferenceID' in request) || !this.answers.has(session.key, request.ReferenceID)) return undefined;
    return this.answers.again(askerOf(session.key, request), request.ReferenceID);
  }

  /** The answer to what this client has asked, over whichever connection it has by now; kept for when it has none (LG3). */
  answer(asker: Asker, reply: Extract<DeskReply, { type: 'Done' | 'Error' }>): void {
    const client = this.#bySession.get(sessionOf(asker));
    if (client !== undefined) this.send(client.connection, reply);
    if (reply.ReferenceID !== undefined) this.#remember(asker, reply.ReferenceID, reply);
  }

  /** What the other site asks is the same however often it is asked. */
  #remember(asker: Asker, number: number, reply: DeskReply): void {
    const session = sessionOf(asker);
    if (this.#bySession.get(session)?.isServer === true || !this.#sessions.has(session)) return;
    this.answers.keep(asker, number, reply);
  }

  send(connection: string, message: DeskReply): void {
    this.#emit({ type: 'send', connection, message });
  }

  refuse(
    connection: string,
    ReferenceID: number,
    code: ErrorCode,
    more: { text: string; field?: string; epoch?: LoginEpoch; retryAfterMs?: Millis },
  ): void {
    this.send(connection, { type: 'Error', ReferenceID, code, ...more });
  }
}
