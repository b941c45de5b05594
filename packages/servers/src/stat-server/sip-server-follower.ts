/**
 * How a Stat Server follows the SIP Server of its site: it connects to the primary, then to the backup, takes a
 * snapshot, and gets every event after it. After a lost connection it names the last position that it holds and
 * gets what it missed; where the log does not hold that any more, or a number is missing, it takes a snapshot.
 */
import {
  freshLink,
  type LinkHealth,
  type LinkHealthEvent,
  linkDeadline,
  stepLink,
} from '@holdfast/continuity';
import { type LogLine, type Millis, type Random, randomToken, unreachable } from '@holdfast/kernel';
import {
  type DeskReply,
  type DeskRequest,
  type EventMessage,
  type Position,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import { OutageLog } from '../outage-log.ts';
import type { ServerAddress } from '../server-address.ts';

/** `attempt` names one connection; what is heard of a former one is ignored. */
export type SipLinkInput =
  | { readonly type: 'sipOpened'; readonly attempt: number }
  | { readonly type: 'sipMessage'; readonly attempt: number; readonly message: DeskReply }
  | { readonly type: 'sipClosed'; readonly attempt: number; readonly why: string };

export type SipLinkEffect =
  | { readonly type: 'sipConnect'; readonly attempt: number; readonly server: ServerAddress }
  | { readonly type: 'sipSend'; readonly attempt: number; readonly message: DeskRequest }
  | { readonly type: 'sipClose'; readonly attempt: number; readonly why: string };

/** The SIP Server of the site, as the configuration names it. */
export interface SipServerLink {
  /** Primary first; at least one. */
  readonly members: readonly ServerAddress[];
  readonly addpTimeoutMs: Millis;
  /** As the SIP Server is to ask for this end, where that differs. */
  readonly addpRemoteTimeoutMs?: Millis;
  /** Between two rounds; half of it at random is added, so that not all come at once (D42). */
  readonly pauseMs: Millis;
}

export interface FollowerPorts {
  readonly application: string;
  /** What servers show; without it the SIP Server refuses. */
  readonly secret: string | undefined;
  readonly random: Random;
  emit(effect: SipLinkEffect): void;
  log(line: LogLine): void;
  snapshot(now: Millis, reply: Extract<DeskReply, { type: 'RegisteredAll' }>): void;
  /** `at` is when it happened, on our clock. */
  event(event: EventMessage, at: Millis): void;
  /** From now on nothing is missing. */
  current(now: Millis): void;
  /** From now on something may be missing. */
  lost(now: Millis): void;
}

type State =
  | { readonly name: 'pausing'; readonly until: Millis }
  /** The shell limits the time of connecting and ends it with `sipClosed`. */
  | { readonly name: 'connecting' }
  | { readonly name: 'registering'; readonly health: LinkHealth }
  | { readonly name: 'reading'; readonly health: LinkHealth }
  | { readonly name: 'following'; readonly health: LinkHealth };

/** Where the log was left, so that missed events can be placed in time when they come. */
interface Absence {
  readonly since: Millis;
  /** Up to this position events are told late. */
  readonly until: Position;
}

export class SipServerFollower {
  readonly #ports: FollowerPorts;
  readonly #session: string;
  readonly #outage: OutageLog;
  #link: SipServerLink;
  #state: State;
  #attempt = 0;
  /** Index of the next member of the round. */
  #next = 0;
  /** Of the last event that was taken, or of the snapshot. */
  #position: Position | undefined;
  #heardAt: Millis;
  #absence: Absence | undefined;
  /** Our clock minus the server's wall clock, when the last event came in time. */
  #offset: Millis | undefined;

  constructor(ports: FollowerPorts, link: SipServerLink, now: Millis) {
    this.#ports = ports;
    this.#link = link;
    this.#session = `stat-${randomToken(ports.random, 16)}`;
    this.#outage = new OutageLog('SIP Server', (line) => ports.log(line));
    this.#state = { name: 'pausing', until: now };
    this.#heardAt = now;
  }

  /** A server that is still a member is kept, any other is left for the first of the new ones. */
  configure(now: Millis, link: SipServerLink): void {
    const present = this.#server();
    const index = link.members.findIndex(({ host, port }) => host === present.host && port === present.port);
    if (index < 0 && this.#state.name !== 'pausing')
      this.#leave(now, 'the configuration names another SIP Server');
    this.#link = link;
    this.#next = Math.max(0, index);
  }

  /** Takes everything anew: objects may have come that were not followed until now. */
  refresh(): void {
    if (this.#state.name === 'following') this.#read(this.#state.health);
  }

  handle(now: Millis, input: SipLinkInput): void {
    if (input.attempt !== this.#attempt) return;
    switch (input.type) {
      case 'sipOpened':
        return this.#opened(now);
      case 'sipMessage':
        return this.#message(now, input.message);
      case 'sipClosed':
        return this.#lost(now, input.why);
      default:
        unreachable(input);
    }
  }

  nextDeadline(): Millis | undefined {
    const state = this.#state;
    if (state.name === 'pausing') return state.until;
    return state.name === 'connecting' ? undefined : linkDeadline(state.health, this.#healthOptions());
  }

  expire(now: Millis): void {
    const state = this.#state;
    if (state.name === 'pausing') {
      if (now >= state.until) this.#connect();
    } else if (state.name !== 'connecting') this.#stepHealth(now, { type: 'expire' });
  }

  #connect(): void {
    this.#attempt += 1;
    this.#state = { name: 'connecting' };
    this.#ports.emit({ type: 'sipConnect', attempt: this.#attempt, server: this.#server() });
  }

  #server(): ServerAddress {
    const { members } = this.#link;
    return members[this.#next % members.length] as ServerAddress;
  }

  #opened(now: Millis): void {
    if (this.#state.name !== 'connecting') return;
    const { application, secret } = this.#ports;
    this.#state = { name: 'registering', health: freshLink(now) };
    this.#send({
      type: 'RegisterClient',
      ReferenceID: 1,
      application,
      session: this.#session,
      version: PROTOCOL_VERSION,
      addpTimeoutMs: this.#link.addpRemoteTimeoutMs ?? this.#link.addpTimeoutMs,
      ...(secret === undefined ? {} : { secret }),
      ...(this.#position === undefined ? {} : { resume: this.#position }),
    });
  }

  #message(now: Millis, message: DeskReply): void {
    this.#stepHealth(now, { type: 'heard' });
    const state = this.#state;
    if (state.name === 'pausing' || state.name === 'connecting') return;
    switch (message.type) {
      case 'Ping':
        return this.#send({ type: 'Pong', n: message.n });
      case 'ServerInfo':
        if (state.name !== 'registering') return;
        if (!message.resumed) return this.#read(state.health);
        this.#absence = { since: this.#heardAt, until: message.position };
        return this.#follow(now, state.health);
      case 'RegisteredAll':
        if (state.name !== 'reading') return;
        this.#position = message.position;
        this.#absence = undefined;
        this.#ports.snapshot(now, message);
        return this.#follow(now, state.health);
      case 'Event':
        if (state.name === 'following') this.#event(now, message, state.health);
        return;
      case 'Error':
        return this.#leave(now, `refused: ${message.text}`);
      case 'Alarm':
      case 'Done':
      case 'MoveAsked':
      case 'NotLoggedIn':
      case 'Pong':
      case 'Registered':
      case 'ServerState':
      case 'Stamp':
        return;
      default:
        return unreachable(message);
    }
  }

  #read(health: LinkHealth): void {
    this.#state = { name: 'reading', health };
    this.#send({ type: 'RegisterAll', ReferenceID: 2 });
  }

  #follow(now: Millis, health: LinkHealth): void {
    this.#state = { name: 'following', health };
    this.#outage.back(now);
    this.#ports.current(now);
  }

  #event(now: Millis, event: EventMessage, health: LinkHealth): void {
    const last = this.#position;
    const { epoch, number } = event.position;
    if (last?.epoch !== epoch || number > last.number + 1) {
      this.#ports.log({ level: 'warn', what: 'events of the SIP Server missed', detail: { number } });
      return this.#read(health);
    }
    if (number <= last.number) return;
    this.#position = event.position;
    this.#heardAt = now;
    this.#ports.event(event, this.#instantOf(now, event));
  }

  /**
   * What happened while the connection was away is told late. Its place in time is that of the server's wall clock,
   * but never outside of the absence: that clock may have been set meanwhile.
   */
  #instantOf(now: Millis, { position, time }: EventMessage): Millis {
    const { since, until } = this.#absence ?? { since: now, until: undefined };
    if (until === undefined || position.number > until.number) {
      this.#absence = undefined;
      this.#offset = now - time;
      return now;
    }
    return this.#offset === undefined ? now : Math.min(Math.max(time + this.#offset, since), now);
  }

  #stepHealth(now: Millis, event: LinkHealthEvent): void {
    const before = this.#state;
    if (before.name === 'pausing' || before.name === 'connecting') return;
    const { state, effects } = stepLink(before.health, event, this.#healthOptions(), now);
    this.#state = { ...before, health: state };
    if (event.type === 'heard' && before.name === 'following' && this.#absence === undefined)
      this.#heardAt = now;
    for (const effect of effects) {
      if (effect.type === 'sendPing') this.#send({ type: 'Ping', n: effect.n });
      else this.#leave(now, effect.because.text);
    }
  }

  #healthOptions() {
    const value = this.#link.addpTimeoutMs;
    const option = { name: 'addp timeout', value: `${value} ms`, source: this.#ports.application };
    return { timeoutMs: { value, option } };
  }

  #leave(now: Millis, why: string): void {
    this.#ports.emit({ type: 'sipClose', attempt: this.#attempt, why });
    this.#lost(now, why);
  }

  #lost(now: Millis, why: string): void {
    if (this.#state.name === 'pausing') return;
    const { members, pauseMs } = this.#link;
    const stood = this.#state.name === 'following' || this.#state.name === 'reading';
    this.#outage.lost(now, this.#server(), why, stood);
    // The attempt is over: nothing more is heard of it.
    this.#attempt += 1;
    // After a connection that stood the round starts at the primary.
    this.#next = stood ? 0 : (this.#next + 1) % members.length;
    const isRoundOver = this.#next === 0;
    const until = isRoundOver ? now + pauseMs * (1 + this.#ports.random() / 2) : now;
    this.#state = { name: 'pausing', until };
    this.#ports.lost(now);
  }

  #send(message: DeskRequest): void {
    this.#ports.emit({ type: 'sipSend', attempt: this.#attempt, message });
  }
}
