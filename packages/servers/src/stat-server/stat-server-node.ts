/**
 * The Stat Server of one site as one node: it follows the SIP Server's log and tells its clients, object by
 * object, what has changed.
 *
 *     SIP Server ──▶ SipServerFollower ──▶ SiteView ──▶ what was touched ──▶ StatClients ──▶ desks, boards
 *
 * Changes are gathered for a moment, so that a busy queue costs each client a few messages a second and not one for
 * each call. When the SIP Server is lost everything is told once more, as stale.
 */
import { SiteView } from '@holdfast/centre';
import { type LogLine, type Millis, type Node, type Random, unreachable } from '@holdfast/kernel';
import type { Statistic, StatisticSource, StatReply } from '@holdfast/protocol';
import type { Hashes } from '@holdfast/sip';
import { gauge, notReady, oneOf, READY, type ServerReport, WITHOUT_MATE } from '../health/server-report.ts';
import { ServerClients } from '../server-clients.ts';
import type { ServerSecret } from '../server-proof.ts';
import { ClientHealth } from '../sip-server/client-health.ts';
import type { TokenCheck } from '../sip-server/desk-requests.ts';
import { SipServerFollower } from '../sip-server-follower.ts';
import type { StatServerConfiguration } from './configuration.ts';
import type { StatServerEffect, StatServerInput } from './effects.ts';
import { keyOf, type Open, StatClients, type Subject } from './stat-clients.ts';

export interface StatServerOptions {
  readonly configuration: StatServerConfiguration;
  readonly random: Random;
  readonly hashes: Pick<Hashes, 'hmacSha256'>;
  readonly now: Millis;
  /** Wall clock minus monotonic clock at the start, ms. */
  readonly wallOffsetMs: Millis;
  verifyToken(token: string, wall: Millis): TokenCheck;
  /** This server shows the SIP Server that it holds it, and other servers show it to this one (LK1). */
  readonly serverSecret: ServerSecret | undefined;
}

/** The least time between two tellings: figures for people need no more than five a second. */
export const PUBLISH_EVERY_MS = 200;
/** A telling is a message to each client: with many of them they are told less often, so that a site stays at a thousand messages a second. */
const PUBLISH_PER_CLIENT_MS = 1;
/** However many they are: figures for people that are older serve nobody. */
export const PUBLISH_EVERY_MAX_MS = 2_000;

export class StatServerNode implements Node<StatServerInput, StatServerEffect> {
  readonly #view = new SiteView();
  readonly #follower: SipServerFollower;
  readonly #clients: StatClients;
  readonly #health: ClientHealth;
  #configuration: StatServerConfiguration;
  #wallOffsetMs: Millis;
  /** Since when the figures may be old; undefined while they are current. */
  #staleSince: Millis | undefined;
  #changed: { agents: Set<string>; queues: Set<string> } = { agents: new Set(), queues: new Set() };
  #publishedAt = Number.NEGATIVE_INFINITY;
  #effects: StatServerEffect[] = [];

