/**
 * The SIP Server of one site as one node: phones register, calls come and wait and are answered, agents log in,
 * clients watch. It only joins its parts; each part is a file of its own:
 *
 *     phones, trunks ── SipUserAgent ──┬── Registrations ── phone in service ──┐
 *                                      └── CallControl ──── calls and legs ────┤
 *     desks ── Clients ── DeskRequests ── who may ask ── SiteLease ────────────┴──▶ Centre ──▶ EventLog ──▶ Clients
 *
 * A fact found while one input is handled (a leg failed at once, a phone was lost) is put in line and handled
 * after it, so that no part is entered while it is at work.
 */
import { Centre, type CentreEffect, type CentreInput } from '@holdfast/centre';
import { SiteLease } from '@holdfast/continuity';
import { type LogLine, type Millis, must, type Node, unreachable } from '@holdfast/kernel';
import type { DeskRequest } from '@holdfast/protocol';
import { DEFAULT_LIMITS, LEGS_MAX, type SipUserAgent, type UserAgentEvent } from '@holdfast/sip';
import { ServerClients } from '../server-clients.ts';
import { CALLS_MAX, CallControl } from './call-control.ts';
import { ClientHealth } from './client-health.ts';
import { Clients } from './clients.ts';
import type { SipServerConfiguration } from './configuration.ts';
import { DeskRequests, type RegisterClient } from './desk-requests.ts';
import type { SipServerEffect, SipServerInput } from './effects.ts';
import { EventLog, type LogEntry } from './event-log.ts';
import { LeasedLogins } from './leased-logins.ts';
import { type OwnAlarm, OwnAlarms } from './own-alarms.ts';
import { answerOutsideCalls, ownUserAgent } from './own-user-agent.ts';
import { PeerSide } from './peer-side.ts';
import { PhoneWatch, type Seen } from './phone-watch.ts';
import { type PhoneContact, Registrations } from './registrations.ts';
import { ShutdownProgressTeller } from './shutdown-progress.ts';
import type { SipServerOptions } from './sip-server-options.ts';
import { EVENTS_MIRRORED, type HeldSite, type SiteChanges, type SiteHolding } from './site-changes.ts';
import { SiteRecords } from './site-records.ts';

export type { SipServerOptions } from './sip-server-options.ts';

export class SipServerNode implements Node<SipServerInput, SipServerEffect> {
  readonly #userAgent: SipUserAgent;
  readonly #registrations: Registrations;
  readonly #calls: CallControl;
  readonly #centre = new Centre();
  readonly #shutdown: ShutdownProgressTeller;
  readonly #clients: Clients;
  readonly #alarms: OwnAlarms;
  readonly #records: SiteRecords;
  /** Entries since the changes were last taken. */
  #appended: LogEntry[] = [];
  readonly #requests: DeskRequests;
  readonly #lease: SiteLease;
  readonly #log: EventLog;
  readonly #health: ClientHealth;
  readonly #phoneWatch: PhoneWatch;
  readonly #peer: PeerSide;
  readonly #logins: LeasedLogins;
  readonly #isFollowed: boolean;
  /** PR10: the members of the pair have addresses of their own. */
  readonly #hasOwnAddress: boolean;
  readonly #servers: ServerClients<RegisterClient>;
  #configuration: SipServerConfiguration;
  #wallOffsetMs: Millis;
  #stampAt: Millis;
  #effects: SipServerEffect[] = [];
  readonly #facts: CentreInput[] = [];
  readonly #heard: UserAgentEvent[] = [];

