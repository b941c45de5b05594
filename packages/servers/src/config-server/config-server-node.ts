/**
 * The Configuration Server of one site: it serves one revision of the configuration, lets people in, and tells
 * whoever has subscribed what changes. It needs nobody else to do so: with the other site dead, agents log in
 * here as before (the revision and the token keys are the same at both sites).
 *
 *     Open ──▶ LogIn, LogInByToken ──▶ the desk's configuration and a token
 *         └──▶ ReadAll (servers, by the shared secret), Read ──▶ objects, later Changed
 *
 * Checking a password is slow on purpose, so it is an effect whose result comes back as an input; checking a
 * token is fast, so that half of all agents can come at once when a site has died.
 */
import {
  type Configuration,
  changesBetween,
  deskConfiguration,
  levelOf,
  optionValue,
  siteOf,
} from '@holdfast/centre';
import {
  freshLink,
  type LinkHealth,
  type LinkHealthEvent,
  linkDeadline,
  stepLink,
} from '@holdfast/continuity';
import { assert, Deadlines, type LogLine, type Millis, type Node, unreachable } from '@holdfast/kernel';
import {
  type Application,
  type ConfigReply,
  type ConfigRequest,
  type ErrorCode,
  nameOf,
  OPTIONS,
  type Person,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_OLDEST,
} from '@holdfast/protocol';
import { LoginFailures } from './login-failures.ts';
import { allVisibleTo, type Viewer } from './visible-objects.ts';

export type ConfigServerInput =
  /** A new revision, checked. */
  | { readonly type: 'configuration'; readonly configuration: Configuration }
  | { readonly type: 'opened'; readonly connection: string }
  | { readonly type: 'message'; readonly connection: string; readonly message: ConfigRequest }
  | { readonly type: 'closed'; readonly connection: string }
  /** Answer to `verifyPassword`. */
  | { readonly type: 'passwordVerified'; readonly id: number; readonly ok: boolean }
  /** The wall clock and the monotonic clock jumped apart. Wall = now + wallOffsetMs. */
  | { readonly type: 'clockJumped'; readonly wallOffsetMs: Millis };

export type ConfigServerEffect =
  | { readonly type: 'send'; readonly connection: string; readonly message: ConfigReply }
  | { readonly type: 'close'; readonly connection: string; readonly why: string }
  /** Off the main thread. Without a hash there is no such user: the same work is done and the answer is no. */
  | {
      readonly type: 'verifyPassword';
      readonly id: number;
      readonly hash?: string;
      readonly password: string;
    }
  | { readonly type: 'log'; readonly line: LogLine };

/** Who is behind a log-in token, and for how long; instants are wall clock, ms since 1970. */
export interface TokenContent {
  readonly person: string;
  readonly rank: Person['rank'];
  readonly issuedAt: Millis;
  readonly expiresAt: Millis;
}

export type TokenReading =
  | { readonly ok: true; readonly person: string; readonly expiresAt: Millis }
  | { readonly ok: false; readonly code: 'token-invalid' | 'token-expired' };

export interface ConfigServerOptions {
  /** Name of the Application that the process runs as. */
  readonly application: string;
  readonly configuration: Configuration;
  /** Wall clock minus monotonic clock, ms. */
  readonly wallOffsetMs: Millis;
  /** Ed25519 with the first of the configuration's token keys; synchronous, about 0.1 ms. */
  signToken(content: TokenContent, configuration: Configuration): string;
  verifyToken(token: string, wall: Millis, configuration: Configuration): TokenReading;
}

/** Passwords being checked at a time; at 235 a second on two cores this is about a second of work. */
export const VERIFICATIONS_MAX = 256;
/** Subscriptions of one connection; a client asks for types, not for single objects. */
export const SUBSCRIPTIONS_MAX = 64;
/** A connection that has not said what it is by then is closed. */
export const OPEN_MAX_MS = 10_000;

interface Subscription {
  /** Undefined means all objects. */
  readonly objectType?: string;
  readonly name?: string | undefined;
}

