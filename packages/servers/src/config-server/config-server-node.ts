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
import { type LogLine, type Millis, type Node, unreachable } from '@holdfast/kernel';
import {
  type ConfigReply,
  type ConfigRequest,
  type Entry,
  type ErrorCode,
  PROTOCOL_VERSION,
  type Revision,
} from '@holdfast/protocol';
import { ServerClients, serverRefused, WRONG_SECRET } from '../server-clients.ts';
import { secretOfKeys } from '../server-proof.ts';
import { ClientHealth } from '../sip-server/client-health.ts';
import { type Client, freshClient, originOf } from './config-client.ts';
import type { ConfigServerEffect, ConfigServerInput, ConfigServerOptions } from './config-server-types.ts';
import { DeskNews } from './desk-news.ts';
import { Editing, type EditingRequest, type EditorStanding, isEditingRequest } from './editing.ts';
import { FullReading } from './full-reading.ts';
import type { LogStanding } from './log-check.ts';
import {
  type LogInByTokenMessage,
  type LogInMessage,
  type LogInResult,
  LogIns,
  refusalOfSession,
  type Verification,
} from './log-in.ts';
import { type Open, openingOf, type Shown } from './opening.ts';
import { readObjects } from './reading.ts';
import { isSameConfiguration } from './revision-of.ts';
import { SecretChanges } from './secret-changes.ts';
import { SUBSCRIPTIONS_MAX, type Subscription, subscribersNews } from './subscriptions.ts';

type Answerable = Exclude<ConfigRequest, { type: 'Ping' | 'Pong' }>;

export class ConfigServerNode implements Node<ConfigServerInput, ConfigServerEffect> {
  readonly #options: ConfigServerOptions;
  #configuration: Configuration;
  #wallOffsetMs: Millis;
  readonly #clients = new Map<string, Client>();
  readonly #health: ClientHealth;
  readonly #logIns: LogIns;
  readonly #secrets: SecretChanges;
  readonly #servers: ServerClients<Open>;
  readonly #editing: Editing;
  readonly #desks: DeskNews;
  readonly #reading: FullReading;
  #effects: ConfigServerEffect[] = [];

