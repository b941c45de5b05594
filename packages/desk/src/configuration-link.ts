/**
 * The desk's session with a Configuration Server of either site (DS5): log in by password once, by token
 * afterwards. Any of them will do, because each site serves the same revision; so one link tries the preferred
 * site's servers first and then the peer's. Its loss moves nothing in this version: the desk keeps what it has
 * and connects again to whichever site answers (DS16 has its place here).
 */
import type { Millis, Random } from '@holdfast/kernel';
import {
  type ConfigReply,
  type ConfigRequest,
  type DeskConfiguration,
  type ErrorCode,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import type { DeskLocalData, Endpoint } from './desk-types.ts';
import { Link } from './link.ts';

export interface ConfigurationPorts {
  connect(connection: string, member: Endpoint): void;
  close(connection: string): void;
  send(connection: string, message: ConfigRequest): void;
  /** Also again after each reconnection. */
  configured(token: string, configuration: DeskConfiguration): void;
  /** Nothing but the agent can mend this (wrong password, disabled account). */
  refused(code: ErrorCode, text: string): void;
  changed(): void;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly place: string;
}

/** Refusals after which the same words would be refused again. */
const FINAL: readonly ErrorCode[] = [
  'wrong-password',
  'account-disabled',
  'too-many-failures',
  'unknown-application',
  'not-found',
  'not-an-extension',
  'unknown-dn',
  'not-allowed',
];

export class ConfigurationLink {
  readonly #credentials: Credentials;
  readonly #localData: DeskLocalData;
  readonly #ports: ConfigurationPorts;
  readonly #link: Link;
  #token: string | undefined;
  /** Of the session that answers now; empty before. */
  #site = '';
  #references = 0;

  constructor(credentials: Credentials, localData: DeskLocalData, random: Random, ports: ConfigurationPorts) {
    this.#credentials = credentials;
    this.#localData = localData;
    this.#ports = ports;
    const { addpTimeoutMs: value, configServers } = localData;
    const option = { name: 'addp-timeout', value: `${value / 1000}`, source: 'local data' };
    this.#link = new Link(
      {
        kind: 'configuration',
        name: 'configuration',
        health: { timeoutMs: { value, option } },
        pauseMs: localData.retryPauseMs,
        random,
      },
      [...configServers.preferred, ...configServers.peer],
      {
        connect: (connection, member) => ports.connect(connection, member),
        close: (connection) => ports.close(connection),
        ping: (connection, n) => ports.send(connection, { type: 'Ping', n }),
        off: () => ports.changed(),
      },
    );
  }

  get link(): Link {
    return this.#link;
  }

  get site(): string {
    return this.#site;
  }

  opened(connection: string): void {
    const { application, addpTimeoutMs } = this.#localData;
    const ReferenceID = ++this.#references;
    this.#ports.send(connection, {
      type: 'Open',
      ReferenceID,
      application,
      version: PROTOCOL_VERSION,
      addpTimeoutMs,
    });
  }

  /** The token no longer counts: the password again. */
  logInAgain(): void {
    this.#token = undefined;
    const { connection } = this.#link;
    if (connection !== undefined && this.#link.isOn) this.#logIn(connection);
  }

  broken(now: Millis, how: string): void {
    this.#link.broken(now, how);
    this.#ports.changed();
  }

  receive(now: Millis, connection: string, message: ConfigReply): void {
    const was = this.#link.health;
    this.#link.heard(now);
    if (was !== this.#link.health) this.#ports.changed();
    switch (message.type) {
      case 'Ping':
        return this.#ports.send(connection, { type: 'Pong', n: message.n });
      case 'Opened':
        this.#site = message.site;
        return this.#logIn(connection);
      case 'LoggedIn':
        this.#token = message.token;
        this.#link.established(now);
        this.#ports.changed();
        return this.#ports.configured(message.token, message.configuration);
      case 'Error':
        return this.#refused(now, connection, message.code, message.text);
      case 'Pong':
      case 'Objects':
      case 'Changed':
        return;
    }
  }

  #logIn(connection: string): void {
    const { user, password, place } = this.#credentials;
    const ReferenceID = ++this.#references;
    const seat = place === '' ? {} : { places: [place] };
    if (this.#token === undefined) {
      return this.#ports.send(connection, { type: 'LogIn', ReferenceID, user, password, ...seat });
    }
    this.#ports.send(connection, { type: 'LogInByToken', ReferenceID, token: this.#token, ...seat });
  }

  #refused(now: Millis, connection: string, code: ErrorCode, text: string): void {
    if (this.#token !== undefined && (code === 'token-expired' || code === 'token-invalid')) {
      this.#token = undefined;
      return this.#logIn(connection);
    }
    if (!FINAL.includes(code)) return this.#link.distrust(now, text);
    this.#link.stop();
    this.#ports.refused(code, text);
  }
}