interface Client {
  application?: Application;
  viewer?: Viewer;
  person?: string;
  addpTimeoutMs: Millis;
  health: LinkHealth;
  isCheckingPassword: boolean;
  readonly subscriptions: Subscription[];
}

interface Verification {
  readonly connection: string;
  readonly message: LogIn;
}

type LogIn = Extract<ConfigRequest, { type: 'LogIn' }>;
type Answerable = Exclude<ConfigRequest, { type: 'Ping' | 'Pong' }>;

export class ConfigServerNode implements Node<ConfigServerInput, ConfigServerEffect> {
  readonly #options: ConfigServerOptions;
  #configuration: Configuration;
  #wallOffsetMs: Millis;
  readonly #clients = new Map<string, Client>();
  readonly #deadlines = new Deadlines<string>();
  readonly #failures = new LoginFailures();
  readonly #verifications = new Map<number, Verification>();
  #verificationCount = 0;
  #effects: ConfigServerEffect[] = [];

  constructor(options: ConfigServerOptions) {
    this.#options = options;
    this.#configuration = options.configuration;
    this.#wallOffsetMs = options.wallOffsetMs;
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  handle(now: Millis, input: ConfigServerInput): ConfigServerEffect[] {
    switch (input.type) {
      case 'configuration':
        this.#configure(input.configuration);
        break;
      case 'opened':
        this.#clients.set(input.connection, {
          addpTimeoutMs: OPEN_MAX_MS,
          health: freshLink(now),
          isCheckingPassword: false,
          subscriptions: [],
        });
        this.#deadlines.set(input.connection, now + OPEN_MAX_MS);
        break;
      case 'message':
        this.#message(now, input.connection, input.message);
        break;
      case 'closed':
        this.#forget(input.connection);
        break;
      case 'passwordVerified':
        this.#passwordVerified(now, input.id, input.ok);
        break;
      case 'clockJumped':
        this.#wallOffsetMs = input.wallOffsetMs;
        break;
      default:
        unreachable(input);
    }
    return this.#takeEffects();
  }

  nextDeadline(): Millis | undefined {
    return this.#deadlines.next();
  }

  expire(now: Millis): ConfigServerEffect[] {
    for (let due = this.#deadlines.takeDue(now); due !== undefined; due = this.#deadlines.takeDue(now)) {
      const client = this.#clients.get(due);
      if (client === undefined) continue;
      if (client.application === undefined) this.#close(due, `no Open within ${OPEN_MAX_MS} ms`);
      else this.#stepHealth(now, due, client, { type: 'expire' });
    }
    return this.#takeEffects();
  }

  #takeEffects(): ConfigServerEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #configure(configuration: Configuration): void {
    const before = this.#configuration;
    if (configuration.revision === before.revision) return;
    this.#configuration = configuration;
    this.#log('info', 'configuration changed', {
      detail: { from: before.revision, to: configuration.revision, objects: configuration.objects.length },
    });
    // What one kind of viewer sees is compared once, not once for each client.
    const changes = new Map<Viewer, ReturnType<typeof changesBetween>>();
    for (const [connection, { viewer, subscriptions }] of this.#clients) {
      if (viewer === undefined || subscriptions.length === 0) continue;
      let seen = changes.get(viewer);
      if (seen === undefined) {
        seen = changesBetween(
          allVisibleTo(viewer, before.objects),
          allVisibleTo(viewer, configuration.objects),
        );
        changes.set(viewer, seen);
      }
      const concerns = (type: string, name: string) =>
        subscriptions.some(
          (one) =>
            one.objectType === undefined ||
            (one.objectType === type && (one.name === undefined || one.name === name)),
        );
      const objects = seen.changed.filter((object) => concerns(object.objectType, nameOf(object)));
      const deleted = seen.deleted.filter((key) => concerns(...splitKey(key)));
      // Also without any object of interest: the client learns which revision is served.
      this.#send(connection, { type: 'Changed', revision: configuration.revision, objects, deleted });
    }
  }

  #message(now: Millis, connection: string, message: ConfigRequest): void {
    const client = this.#clients.get(connection);
    if (client === undefined) return;
    this.#stepHealth(now, connection, client, { type: 'heard' });
    if (message.type === 'Pong') return;
    if (message.type === 'Ping') return this.#send(connection, { type: 'Pong', n: message.n });
    if (message.type === 'Open') return this.#open(now, connection, client, message);
    const { application } = client;
    if (application === undefined)
      return this.#refuse(connection, message, 'wrong-state', 'Not opened yet: send Open first.');
    switch (message.type) {
      case 'LogIn':
        return this.#logIn(now, connection, client, message);
      case 'LogInByToken':
        return this.#logInByToken(now, connection, client, application, message);
      case 'ReadAll':
        return this.#readAll(connection, client, message);
      case 'Read':
        return this.#read(connection, client, message);
      default:
        unreachable(message);
    }
  }

  #open(
    now: Millis,
    connection: string,
    client: Client,
    message: Extract<ConfigRequest, { type: 'Open' }>,
  ): void {
    const { application: name, version, secret } = message;
    if (client.application !== undefined)
      return this.#refuse(
        connection,
        message,
        'wrong-state',
        `Already open as "${client.application.name}".`,
      );
    if (version < PROTOCOL_VERSION_OLDEST || version > PROTOCOL_VERSION)
      return this.#refuse(
        connection,
        message,
        'bad-message',
        `Version ${version} is not served; ${PROTOCOL_VERSION_OLDEST} to ${PROTOCOL_VERSION} are.`,
        { field: 'version' },
      );
    const application = this.#configuration.get('Application', name);
    if (application === undefined || !application.enabled)
      return this.#refuse(
        connection,
        message,
        'unknown-application',
        `There is no Application "${name}", or it is disabled.`,
      );
    const viewer = viewerOf(application);
    if (viewer !== 'person' && !this.#isServerSecret(secret))
      return this.#refuse(
        connection,
        message,
        'not-allowed',
        `"${name}" is a server: it must show the server secret of the Keys object.`,
      );
    client.application = application;
    client.viewer = viewer;
    client.addpTimeoutMs = message.addpTimeoutMs;
    client.health = freshLink(now);
    this.#deadlines.set(connection, now + message.addpTimeoutMs);
    this.#send(connection, {
      type: 'Opened',
      ReferenceID: message.ReferenceID,
      application: name,
      site: this.#site(),
      version: PROTOCOL_VERSION,
      revision: this.#configuration.revision,
    });
  }

  #site(): string {
    const own = this.#configuration.get('Application', this.#options.application);
    return (own === undefined ? undefined : siteOf(own)) ?? '';
  }

  #isServerSecret(secret: string | undefined): boolean {
    const expected = this.#configuration.all('Keys')[0]?.serverSecret;
    return expected !== undefined && secret !== undefined && areEqual(expected, secret);
  }

  #logIn(now: Millis, connection: string, client: Client, message: LogIn): void {
    if (client.isCheckingPassword)
      return this.#refuse(
        connection,
        message,
        'wrong-state',
        'A log-in of this connection is being checked. Wait for its answer.',
      );
    if (this.#verifications.size >= VERIFICATIONS_MAX)
      return this.#refuse(
        connection,
        message,
        'overloaded',
        'Too many log-ins at once. Try again in a second.',
        {
          retryAfterMs: 1_000,
        },
      );
    const waitMs = this.#failures.begin(message.user, now);
    if (waitMs > 0) {
      const text = `Too many failed log-ins of "${message.user}". Try again in ${Math.ceil(waitMs / 1000)} s.`;
      return this.#refuse(connection, message, 'too-many-failures', text, { retryAfterMs: waitMs });
    }
    client.isCheckingPassword = true;
    this.#verificationCount += 1;
    const id = this.#verificationCount;
    this.#verifications.set(id, { connection, message });
    const hash = this.#configuration.get('Person', message.user)?.passwordHash;
    this.#effects.push({
      type: 'verifyPassword',
      id,
      ...(hash === undefined ? {} : { hash }),
      password: message.password,
    });
  }

  #passwordVerified(now: Millis, id: number, verified: boolean): void {
    const verification = this.#verifications.get(id);
    if (verification === undefined) return;
    this.#verifications.delete(id);
    const { connection, message } = verification;
    const person = this.#configuration.get('Person', message.user);
    const ok = verified && person?.passwordHash !== undefined;
    this.#failures.ended(message.user, ok, now);
    if (!ok)
      this.#log('warn', 'log-in refused', { agent: message.user, because: 'wrong user name or password' });
    const client = this.#clients.get(connection);
    if (client === undefined) return;
    client.isCheckingPassword = false;
    // One answer for both, so that nobody learns which names exist.
    if (!ok)
      return this.#refuse(connection, message, 'wrong-password', 'The user name or the password is wrong.');
    const { application } = client;
    assert(
      application !== undefined && person !== undefined,
      'a password was checked for an open connection',
    );
    const issuedAt = now + this.#wallOffsetMs;
    const expiresAt = issuedAt + this.#tokenLifeMs();
    this.#admit(connection, client, message, person, application, () => ({
      token: this.#options.signToken(
        { person: person.name, rank: person.rank, issuedAt, expiresAt },
        this.#configuration,
      ),
      expiresAt,
    }));
  }

  #logInByToken(
    now: Millis,
    connection: string,
    client: Client,
    application: Application,
    message: Extract<ConfigRequest, { type: 'LogInByToken' }>,
  ): void {
    const reading = this.#options.verifyToken(message.token, now + this.#wallOffsetMs, this.#configuration);
    if (!reading.ok)
      return this.#refuse(
        connection,
        message,
        reading.code,
        'The token does not let you in. Log in by password.',
      );
    const person = this.#configuration.get('Person', reading.person);
    if (person === undefined)
      return this.#refuse(
        connection,
        message,
        'token-invalid',
        `There is no Person "${reading.person}" any more.`,
      );
    this.#admit(connection, client, message, person, application, () => ({
      token: message.token,
      expiresAt: reading.expiresAt,
    }));
  }

  /** Who the person is has been shown; whether the configuration lets them work is decided here. */
  #admit(
    connection: string,
    client: Client,
    message: LogIn | Extract<ConfigRequest, { type: 'LogInByToken' }>,
    person: Person,
    application: Application,
    token: () => { readonly token: string; readonly expiresAt: Millis },
  ): void {
    if (!person.enabled)
      return this.#refuse(
        connection,
        message,
        'account-disabled',
        `Person "${person.name}" is disabled. Ask the administrator.`,
      );
    const answer = deskConfiguration(this.#configuration, { person, application, place: message.place });
    if (!answer.ok) return this.#refuse(connection, message, 'bad-configuration', answer.text);
    client.person = person.name;
    this.#log('info', 'person logged in', {
      agent: person.name,
      because: message.type === 'LogIn' ? 'password' : 'token',
      detail: { application: application.name, place: answer.configuration.place },
    });
    this.#send(connection, {
      type: 'LoggedIn',
      ReferenceID: message.ReferenceID,
      ...token(),
      configuration: answer.configuration,
    });
  }

  #tokenLifeMs(): Millis {
    const own = this.#configuration.get('Application', this.#options.application);
    const levels = own === undefined ? [] : [levelOf(`Application/${own.name}`, own)];
    return 1000 * optionValue(OPTIONS.holdfast['token-life'], levels);
  }

  #readAll(connection: string, client: Client, message: Extract<ConfigRequest, { type: 'ReadAll' }>): void {
    const { viewer } = client;
    if (viewer === undefined || viewer === 'person')
      return this.#refuse(
        connection,
        message,
        'not-allowed',
        'Only servers read everything. Ask with Read for what you need.',
      );
    if (message.subscribe && !this.#subscribe(connection, client, message, {})) return;
    this.#sendObjects(connection, message, allVisibleTo(viewer, this.#configuration.objects));
  }

  #read(connection: string, client: Client, message: Extract<ConfigRequest, { type: 'Read' }>): void {
    const { viewer } = client;
    if (viewer === undefined || (viewer === 'person' && client.person === undefined))
      return this.#refuse(connection, message, 'not-allowed', 'Log in first.');
    const { objectType, name } = message;
    if (message.subscribe && !this.#subscribe(connection, client, message, { objectType, name })) return;
    const objects = allVisibleTo(viewer, this.#configuration.objects).filter(
      (object) => object.objectType === objectType && (name === undefined || nameOf(object) === name),
    );
    if (name !== undefined && objects.length === 0)
      return this.#refuse(connection, message, 'not-found', `There is no ${objectType} "${name}".`);
    this.#sendObjects(connection, message, objects);
  }

  #subscribe(connection: string, client: Client, message: Answerable, subscription: Subscription): boolean {
    const isKnown = client.subscriptions.some(
      (one) => one.objectType === subscription.objectType && one.name === subscription.name,
    );
    if (isKnown) return true;
    if (client.subscriptions.length >= SUBSCRIPTIONS_MAX) {
      const text = `More than ${SUBSCRIPTIONS_MAX} subscriptions. Subscribe to types, not to single objects.`;
      this.#refuse(connection, message, 'overloaded', text);
      return false;
    }
    client.subscriptions.push(subscription);
    return true;
  }

  #sendObjects(connection: string, message: Answerable, objects: readonly unknown[]): void {
    const { revision } = this.#configuration;
    this.#send(connection, {
      type: 'Objects',
      ReferenceID: message.ReferenceID,
      revision,
      objects: [...objects],
    });
  }

  #stepHealth(now: Millis, connection: string, client: Client, event: LinkHealthEvent): void {
    const option = {
      name: 'addp timeout',
      value: `${client.addpTimeoutMs} ms`,
      source: client.application?.name ?? '',
    };
    const options = { timeoutMs: { value: client.addpTimeoutMs, option } };
    const { state, effects } = stepLink(client.health, event, options, now);
    client.health = state;
    for (const effect of effects) {
      if (effect.type === 'sendPing') this.#send(connection, { type: 'Ping', n: effect.n });
      else this.#close(connection, effect.because.text);
    }
    const at = linkDeadline(state, options);
    // Traffic moves the deadline away all the time; the old one finds nothing due and sets the new one.
    if (at !== undefined && event.type === 'expire') this.#deadlines.set(connection, at);
  }

  #refuse(
    connection: string,
    message: Answerable,
    code: ErrorCode,
    text: string,
    more: { readonly field?: string; readonly retryAfterMs?: number } = {},
  ): void {
    this.#send(connection, { type: 'Error', ReferenceID: message.ReferenceID, code, text, ...more });
  }

  #send(connection: string, message: ConfigReply): void {
    this.#effects.push({ type: 'send', connection, message });
  }

  #close(connection: string, why: string): void {
    this.#effects.push({ type: 'close', connection, why });
    this.#forget(connection);
  }

  #forget(connection: string): void {
    this.#clients.delete(connection);
    this.#deadlines.clear(connection);
  }

  #log(level: LogLine['level'], what: string, more: Omit<LogLine, 'level' | 'what'>): void {
    this.#effects.push({ type: 'log', line: { level, what, site: this.#site(), ...more } });
  }
}

function viewerOf(application: Application): Viewer {
  switch (application.type) {
    case 'ConfigurationServer':
    case 'ConfigurationServerProxy':
      return 'config';
    case 'SIPServer':
      return 'sip';
    case 'StatServer':
    case 'ApplicationCluster':
    case 'Supervisor':
      return 'server';
    case 'Workspace':
    case 'ThirdPartyApplication':
      return 'person';
    default:
      return unreachable(application.type);
  }
}

/** In a time that does not depend on where the texts differ. */
function areEqual(expected: string, given: string): boolean {
  let difference = expected.length ^ given.length;
  for (let i = 0; i < given.length; i++)
    difference |= given.charCodeAt(i) ^ expected.charCodeAt(i % expected.length);
  return difference === 0;
}

function splitKey(key: string): [type: string, name: string] {
  const at = key.indexOf('/');
  return [key.slice(0, at), key.slice(at + 1)];
}