  constructor(options: StatServerOptions) {
    const { configuration, now, random, hashes, serverSecret, verifyToken } = options;
    this.#configuration = configuration;
    this.#wallOffsetMs = options.wallOffsetMs;
    this.#staleSince = now;
    this.#view.configure(configuration.objects);
    const emit = (effect: StatServerEffect) => void this.#effects.push(effect);
    const send = (connection: string, message: StatReply) => emit({ type: 'send', connection, message });
    const close = (connection: string, why: string) => {
      emit({ type: 'close', connection, why });
      this.#forget(connection);
    };
    this.#follower = new SipServerFollower(
      {
        ...{ application: configuration.application, secret: serverSecret, random, hashes, emit },
        ...{ what: 'SIP Server', session: 'stat', events: 'resumed' },
        log: (line) => this.#log(line),
        snapshot: (at, { dns, queues }) => this.#view.snapshot(dns, queues, at),
        event: (event, at) => this.#view.event(event, at),
        current: () => this.#setStale(undefined),
        lost: (at) => this.#setStale(this.#staleSince ?? at),
        answered: () => false,
        pong: () => undefined,
      },
      configuration.sipServer,
      now,
    );
    this.#health = new ClientHealth({
      greeting: 'Open',
      ping: (connection, n) => send(connection, { type: 'Ping', n }),
      lost: close,
    });
    const statistics = (subject: Subject, at: Millis) => this.#statistics(subject, at);
    const logBudgeted = (line: LogLine, sender: string) => this.#log(line, sender);
    const secret = () => serverSecret;
    const servers = new ServerClients<Open>({ link: 'statistics', hashes, random, secret });
    this.#clients = new StatClients(
      { verifyToken, servers, send, close, logBudgeted, statistics },
      configuration,
    );
  }

  /** For checks: how much is held. */
  sizes() {
    const pending = this.#changed.agents.size + this.#changed.queues.size;
    return { ...this.#view.sizes(), ...this.#clients.sizes(), health: this.#health.size, pending };
  }

  /** HR1: its figures are those of now. */
  report(now: Millis): ServerReport {
    const since = this.#staleSince;
    const staleMs = since === undefined ? 0 : now - since;
    return {
      primary: since === undefined ? READY : notReady('It has lost its SIP Server: its figures are old.'),
      ...{ standby: WITHOUT_MATE, upgrade: WITHOUT_MATE },
      metrics: [
        oneOf('holdfast_role', 'It has no mate, and so is always the primary.', ['primary'], 'primary'),
        gauge('holdfast_stale_ms', 'For how long its figures have been old.', staleMs),
        gauge('holdfast_clients', 'Clients that are connected.', this.#health.size),
      ],
    };
  }

  handle(now: Millis, input: StatServerInput): StatServerEffect[] {
    switch (input.type) {
      case 'configuration':
        this.#configure(now, input.configuration);
        break;
      case 'opened':
        this.#health.opened(now, input.connection);
        break;
      case 'message':
        if (input.message.type === 'Open') {
          const { addpTimeoutMs: timeoutMs, application } = input.message;
          this.#health.greeted(now, input.connection, { timeoutMs, application });
        }
        this.#health.heard(now, input.connection);
        this.#clients.message(
          { now, wall: Math.floor(now + this.#wallOffsetMs) },
          input.connection,
          input.message,
        );
        break;
      case 'closed':
        this.#forget(input.connection);
        break;
      case 'clockJumped':
        this.#wallOffsetMs = input.wallOffsetMs;
        break;
      case 'sipOpened':
      case 'sipMessage':
      case 'sipClosed':
        this.#follower.handle(now, input);
        break;
      default:
        unreachable(input);
    }
    return this.#finish(now);
  }

  nextDeadline(): Millis | undefined {
    const deadlines = [this.#follower.nextDeadline(), this.#health.nextDeadline(), this.#publishAt()];
    const due = deadlines.filter((at) => at !== undefined);
    return due.length === 0 ? undefined : Math.min(...due);
  }

  expire(now: Millis): StatServerEffect[] {
    this.#follower.expire(now);
    this.#health.expire(now);
    return this.#finish(now);
  }

  #configure(now: Millis, configuration: StatServerConfiguration): void {
    const before = this.#configuration;
    this.#configuration = configuration;
    this.#view.configure(configuration.objects);
    this.#clients.configure(configuration);
    for (const person of before.objects.persons)
      if (!configuration.objects.persons.has(person)) this.#clients.removed('Agent', person);
    for (const queue of before.objects.queues)
      if (!configuration.objects.queues.has(queue))
        this.#clients.removed('Queue', this.#nameOf(queue, before));
    this.#follower.configure(now, configuration.sipServer);
    this.#follower.refresh();
    const detail = { revision: configuration.revision, queues: configuration.objects.queues.size };
    this.#log({ level: 'info', what: 'configured', detail });
  }

  #setStale(since: Millis | undefined): void {
    if (this.#staleSince === since) return;
    this.#staleSince = since;
    const { persons, queues } = this.#configuration.objects;
    this.#changed = { agents: new Set(persons), queues: new Set(queues) };
  }

  #forget(connection: string): void {
    this.#clients.drop(connection);
    this.#health.closed(connection);
  }

  #finish(now: Millis): StatServerEffect[] {
    const { agents, queues } = this.#view.takeTouched();
    for (const agent of agents) this.#changed.agents.add(agent);
    for (const queue of queues) this.#changed.queues.add(queue);
    const at = this.#publishAt();
    if (at !== undefined && now >= at) this.#publish(now);
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  #publishAt(): Millis | undefined {
    const isChanged = this.#changed.agents.size > 0 || this.#changed.queues.size > 0;
    if (!isChanged) return undefined;
    const everyMs = Math.max(PUBLISH_EVERY_MS, PUBLISH_PER_CLIENT_MS * this.#clients.count);
    return this.#publishedAt + Math.min(everyMs, PUBLISH_EVERY_MAX_MS);
  }

  #publish(now: Millis): void {
    const { agents, queues } = this.#changed;
    this.#changed = { agents: new Set(), queues: new Set() };
    this.#publishedAt = now;
    const { objects } = this.#configuration;
    const statistics: Statistic[] = [];
    for (const person of agents) if (objects.persons.has(person)) statistics.push(this.#agent(person, now));
    for (const queue of queues) if (objects.queues.has(queue)) statistics.push(this.#queue(queue, now));
    this.#clients.publish(new Map(statistics.map((one) => [keyOf(one), one])));
  }

  #statistics({ objectType, name }: Subject, now: Millis): Statistic[] | undefined {
    const { persons, queues } = this.#configuration.objects;
    if (objectType === 'Agent') {
      if (name === undefined) return [...persons].map((person) => this.#agent(person, now));
      return persons.has(name) ? [this.#agent(name, now)] : undefined;
    }
    if (name === undefined) return [...queues].map((queue) => this.#queue(queue, now));
    const queue = [...queues].find((number) => this.#nameOf(number) === name);
    return queue === undefined ? undefined : [this.#queue(queue, now)];
  }

  #agent(person: string, now: Millis): Statistic {
    const { status, since, reasons, login } = this.#view.agent(person);
    return {
      ...{ objectType: 'Agent', name: person, site: this.#configuration.site, source: this.#source(now) },
      ...{ status, reasons },
      ...(since === undefined ? {} : { sinceMs: now - since }),
      ...(login === undefined
        ? {}
        : {
            login: {
              ...{ AgentID: login.AgentID, dn: login.dn, queues: [...login.queues] },
              ...(login.place === undefined ? {} : { place: login.place }),
            },
          }),
    };
  }

  #queue(number: string, now: Millis): Statistic {
    const { waitingSince, callsWaiting, agentsLoggedIn, agentsReady } = this.#view.queue(number);
    return {
      ...{ objectType: 'Queue', name: this.#nameOf(number), site: this.#configuration.site },
      ...{ source: this.#source(now), callsWaiting, agentsLoggedIn, agentsReady },
      ...(waitingSince === undefined ? {} : { longestWaitMs: now - waitingSince }),
    };
  }

  #source(now: Millis): StatisticSource {
    return this.#staleSince === undefined
      ? { isCurrent: true }
      : { isCurrent: false, staleMs: now - this.#staleSince };
  }

  #nameOf(queue: string, { switchName } = this.#configuration): string {
    return `${queue}@${switchName}`;
  }

  #log(line: LogLine, sender?: string): void {
    const from = sender === undefined ? {} : { sender };
    this.#effects.push({ type: 'log', line: { ...line, site: this.#configuration.site }, ...from });
  }
}
