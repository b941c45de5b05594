/**
 * The Configuration Server of one site: it serves one revision of the configuration, lets people in, and tells
 * whoever has subscribed what changes. It needs nobody else to do so: with the other site dead, agents log in
 * here as before (the revision and the token keys are the same at both sites).
 *
 *     Open ──▶ LogIn, LogInByToken ──▶ the desk's configuration and a token
 *         └──▶ ReadAll (servers, which show that they hold the secret), Read ──▶ objects, later Changed
 *
 * Checking a password is slow on purpose, so it is an effect whose result comes back as an input; checking a
 * token is fast, so that half of all agents can come at once when a site has died.
 */
import { type Changes, type Configuration, changesBetween, siteOf } from '@holdfast/centre';
import {
  freshLink,
  HEARD,
  type LinkHealth,
  type LinkHealthEvent,
  type LinkHealthOptions,
  linkDeadline,
  stepLink,
} from '@holdfast/continuity';
import { Deadlines, type LogLine, type Millis, type Node, unreachable } from '@holdfast/kernel';
import {
  type Application,
  type ConfigReply,
  type ConfigRequest,
  type Entry,
  type ErrorCode,
  nameOf,
  PROTOCOL_VERSION,
  type Revision,
} from '@holdfast/protocol';
import { ServerClients, serverRefused, WRONG_SECRET } from '../server-clients.ts';
import { secretOfKeys } from '../server-proof.ts';
import type { ConfigServerEffect, ConfigServerInput, ConfigServerOptions } from './config-server-types.ts';
import { Editing, type EditingRequest } from './editing.ts';
import {
  type LogInByTokenMessage,
  type LogInMessage,
  type LogInResult,
  LogIns,
  refusalOfSession,
  type Session,
} from './log-in.ts';
import { type Open, openingOf, type Shown } from './opening.ts';
import { SUBSCRIPTIONS_MAX, type Subscription, Subscriptions } from './subscriptions.ts';
import { allVisibleTo, changesVisibleTo, type Viewer } from './visible-objects.ts';

/** A connection that has not said what it is by then is closed. */
export const OPEN_MAX_MS = 10_000;

interface Client {
  application?: Application;
  viewer?: Viewer;
  session?: Session;
  addp: LinkHealthOptions;
  health: LinkHealth;
  readonly subscriptions: Subscriptions;
}

type Answerable = Exclude<ConfigRequest, { type: 'Ping' | 'Pong' }>;

export class ConfigServerNode implements Node<ConfigServerInput, ConfigServerEffect> {
  readonly #options: ConfigServerOptions;
  #configuration: Configuration;
  #wallOffsetMs: Millis;
  readonly #clients = new Map<string, Client>();
  readonly #deadlines = new Deadlines<string>();
  readonly #logIns: LogIns;
  readonly #servers: ServerClients<Open>;
  readonly #editing: Editing;
  #effects: ConfigServerEffect[] = [];

