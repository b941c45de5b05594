/**
 * The clients of a Stat Server and what each has subscribed to. Who may ask is decided here as the SIP Server does
 * it: a person by the log-in token, a server by showing that it holds the server secret (LK1), and nobody without one of them.
 */
import { endOfToken } from '@holdfast/centre';
import type { LogLine, Millis } from '@holdfast/kernel';
import {
  type ErrorCode,
  isSupervisor,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_OLDEST,
  type Statistic,
  type StatisticObjectType,
  type StatReply,
  type StatRequest,
} from '@holdfast/protocol';
import { type ServerClients, saysSecret, serverRefused, WRONG_SECRET } from '../server-clients.ts';
import type { TokenCheck } from '../sip-server/desk-requests.ts';
import { disabled, TOKEN_REFUSED } from '../sip-server/refusals.ts';
import type { StatServerConfiguration } from './configuration.ts';

/** A desk subscribes to its agent and its queues; whoever wants more subscribes to a type as a whole. */
export const SUBSCRIPTIONS_MAX = 256;

/** An object, or all of its type. */
export interface Subject {
  readonly objectType: StatisticObjectType;
  readonly name?: string | undefined;
}

export interface StatClient {
  readonly connection: string;
  /** Undefined: a server, or somebody who has shown nothing. */
  readonly person: { readonly name: string; readonly tokenIssuedWall: number } | undefined;
  readonly isServer: boolean;
  /** By `keyOf`. */
  readonly subscriptions: Map<string, Subject>;
}

export type Open = Extract<StatRequest, { type: 'Open' }>;

export interface StatClientPorts {
  /** Ed25519, about 0.1 ms; wall clock in ms since 1970. */
  verifyToken(token: string, wall: Millis): TokenCheck;
  readonly servers: ServerClients<Open>;
  send(connection: string, message: StatReply): void;
  close(connection: string, why: string): void;
  /** A line that clients can cause at will; `sender` is who did. */
  logBudgeted(line: LogLine, sender: string): void;
  /** The object, or all of the type, as they stand; undefined when there is no such object. */
  statistics(subject: Subject, now: Millis): Statistic[] | undefined;
}

export class StatClients {
  readonly #ports: StatClientPorts;
  readonly #clients = new Map<string, StatClient>();
  #configuration: StatServerConfiguration;

  constructor(ports: StatClientPorts, configuration: StatServerConfiguration) {
    this.#ports = ports;
    this.#configuration = configuration;
  }

  get count(): number {
    return this.#clients.size;
  }

  /** How much is held. */
  sizes() {
    let subscriptions = 0;
    for (const client of this.#clients.values()) subscriptions += client.subscriptions.size;
    return { clients: this.#clients.size, subscriptions };
  }

  /** ID3: whose token counts no more is sent away; who is no supervisor any more no longer sees all agents. */
  configure(configuration: StatServerConfiguration): void {
    this.#configuration = configuration;
    for (const client of [...this.#clients.values()]) {
      const { connection, person } = client;
      const ended = person && this.#endOf(person);
      if (ended !== undefined) {
        this.#clients.delete(connection);
        this.#refuse(connection, undefined, ended.code, ended.text);
        this.#ports.close(connection, ended.text);
      } else if (client.subscriptions.has('Agent') && !this.#seesAllAgents(client)) {
        client.subscriptions.delete('Agent');
        this.#refuse(connection, undefined, 'not-allowed', ALL_AGENTS);
      }
    }
  }

  drop(connection: string): void {
    this.#clients.delete(connection);
    this.#ports.servers.gone(connection);
  }

  message(
    at: { readonly now: Millis; readonly wall: Millis },
    connection: string,
    request: StatRequest,
  ): void {
    if (request.type === 'Ping') return this.#ports.send(connection, { type: 'Pong', n: request.n });
    if (request.type === 'Pong') return;
    if (request.type === 'Open') return this.#open(at.wall, connection, request);
    if (request.type === 'Proof') return this.#shown(connection, request);
    const client = this.#clients.get(connection);
    if (client === undefined)
      return this.#refuse(connection, request.ReferenceID, 'wrong-state', 'Not opened yet: send Open first.');
    if (client.person === undefined && !client.isServer) {
      const text =
        'Show the log-in token of a person in Open: log in by password at the Configuration Server.';
      return this.#refuse(connection, request.ReferenceID, 'not-allowed', text);
    }
    if (request.type === 'Subscribe') return this.#subscribe(at.now, client, request);
    client.subscriptions.delete(keyOf(request));
    this.#ports.send(connection, { type: 'Done', ReferenceID: request.ReferenceID });
  }

  /** Each client gets those of `changed` to which it has subscribed, each once. */
  publish(changed: ReadonlyMap<string, Statistic>): void {
    for (const { connection, subscriptions } of this.#clients.values()) {
      const statistics = concerning(subscriptions, changed);
      if (statistics.length > 0) this.#ports.send(connection, { type: 'Statistics', statistics });
    }
  }

  /** The object is gone from the configuration. */
  removed(objectType: StatisticObjectType, name: string): void {
    for (const { connection, subscriptions } of this.#clients.values()) {
      const named = subscriptions.delete(keyOf({ objectType, name }));
      if (named || subscriptions.has(objectType))
        this.#ports.send(connection, { type: 'Removed', objectType, name });
    }
  }

  #open(wall: Millis, connection: string, request: Open): void {
    const { ReferenceID, version, token, secret, nonce } = request;
    // Before the version, of which it says more.
    if (secret !== undefined) return this.#refuseServer(connection, ReferenceID, saysSecret(version));
    if (version < PROTOCOL_VERSION_OLDEST) {
      const text = `Version ${version} is no longer served here; the oldest is ${PROTOCOL_VERSION_OLDEST}. Update the client.`;
      return this.#refuse(connection, ReferenceID, 'bad-message', text, 'version');
    }
    let person: StatClient['person'];
    if (token !== undefined) {
      const check = this.#ports.verifyToken(token, wall);
      if (!check.ok) {
        const text = 'The token does not let you in. Log in by password at the Configuration Server.';
        return this.#refuse(connection, ReferenceID, check.code, text, 'token');
      }
      person = { name: check.person, tokenIssuedWall: check.issuedWall };
      const ended = this.#endOf(person);
      if (ended !== undefined) return this.#refuse(connection, ReferenceID, ended.code, ended.text, 'token');
    }
    if (nonce !== undefined) {
      const { application, site } = this.#configuration;
      const challenge = this.#ports.servers.challenge(
        connection,
        { ...request, nonce },
        { application, site },
      );
      return this.#ports.send(connection, challenge);
    }
    this.#admit(connection, ReferenceID, { person, isServer: false });
  }

  /** LK1. */
  #shown(connection: string, { ReferenceID, proof: given }: Extract<StatRequest, { type: 'Proof' }>): void {
    const shown = this.#ports.servers.shown(connection, given);
    if (shown?.proof === undefined) return this.#refuseServer(connection, ReferenceID, WRONG_SECRET);
    const { request, proof } = shown;
    this.#admit(connection, request.ReferenceID, { person: undefined, isServer: true }, { proof });
  }