  constructor(options: ConfigServerOptions) {
    this.#options = options;
    this.#configuration = options.configuration;
    this.#wallOffsetMs = options.wallOffsetMs;
    this.#logIns = new LogIns(options);
    const { hashes, random } = options;
    const secret = () => secretOfKeys(this.#configuration.all('Keys')[0]);
    this.#servers = new ServerClients({ link: 'configuration', hashes, random, secret });
    this.#health = new ClientHealth({
      greeting: 'Open',
      ping: (connection, n) => this.#send(connection, { type: 'Ping', n }),
      lost: (connection, why, now) => this.#close(now, connection, why),
    });
    this.#reading = new FullReading({
      application: options.application,
      configuration: () => this.#configuration,
      entriesSince: (revision) => this.#editing.entriesSince(revision),
      viewerOf: (connection) => this.#clients.get(connection)?.viewer,
      subscribe: (connection, message) => {
        const client = this.#clients.get(connection);
        return client !== undefined && this.#subscribe(connection, client, message, {});
      },
      send: (connection, message) => this.#send(connection, message),
    });
    const common = {
      configuration: () => this.#configuration,
      wall: (now: Millis) => now + this.#wallOffsetMs,
      emit: (effect: ConfigServerEffect) => void this.#effects.push(effect),
    };
    this.#editing = new Editing(options, {
      ...common,
      took: (now, next, changes, entries) => this.#take(now, next, changes, entries),
      reply: (connection, message) => this.#send(connection, message),
      log: ({ level, what, ...more }) => this.#log(level, what, more),
    });
    this.#desks = new DeskNews(hashes, {
      send: (connection, message) => this.#send(connection, message),
      notMade: (because, desks) =>
        this.#log('warn', 'desk configuration not made', { because, detail: { desks } }),
    });
    this.#secrets = new SecretChanges({
      ...{ ...common, editing: this.#editing },
      originOf: (connection) => originOf(this.#clients.get(connection)),
      refuse: (connection, message, code, text) => this.#refuse(connection, message, code, text),
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

  /** What becomes of edits here. */
  get standing(): EditorStanding {
    return this.#editing.standing;
  }

  /** AU1: of the log in the store. */
  get logStanding(): LogStanding {
    return this.#editing.logStanding;
  }

  /** For how long the store, where it has one, has not said whether there is a newer configuration. */
  ageMs(now: Millis): Millis {
    return this.#editing.ageMs(now);
  }

  handle(now: Millis, input: ConfigServerInput): ConfigServerEffect[] {
    switch (input.type) {
      case 'configuration':
        this.#configure(now, input);
        break;
      case 'opened':
        this.#opened(now, input);
        break;
      case 'message':
        this.#message(now, input.connection, input.message);
        break;
      case 'closed':
        this.#forget(now, input.connection);
        break;
      case 'passwordVerified':
        this.#passwordVerified(now, input.id, input.ok);
        this.#effects.push(...this.#logIns.takeChecks(this.#configuration));
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
        this.#editing.notPassedOn(now, input.id, input);
        break;
      case 'passwordHashed':
        this.#secrets.hashed(now, input.id, input.hash);
        break;
      case 'keysMade':
        this.#secrets.made(now, input.id, input.fresh);
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
    const all = [
      this.#health.nextDeadline(),
      this.#editing.nextDeadline(),
      this.#desks.nextDeadline(),
      this.#reading.nextDeadline(),
    ];
    const known = all.filter((at) => at !== undefined);
    return known.length === 0 ? undefined : Math.min(...known);
  }

  expire(now: Millis): ConfigServerEffect[] {
    this.#editing.expire(now);
    this.#desks.expire(now, this.#configuration);
    this.#reading.expire(now);
    this.#health.expire(now);
    return this.#takeEffects();
  }

  #takeEffects(): ConfigServerEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #opened(now: Millis, input: Extract<ConfigServerInput, { type: 'opened' }>): void {
    const { connection, from } = input;
    const fresh = freshClient(input);
    const own = this.#configuration.get('Application', this.#options.application);
    if (from !== undefined && own !== undefined)
      return void this.#clients.set(connection, { ...fresh, application: own, viewer: 'person' });
    this.#clients.set(connection, fresh);
    this.#health.opened(now, connection);
  }

  #configure(now: Millis, input: Extract<ConfigServerInput, { type: 'configuration' }>): void {
    const { configuration, entries = [] } = input;
    const before = this.#configuration;
    if (isSameConfiguration(configuration, before)) return;
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
    for (const [connection, message] of subscribersNews(
      this.#clients,
      before,
      configuration,
      changes,
      entries,
    ))
      this.#send(connection, message);
    this.#desks.changed(now, before, configuration, changes);
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
    this.#health.heard(now, connection);
    if (message.type === 'Pong') return this.#reading.answered(now, connection);
    if (message.type === 'Ping') return this.#send(connection, { type: 'Pong', n: message.n });
    if (message.type === 'Open') return this.#asked(now, connection, client, message);
    if (message.type === 'Proof') return this.#shown(now, connection, client, message);
    const { application } = client;
    if (application === undefined)
      return this.#refuse(connection, message, 'wrong-state', 'Not opened yet: send Open first.');
    if (isEditingRequest(message)) return this.#edit(now, connection, client, message);
    switch (message.type) {
      case 'LogIn':
      case 'SetPassword':
        return this.#logIn(now, connection, message);
      case 'LogInByToken': {
        const wall = now + this.#wallOffsetMs;
        const result = this.#logIns.byToken(wall, this.#configuration, application, message);
        return this.#answerLogIn(connection, client, message, result);
      }
      case 'Unlock': {
        const refused = this.#logIns.unlock(now, this.#configuration, client.session, message.user);
        if (refused !== undefined) return this.#refuse(connection, message, refused.code, refused.text);
        this.#log('info', 'person unlocked', { agent: message.user, because: client.session?.person ?? '' });
        return this.#send(connection, { type: 'Unlocked', ReferenceID: message.ReferenceID });
      }
      case 'RotateKeys':
      case 'ResetPassword':
      case 'Revoke':
        return this.#secrets.asked(now, connection, client.session?.person, message);
      case 'ReadAll':
        return this.#reading.asked(now, connection, message);
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
    const { addpTimeoutMs: timeoutMs, application } = message;
    this.#health.greeted(now, connection, { timeoutMs, application });
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

  #logIn(now: Millis, connection: string, message: Verification['message']): void {
    const refused = this.#logIns.begin(now, connection, message);
    if (refused !== undefined) return this.#refuse(connection, message, refused.code, refused.text, refused);
    this.#effects.push(...this.#logIns.takeChecks(this.#configuration));
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
    if (message.type === 'SetPassword') return this.#secrets.setPassword(connection, message);
    const how = { application: client.application, canBeSet: this.#editing.canEdit(now) };
    const wall = now + this.#wallOffsetMs;
    const result = this.#logIns.byPassword(wall, this.#configuration, how, message);
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
    const { person } = result.session;
    const { configuration } = result.reply;
    if (configuration !== undefined) {
      const { name: application = '' } = client.application ?? {};
      this.#desks.entered(connection, { person, application, places: message.places ?? [] }, configuration);
    }
    const { place, preferredSite } = configuration ?? {};
    this.#log('info', 'person logged in', {
      agent: result.session.person,
      because: message.type === 'LogIn' ? 'password' : 'token',
      detail: { place: place ?? null, preferredSite: preferredSite ?? null },
    });
    this.#send(connection, result.reply);
  }

  #read(connection: string, client: Client, message: Extract<ConfigRequest, { type: 'Read' }>): void {
    const { viewer } = client;
    if (viewer === undefined || (viewer === 'person' && client.session === undefined))
      return this.#refuse(connection, message, 'not-allowed', 'Log in first.');
    const { objectType, name } = message;
    if (message.subscribe && !this.#subscribe(connection, client, message, { objectType, name })) return;
    if (message.onlyChanges === true) return this.#sendObjects(connection, message, []);
    const read = readObjects(this.#configuration, { viewer, person: client.session?.person }, message);
    if (!read.ok) return this.#refuse(connection, message, read.code, read.text);
    this.#sendObjects(connection, message, read.objects);
  }

  #subscribe(connection: string, client: Client, message: Answerable, subscription: Subscription): boolean {
    if (client.subscriptions.add(subscription)) return true;
    const text = `More than ${SUBSCRIPTIONS_MAX} subscriptions. Subscribe to types, not to single objects.`;
    this.#refuse(connection, message, 'overloaded', text);
    return false;
  }

  #edit(now: Millis, connection: string, client: Client, message: EditingRequest): void {
    const { viewer = 'person', session } = client;
    const from = originOf(client);
    this.#editing.asked(now, { connection, viewer, from, person: session?.person }, message);
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
    this.#secrets.forget(connection);
    this.#desks.left(connection);
    this.#servers.gone(connection);
    this.#editing.gone(connection);
    this.#clients.delete(connection);
    this.#reading.gone(now, connection);
    this.#health.closed(connection);
  }

  #log(level: LogLine['level'], what: string, more: Omit<LogLine, 'level' | 'what'>): void {
    this.#effects.push({ type: 'log', line: { level, what, site: this.#site(), ...more } });
  }
}