  constructor(options: ConfigServerOptions) {
    this.#options = options;
    this.#configuration = options.configuration;
    this.#wallOffsetMs = options.wallOffsetMs;
    this.#logIns = new LogIns(options);
    const { hashes, random } = options;
    const secret = () => secretOfKeys(this.#configuration.all('Keys')[0]);
    this.#servers = new ServerClients({ link: 'configuration', hashes, random, secret });
    this.#editing = new Editing(options, {
      configuration: () => this.#configuration,
      took: (now, next, changes, entries) => this.#take(now, next, changes, entries),
      wall: (now) => now + this.#wallOffsetMs,
      emit: (effect) => void this.#effects.push(effect),
      reply: (connection, message) => this.#send(connection, message),
      log: ({ level, what, ...more }) => this.#log(level, what, more),
    });
    this.#configuration = this.#editing.served;
  }

  /** The main line, whatever a branch of this site has on top of it. */
  get main(): { readonly configuration: Configuration; readonly recent: readonly Entry[] } {
    return this.#editing.main;
  }

  get configuration(): Configuration {
    return this.#configuration;
  }

  /** As the store numbers it; none without a store. */
  get stored(): Revision | undefined {
    return this.#editing.revision;
  }

  handle(now: Millis, input: ConfigServerInput): ConfigServerEffect[] {
    switch (input.type) {
      case 'configuration':
        this.#configure(now, input);
        break;
      case 'opened':
        this.#clients.set(input.connection, {
          addp: addpOf(OPEN_MAX_MS, ''),
          health: freshLink(now),
          subscriptions: new Subscriptions(),
        });
        this.#deadlines.set(input.connection, now + OPEN_MAX_MS);
        break;
      case 'message':
        this.#message(now, input.connection, input.message);
        break;
      case 'closed':
        this.#forget(now, input.connection);
        break;
      case 'passwordVerified':
        this.#passwordVerified(now, input.id, input.ok);
        this.#checkNext();
        break;
      case 'stored':
        this.#editing.stored(now, input.id, input.answer);
        break;
      case 'branchKept':
        this.#editing.branchKept(now, input.answer);
        break;
      case 'passedOn':
        this.#editing.passedOn(input.id, input.reply);
        break;
      case 'notPassedOn':
        this.#editing.notPassedOn(input.id, input);
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
    const next = this.#deadlines.next();
    const ofStore = this.#editing.nextDeadline();
    if (next === undefined || ofStore === undefined) return next ?? ofStore;
    return Math.min(next, ofStore);
  }

  expire(now: Millis): ConfigServerEffect[] {
    this.#editing.expire(now);
    for (let due = this.#deadlines.takeDue(now); due !== undefined; due = this.#deadlines.takeDue(now)) {
      const client = this.#clients.get(due);
      if (client === undefined) continue;
      if (client.application === undefined) this.#close(now, due, `no Open within ${OPEN_MAX_MS} ms`);
      else this.#stepHealth(now, due, client, { type: 'expire' });
    }
    return this.#takeEffects();
  }

  #takeEffects(): ConfigServerEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #configure(now: Millis, input: Extract<ConfigServerInput, { type: 'configuration' }>): void {
    const { configuration, entries = [] } = input;
    const before = this.#configuration;
    if (configuration.revision === before.revision) return;
    const changes = input.changes ?? changesBetween(before.objects, configuration.objects);
    this.#take(now, configuration, changes, entries);
  }

  #take(now: Millis, configuration: Configuration, changes: Changes, entries: readonly Entry[]): void {
    const before = this.#configuration;
    this.#configuration = configuration;
    this.#log('info', 'configuration changed', {
      detail: { from: before.revision, to: configuration.revision, objects: configuration.objects.length },
    });
    this.#endRevoked(now);
    // What one kind of viewer sees is compared once, not once for each client.
    const seenBy = new Map<Viewer, Changes>();
    for (const [connection, { viewer, subscriptions }] of this.#clients) {
      if (viewer === undefined || subscriptions.size === 0) continue;
      let seen = seenBy.get(viewer);
      if (seen === undefined) {
        seen = changesVisibleTo(viewer, before, changes);
        seenBy.set(viewer, seen);
      }
      const { changed, deleted } = subscriptions.concerned(seen);
      // Also without any object of interest: the client learns which revision is served.
      const { revision } = configuration;
      this.#send(connection, {
        ...{ type: 'Changed', revision, objects: [...changed], deleted: [...deleted] },
        // CX3: whoever keeps a copy keeps what it came from.
        ...(viewer === 'config' && entries.length > 0 ? { entries: [...entries] } : {}),
      });
    }
  }

  /** ID3: who is in by a token that counts no more. */
  #endRevoked(now: Millis): void {
    for (const [connection, { session }] of this.#clients) {
      const ended = session && refusalOfSession(this.#configuration, session);
      if (session === undefined || ended === undefined) continue;
      const { code, text } = ended;
      this.#send(connection, { type: 'Error', code, text });
      this.#log('info', 'session ended', { agent: session.person, because: `${code}: ${text}` });
      this.#close(now, connection, text);
    }
  }

  #message(now: Millis, connection: string, message: ConfigRequest): void {
    const client = this.#clients.get(connection);
    if (client === undefined) return;
    this.#stepHealth(now, connection, client, HEARD);
    if (message.type === 'Pong') return;
    if (message.type === 'Ping') return this.#send(connection, { type: 'Pong', n: message.n });
    if (message.type === 'Open') return this.#asked(now, connection, client, message);
    if (message.type === 'Proof') return this.#shown(now, connection, client, message);
    const { application } = client;
    if (application === undefined)
      return this.#refuse(connection, message, 'wrong-state', 'Not opened yet: send Open first.');
    switch (message.type) {
      case 'LogIn':
        return this.#logIn(now, connection, message);
      case 'LogInByToken':
        return this.#answerLogIn(
          connection,
          client,
          message,
          this.#logIns.byToken(now + this.#wallOffsetMs, this.#configuration, application, message),
        );
      case 'Edit':
      case 'Restore':
      case 'History':
      case 'Conflicts':
      case 'Resolve':
      case 'HandBack':
        return this.#edit(now, connection, client, message);
      case 'ReadAll':
        return this.#readAll(connection, client, message);
      case 'Read':
        return this.#read(connection, client, message);
      default:
        unreachable(message);
    }
  }

  #asked(now: Millis, connection: string, client: Client, message: Open): void {
    if (client.application !== undefined) {
      const text = `Already open as "${client.application.name}".`;
      return this.#refuse(connection, message, 'wrong-state', text);
    }
    this.#open(now, connection, client, message, 'nothing');
  }

  /** LK1. */
  #shown(
    now: Millis,
    connection: string,
    client: Client,
    message: Extract<ConfigRequest, { type: 'Proof' }>,
  ): void {
    const shown = this.#servers.shown(connection, message.proof);
    if (shown === undefined) return this.#refuseServer(now, connection, message, WRONG_SECRET);
    const { request, proof } = shown;
    this.#open(now, connection, client, request, proof === undefined ? 'wrong' : 'secret', proof);
  }

  #open(now: Millis, connection: string, client: Client, message: Open, shown: Shown, proof?: string): void {
    const opening = openingOf(this.#configuration, message, shown);
    if (opening.name === 'challenged') {
      const own = { application: this.#options.application, site: this.#site() };
      return this.#send(connection, this.#servers.challenge(connection, opening.request, own));
    }
    if (opening.name === 'refused') {
      const { code, text } = opening;
      if (opening.isFinal === true) return this.#refuseServer(now, connection, message, text, code);
      return this.#refuse(connection, message, code, text, opening);
    }
    client.application = opening.application;
    client.viewer = opening.viewer;
    client.addp = addpOf(message.addpTimeoutMs, message.application);
    client.health = freshLink(now);
    this.#deadlines.set(connection, now + message.addpTimeoutMs);
    this.#send(connection, {
      type: 'Opened',
      ReferenceID: message.ReferenceID,
      application: opening.application.name,
      site: this.#site(),
      version: PROTOCOL_VERSION,
      revision: this.#configuration.revision,
      ...(proof === undefined ? {} : { proof }),
    });
  }

  #refuseServer(
    now: Millis,
    connection: string,
    message: Answerable,
    text: string,
    code: ErrorCode = 'not-allowed',
  ): void {
    this.#refuse(connection, message, code, text);
    const line = { ...serverRefused(text), site: this.#site() };
    this.#effects.push({ type: 'log', line, sender: connection });
    this.#close(now, connection, text);
  }

  #site(): string {
    const own = this.#configuration.get('Application', this.#options.application);
    return (own === undefined ? undefined : siteOf(own)) ?? '';
  }

  #logIn(now: Millis, connection: string, message: LogInMessage): void {
    const refused = this.#logIns.begin(now, connection, message);
    if (refused !== undefined) return this.#refuse(connection, message, refused.code, refused.text, refused);
    this.#checkNext();
  }

  #checkNext(): void {
    for (let next = this.#logIns.takeNext(); next !== undefined; next = this.#logIns.takeNext()) {
      const { user, password } = next.message;
      const hash = this.#configuration.get('Person', user)?.passwordHash;
      this.#effects.push({
        type: 'verifyPassword',
        id: next.id,
        ...(hash === undefined ? {} : { hash }),
        password,
      });
    }
  }

  #passwordVerified(now: Millis, id: number, ok: boolean): void {
    const verified = this.#logIns.verified(now, id, ok);
    if (verified === undefined) return;
    const { connection, message } = verified;
    if (!ok)
      this.#log('warn', 'log-in refused', { agent: message.user, because: 'wrong user name or password' });
    const client = this.#clients.get(connection);
    if (client?.application === undefined) return;
    // One answer for both mistakes, so that nobody learns which names exist.
    if (!ok)
      return this.#refuse(connection, message, 'wrong-password', 'The user name or the password is wrong.');
    const wall = now + this.#wallOffsetMs;
    const result = this.#logIns.byPassword(wall, this.#configuration, client.application, message);
    this.#answerLogIn(connection, client, message, result);
  }

  #answerLogIn(
    connection: string,
    client: Client,
    message: LogInMessage | LogInByTokenMessage,
    result: LogInResult,
  ): void {
    if (!result.ok) {
      const because = `${result.code}: ${result.text}`;
      this.#log('warn', 'log-in refused', { because, ...('user' in message ? { agent: message.user } : {}) });
      return this.#refuse(connection, message, result.code, result.text, result);
    }
    client.session = result.session;
    const { place, preferredSite } = result.reply.configuration;
    this.#log('info', 'person logged in', {
      agent: result.session.person,
      because: message.type === 'LogIn' ? 'password' : 'token',
      detail: { place, preferredSite: preferredSite ?? null },
    });
    this.#send(connection, result.reply);
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
    if (viewer === undefined || (viewer === 'person' && client.session === undefined))
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
    if (client.subscriptions.add(subscription)) return true;
    const text = `More than ${SUBSCRIPTIONS_MAX} subscriptions. Subscribe to types, not to single objects.`;
    this.#refuse(connection, message, 'overloaded', text);
    return false;
  }

  #edit(now: Millis, connection: string, client: Client, message: EditingRequest): void {
    const { viewer = 'person', session, application } = client;
    const person = session?.person;
    this.#editing.asked(now, { connection, viewer, application: application?.name ?? '', person }, message);
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
    const { state, effects } = stepLink(client.health, event, client.addp, now);
    client.health = state;
    for (const effect of effects) {
      if (effect.type === 'sendPing') this.#send(connection, { type: 'Ping', n: effect.n });
      else this.#close(now, connection, effect.because.text);
    }
    const at = linkDeadline(state, client.addp);
    // Whoever has not said what it is gains no time by talking.
    if (at !== undefined && client.application !== undefined) this.#deadlines.set(connection, at);
  }

  #refuse(
    connection: string,
    message: Answerable,
    code: ErrorCode,
    text: string,
    { field, retryAfterMs }: { readonly field?: string; readonly retryAfterMs?: number } = {},
  ): void {
    const { ReferenceID } = message;
    const more = {
      ...(field === undefined ? {} : { field }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
    this.#send(connection, { type: 'Error', ReferenceID, code, text, ...more });
  }

  #send(connection: string, message: ConfigReply): void {
    this.#effects.push({ type: 'send', connection, message });
  }

  #close(now: Millis, connection: string, why: string): void {
    this.#effects.push({ type: 'close', connection, why });
    this.#forget(now, connection);
  }

  #forget(now: Millis, connection: string): void {
    this.#logIns.abandon(now, connection);
    this.#servers.gone(connection);
    this.#clients.delete(connection);
    this.#deadlines.clear(connection);
  }

  #log(level: LogLine['level'], what: string, more: Omit<LogLine, 'level' | 'what'>): void {
    this.#effects.push({ type: 'log', line: { level, what, site: this.#site(), ...more } });
  }
}

function addpOf(timeoutMs: Millis, source: string): LinkHealthOptions {
  const option = { name: 'addp timeout', value: `${timeoutMs} ms`, source };
  return { timeoutMs: { value: timeoutMs, option } };
}