  #refuseServer(connection: string, ReferenceID: number, text: string): void {
    const { logBudgeted, close } = this.#ports;
    this.#refuse(connection, ReferenceID, 'not-allowed', text);
    logBudgeted(serverRefused(text), connection);
    close(connection, text);
  }

  #admit(
    connection: string,
    ReferenceID: number,
    who: Pick<StatClient, 'person' | 'isServer'>,
    proof: { readonly proof?: string } = {},
  ): void {
    this.#clients.set(connection, { connection, ...who, subscriptions: new Map() });
    const { application, site } = this.#configuration;
    const version = PROTOCOL_VERSION;
    this.#ports.send(connection, {
      ...{ type: 'Opened', ReferenceID, application, site, version },
      ...proof,
    });
  }

  #subscribe(now: Millis, client: StatClient, request: Extract<StatRequest, { type: 'Subscribe' }>): void {
    const { connection, subscriptions } = client;
    const { ReferenceID, objectType, name } = request;
    if (objectType === 'Agent' && name === undefined && !this.#seesAllAgents(client))
      return this.#refuse(connection, ReferenceID, 'not-allowed', ALL_AGENTS, 'name');
    const statistics = this.#ports.statistics(request, now);
    if (statistics === undefined) {
      const { site, switchName } = this.#configuration;
      const text =
        objectType === 'Agent'
          ? `No enabled Person "${name}" has an Agent Login of Switch "${switchName}" (site ${site}). Subscribe by user name.`
          : `There is no ACD Queue "${name}" at site ${site}. Subscribe by number@switch, as 8000@${switchName}.`;
      return this.#refuse(connection, ReferenceID, 'not-found', text, 'name');
    }
    const key = keyOf(request);
    if (subscriptions.size >= SUBSCRIPTIONS_MAX && !subscriptions.has(key)) {
      const text = `More than ${SUBSCRIPTIONS_MAX} subscriptions. Subscribe to a type as a whole, or unsubscribe.`;
      return this.#refuse(connection, ReferenceID, 'overloaded', text);
    }
    subscriptions.set(key, { objectType, name });
    this.#ports.send(connection, { type: 'Subscribed', ReferenceID, statistics });
  }

  #seesAllAgents({ person, isServer }: StatClient): boolean {
    const rank = person && this.#configuration.persons.get(person.name)?.rank;
    // ID1: an auditor reads.
    return isServer || isSupervisor(rank) || rank === 'auditor';
  }

  /** Why that token does not let in any more. */
  #endOf({ name, tokenIssuedWall }: NonNullable<StatClient['person']>) {
    const person = this.#configuration.persons.get(name);
    const code = endOfToken(person && { enabled: true, ...person }, tokenIssuedWall);
    if (code === undefined) return undefined;
    if (code === 'token-revoked') return { code, text: TOKEN_REFUSED[code] };
    return { code: 'account-disabled', text: disabled(name) } as const;
  }

  #refuse(
    connection: string,
    ReferenceID: number | undefined,
    code: ErrorCode,
    text: string,
    field?: string,
  ): void {
    this.#ports.send(connection, {
      ...{ type: 'Error', code, text },
      ...(ReferenceID === undefined ? {} : { ReferenceID }),
      ...(field === undefined ? {} : { field }),
    });
  }
}

const ALL_AGENTS = 'All agents see supervisors, auditors and servers only. Subscribe to an agent by name.';

/** `Agent` for all, `Agent/kim` for one. */
export function keyOf({ objectType, name }: Subject): string {
  return name === undefined ? objectType : `${objectType}/${name}`;
}

function concerning(
  subscriptions: ReadonlyMap<string, Subject>,
  changed: ReadonlyMap<string, Statistic>,
): Statistic[] {
  const statistics: Statistic[] = [];
  for (const [key, one] of changed)
    if (subscriptions.has(one.objectType) || subscriptions.has(key)) statistics.push(one);
  return statistics;
}