  constructor(options: SipServerOptions) {
    this.#isFollowed = options.isFollowed === true;
    this.#hasOwnAddress = options.sipName !== undefined;
    this.#configuration = options.configuration;
    this.#wallOffsetMs = options.wallOffsetMs;
    const epoch = options.epoch ?? Math.floor(options.now + options.wallOffsetMs);
    this.#log = new EventLog(epoch, options.logEntriesMax);
    this.#lease = new SiteLease({ pairEpoch: epoch, lengthMs: options.configuration.leaseLengthMs });
    this.#logins = new LeasedLogins(this.#centre, this.#lease);
    this.#userAgent = ownUserAgent(options, {
      sessionTimer: () => this.#configuration.sessionTimer,
      registrations: () => this.#registrations,
      calls: () => this.#calls,
    });
    const emit = (effect: SipServerEffect) => void this.#effects.push(effect);
    const tell = (input: CentreInput) => void this.#facts.push(input);
    const logBudgeted = (line: LogLine, sender: string) =>
      emit({ type: 'log', line: { ...line, site: this.#configuration.site }, sender });
    // Whole ms: nonces and tokens are written with it.
    const wall = (now: Millis) => Math.floor(now + this.#wallOffsetMs);
    this.#clients = new Clients(this.#log, emit, (connection) => this.#peer.pool.forget(connection));
    this.#alarms = new OwnAlarms({ clients: this.#clients, wall, about: () => this.#configuration });
    this.#health = new ClientHealth({
      greeting: 'RegisterClient',
      ping: (connection, n) => this.#clients.send(connection, { type: 'Ping', n }),
      lost: (connection, why) => {
        emit({ type: 'close', connection, why });
        this.#clients.drop(connection);
      },
    });
    this.#registrations = new Registrations({
      ...{ hashes: options.hashes, random: options.random, maker: epoch.toString(36), wall, tell },
      reached: (dn, target) => {
        this.#calls.reached(dn, target);
        this.#peer.phoneCame(dn);
      },
      isLetGo: (dn) => this.#centre.isLetGo(dn),
      refused: logBudgeted,
      probeCredentials: options.probe?.credentials,
    });
    this.#phoneWatch = this.#makePhoneWatch(options);
    this.#calls = new CallControl({
      ...{ userAgent: this.#userAgent, random: options.random, hashes: options.hashes, wall, tell, emit },
      callsMax: options.callsMax ?? CALLS_MAX,
      contactsOf: (dn) => this.#registrations.contactsOf(dn),
      contactFailed: (now, dn, contact) => this.#contactFailed(now, dn, contact),
      phoneCalled: (asked, dn, outcome) => this.#requests.callRequests.phoneCalled(asked, dn, outcome),
      authenticate: (now, request, source) => this.#registrations.authenticate(now, request, source),
      isShuttingDown: () => this.#centre.isShuttingDown,
      hasAgent: (dn) => this.#centre.loginOn(dn) !== undefined,
      waitedElsewhere: (now, ani, dnis) => this.#peer.calls.redialled.take(now, ani, dnis),
      awaitsOtherSite: (now, leg) => this.#peer.calls.awaits(now, leg),
      hangsUp: (now, leg) => this.#peer.calls.hangsUp(now, leg),
      whoIsThere: (dn) => this.#peer.site.whoIsOn(dn),
      run: (output) => this.#run(output),
    });
    this.#shutdown = new ShutdownProgressTeller({
      ...{ centre: this.#centre, clients: this.#clients, calls: this.#calls, emit },
      ...{ registrations: this.#registrations, site: () => this.#configuration.site },
    });
    this.#peer = this.#makePeer(options);
    const { hashes, random, serverSecret: secret } = options;
    this.#servers = new ServerClients({ link: 'client', hashes, random, secret: () => secret });
    this.#requests = new DeskRequests({
      ...{ clients: this.#clients, calls: this.#calls, lease: this.#lease, log: this.#log },
      ...{ centre: this.#centre, peer: this.#peer.site, pool: this.#peer.pool, alarms: this.#alarms },
      verifyToken: options.verifyToken,
      servers: this.#servers,
      ...{ wall, tell, logBudgeted },
      close: (connection, why) => emit({ type: 'close', connection, why }),
      isShuttingDown: () => this.#centre.isShuttingDown,
      agentOn: (dn) => this.#centre.loginOn(dn),
      snapshot: (dn, now) => must(this.#centre.dnSnapshot(dn, now), 'the DN was looked up before'),
      snapshots: (now) => ({ dns: this.#centre.allSnapshots(now), queues: this.#centre.queueSnapshots(now) }),
      siteSeen: (now, connection, site, isUp) => this.#peer.seen(now, connection, { site, isUp }),
      ...{ mediaAddress: options.sentBy('UDP').host, offerRole: options.offerRole },
    });
    this.#records = new SiteRecords({ ...this.parts, requests: this.#requests, userAgent: this.#userAgent });
    this.#stampAt = options.now + options.configuration.stampEveryMs;
    this.#configure(options.now, options.configuration);
  }

  readonly #write = (line: LogLine): void =>
    void this.#effects.push({ type: 'log', line: { ...line, site: this.#configuration.site } });

  #makePeer({ random, hashes, serverSecret: secret, heldPeer: held }: SipServerOptions): PeerSide {
    return new PeerSide({
      ...{ random, hashes, secret, held, log: this.#write, registrations: this.#registrations },
      ...{ centre: this.#centre, calls: this.#calls, userAgent: this.#userAgent },
      logins: () => this.#requests.logins,
      configuration: () => this.#configuration,
      send: (connection, reply) => this.#clients.send(connection, reply),
      emit: (effect) => void this.#effects.push(effect),
      tell: (input) => void this.#facts.push(input),
      run: (output) => this.#run(output),
      perform: (now, effects) => this.#perform(now, effects),
      alarm: (now, alarm) => this.#alarms.tell(now, alarm),
    });
  }

  #makePhoneWatch({ random, now }: SipServerOptions): PhoneWatch {
    return new PhoneWatch(
      {
        ...{ userAgent: this.#userAgent, random },
        registered: () => this.#registrations.registered(),
        contactsOf: (dn) => this.#registrations.contactsOf(dn),
        run: (output) => this.#run(output),
        isPhone: (source) => this.#registrations.isPhone(source),
      },
      now,
    );
  }

  /** What this input has changed, for followers (`isFollowed`); what is not taken piles up. */
  takeChanges(now: Millis): SiteChanges {
    const events = this.#appended;
    this.#appended = [];
    return { ...this.#records.takeChanges(now), events, position: this.#log.position };
  }

  /** For a follower that begins with `holding`. */
  forgetChanges(): void {
    this.#records.forgetChanges();
    this.#appended = [];
  }

  /** Everything, for a follower that has nothing. */
  holding(now: Millis): SiteHolding {
    const { positions } = this.#log;
    return { records: this.#records.all(now), events: this.#log.tail(EVENTS_MIRRORED), positions };
  }

  /** SS50: goes on with what another server held. Once, before any other input. */
  takeOver(now: Millis, held: HeldSite): SipServerEffect[] {
    this.#log.branch({ positions: held.positions, entries: held.events });
    const { leaseLengthMs } = this.#configuration;
    const { effects, unread } = this.#records.load(now, held.records, leaseLengthMs, (output) =>
      this.#run(output),
    );
    this.#logins.takeOver();
    this.#perform(now, effects);
    this.#requests.revocations.look();
    if (this.#hasOwnAddress) this.#tellEnds(now);
    for (const because of unread) this.#logLine('warn', 'leg not taken over', { because });
    return this.#finish(now);
  }

  /** PR10: each end of a standing call, and each phone that rings, learns where we are. As many requests as there are legs. */
  #tellEnds(now: Millis): void {
    for (const leg of [...this.#userAgent.legs()])
      if (this.#userAgent.legInfo(leg)?.state === 'established') this.#run(this.#userAgent.refresh(now, leg));
    this.#calls.ringAgain(now);
  }

  /** For checks and figures. */
  get parts() {
    return {
      ...{ centre: this.#centre, calls: this.#calls, registrations: this.#registrations },
      ...{ lease: this.#lease, clients: this.#clients, log: this.#log },
      peer: this.#peer.site,
      ...{
        adoption: this.#peer.calls.adoption,
        account: this.#peer.calls.account,
        strays: this.#peer.calls.strays,
        adoptions: this.#peer.calls.records,
      },
    };
  }

  /** How much is held at this moment; what belongs to calls is 0 when nobody calls. */
  sizes() {
    const { legs, sent, serving, asked } = this.#userAgent.sizes();
    return {
      ...this.#calls.sizes(),
      centre: this.#centre.callCount,
      userAgent: legs + sent + serving + asked,
      transactions: this.#userAgent.status().clientTransactions + this.#userAgent.status().serverTransactions,
      health: this.#health.size,
      ...this.#peer.sizes,
      ...this.#clients.sizes(),
    };
  }

  handle(now: Millis, input: SipServerInput): SipServerEffect[] {
    this.#input(now, input);
    return this.#finish(now);
  }

  /** GF4: may ask phones; what was seen of them, if that can be said. */
  lookAtPhones(now: Millis, silenceMs: Millis): { seen: Seen | undefined; effects: SipServerEffect[] } {
    const seen = this.#phoneWatch.look(now, { silenceMs, realm: this.#configuration.realm });
    return { seen, effects: this.#finish(now) };
  }

  alarm(now: Millis, alarm: OwnAlarm): SipServerEffect[] {
    this.#alarms.tell(now, alarm);
    return this.#finish(now);
  }

  #input(now: Millis, input: SipServerInput): void {
    switch (input.type) {
      case 'configuration':
        return this.#configure(now, input.configuration);
      case 'sip':
        this.#phoneWatch.heard(now, input.source);
        return this.#run(this.#userAgent.receive(now, input.message, input.source));
      case 'sipMalformed':
        return this.#run(this.#userAgent.receiveMalformed(now, input.failure, input.source));
      case 'sipFailed':
        if (input.flow !== undefined) {
          this.#registrations.flowFailed(now, input.flow);
          this.#calls.flowFailed(input.flow);
        }
        return this.#run(this.#userAgent.transportFailed(now, input));
      case 'lookedUp':
        // Both may have asked the same question.
        this.#calls.lookedUp(now, input.id, input.answer);
        return this.#run(this.#userAgent.lookedUp(now, input.id, input.answer));
      case 'peer':
        return this.#peer.handle(now, input);
      case 'opened':
        return this.#health.opened(now, input.connection);
      case 'message':
        return this.#message(now, input.connection, input.message);
      case 'closed':
        return this.#forget(input.connection);
      case 'treatmentReady':
        return this.#calls.treatmentReady(now, input.id, input.sdp);
      case 'treatmentFailed':
        this.#logLine('warn', 'treatment failed', { call: input.id, because: input.reason });
        return this.#calls.treatmentFailed(now, input.id);
      case 'load':
        return this.#calls.overload.measured(now, input.busy);
      case 'clockJumped':
        this.#wallOffsetMs = input.wallOffsetMs;
        this.#lease.clockJumped();
        return this.#logLine('warn', 'clock jumped', {
          because: 'LL6: the wall clock and the monotonic clock moved apart; all login leases end',
        });
      default:
        unreachable(input);
    }
  }

  nextDeadline(): Millis | undefined {
    // Asked after every message, so that it makes no lists.
    const never = Number.POSITIVE_INFINITY;
    let next = Math.min(this.#stampAt, this.#userAgent.nextDeadline() ?? never);
    next = Math.min(next, this.#calls.nextDeadline() ?? never, this.#centre.nextDeadline() ?? never);
    next = Math.min(next, this.#peer.nextDeadline() ?? never, this.#shutdown.nextDeadline() ?? never);
    next = Math.min(next, this.#registrations.nextDeadline() ?? never, this.#lease.nextDeadline() ?? never);
    return Math.min(next, this.#health.nextDeadline() ?? never, this.#requests.nextDeadline() ?? never);
  }

  expire(now: Millis): SipServerEffect[] {
    this.#run(this.#userAgent.expire(now));
    this.#registrations.expire(now);
    this.#calls.expire(now);
    this.#health.expire(now);
    this.#peer.expire(now);
    this.#requests.expire(now);
    this.#sendStamps(now);
    this.#tellLeases(now);
    this.#perform(now, this.#centre.expire(now));
    return this.#finish(now);
  }

  #configure(now: Millis, configuration: SipServerConfiguration): void {
    this.#configuration = configuration;
    this.#registrations.configure(configuration);
    this.#calls.configure(now, configuration);
    this.#requests.configure(configuration);
    this.#peer.configure(now, configuration);
    const { dns, site } = configuration;
    // At once, not in line: whoever asks for a DN next must find it.
    this.#perform(
      now,
      this.#centre.handle(now, { type: 'configured', configuration: { ...configuration.centre, site, dns } }),
    );
    this.#logLine('info', 'configured', { detail: { revision: configuration.revision, dns: dns.length } });
  }

  #message(now: Millis, connection: string, message: DeskRequest): void {
    if (message.type === 'RegisterClient') {
      const { addpTimeoutMs: timeoutMs, application } = message;
      this.#health.greeted(now, connection, { timeoutMs, application });
    }
    this.#health.heard(now, connection);
    this.#requests.handle(now, connection, message);
  }

  #forget(connection: string): void {
    this.#clients.drop(connection);
    this.#health.closed(connection);
    this.#servers.gone(connection);
    this.#peer.forget(connection);
  }

  /** A silence that may be our own doing says nothing about the phone. */
  #contactFailed(now: Millis, dn: string, contact: PhoneContact['registered']): void {
    if (this.#userAgent.sizes().legs >= LEGS_MAX) return;
    if (this.#userAgent.status().clientTransactions >= DEFAULT_LIMITS.clientTransactionsMax) return;
    this.#registrations.contactFailed(now, dn, contact);
    this.#logLine('warn', 'contact dropped', { because: `nobody answers at ${contact.contact}`, dn });
  }

  /** LL1: every 2 s to whoever is registered; the desk of the basic connection needs a fresh one to log in. */
  #sendStamps(now: Millis): void {
    if (now < this.#stampAt) return;
    this.#stampAt = now + this.#configuration.stampEveryMs;
    const message = { type: 'Stamp', stamp: this.#lease.stamp(now) } as const;
    for (const client of this.#clients.registered()) this.#clients.send(client.connection, message);
  }

  /** Performs what a user agent method answered: effects go out, events are put in line. */
  #run(output: ReturnType<SipUserAgent['receive']>): void {
    for (const effect of output.effects) this.#effects.push(effect);
    for (const event of output.events) this.#heard.push(event);
  }

  #finish(now: Millis): SipServerEffect[] {
    for (;;) {
      const event = this.#heard.shift();
      if (event !== undefined) {
        this.#onUserAgent(now, event);
        continue;
      }
      this.#tellLeases(now);
      const fact = this.#facts.shift();
      if (fact !== undefined) {
        this.#perform(now, this.#centre.handle(now, fact));
        continue;
      }
      const login = this.#logins.takeAdmitted();
      if (login !== undefined) {
        this.#peer.loggedIn(now, login);
        continue;
      }
      if (!this.#peer.goOn(now)) break;
    }
    this.#requests.revocations.close();
    this.#shutdown.look(now);
    if (!this.#isFollowed) this.forgetChanges();
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** LL2: before anything is decided, the centre knows which leases are live at this instant. */
  #tellLeases(now: Millis): void {
    const changes = this.#logins.takeChanges(now);
    if (changes.length > 0) this.#perform(now, this.#centre.handle(now, { type: 'routable', changes }));
  }

  #onUserAgent(now: Millis, event: UserAgentEvent): void {
    if (this.#peer.onUserAgent(now, event)) return;
    if (event.type === 'response') this.#phoneWatch.answered(now, event);
    if (event.type !== 'request') return this.#calls.onUserAgent(now, event);
    const { request, transaction, source } = event;
    const response =
      request.method === 'REGISTER'
        ? this.#registrations.register(now, request, source)
        : answerOutsideCalls(request, this.#centre.isShuttingDown);
    // Its address may be known only now.
    if (request.method === 'REGISTER') this.#phoneWatch.heard(now, source);
    this.#run(this.#userAgent.sendResponse(now, transaction, response));
  }

  #perform(now: Millis, effects: readonly CentreEffect[]): void {
    for (const effect of effects) this.#performOne(now, effect);
  }

  #performOne(now: Millis, effect: CentreEffect): void {
    switch (effect.type) {
      case 'event':
        return this.#publish(now, effect);
      case 'shuttingDown':
        return this.#shutdown.look(now);
      case 'ring':
      case 'withdraw':
      case 'treat':
      case 'park':
      case 'transferred':
      case 'transferFailed':
      case 'join':
      case 'release':
        return this.#calls.perform(now, effect);
      case 'refuse': {
        const { code, text, epoch } = effect;
        const more = epoch === undefined ? {} : { epoch };
        const { client, referenceId: ReferenceID } = effect;
        return this.#clients.answer(client, { type: 'Error', ReferenceID, code, text, ...more });
      }
      case 'done':
        return this.#clients.answer(effect.client, { type: 'Done', ReferenceID: effect.referenceId });
      case 'log':
        this.#effects.push(effect);
        return;
      case 'poolWaiting':
      case 'poolTake':
      case 'poolDecline':
      case 'poolGrant':
      case 'poolRefuse':
        return this.#peer.pool.perform(effect);
      default:
        unreachable(effect);
    }
  }

  #publish(now: Millis, effect: Extract<CentreEffect, { type: 'event' }>): void {
    this.#logins.follow(effect);
    const { dn, name, client } = effect;
    // The number of a request means something to the client that sent it, and another thing to every other.
    const { ReferenceID, ...told } = effect.attributes;
    const attributes = { ...told, Server: this.#configuration.application };
    const entry = this.#log.append({ dn, name, attributes, time: now + this.#wallOffsetMs });
    this.#appended.push(entry);
    const asker =
      client === undefined || ReferenceID === undefined
        ? undefined
        : { asker: client, referenceId: ReferenceID };
    this.#clients.publish(entry, asker);
  }

  #logLine(
    level: 'info' | 'warn',
    what: string,
    more: { because?: string; call?: string; dn?: string; detail?: Record<string, string | number> },
  ): void {
    this.#effects.push({ type: 'log', line: { level, what, ...more } });
  }
}
