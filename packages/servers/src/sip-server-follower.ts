/**
 * How a server follows a SIP Server: it connects to the primary, then to the backup, takes a snapshot, and gets every
 * event after it. After a lost connection it names the last position that it holds and gets what it missed; where the
 * log does not hold that any more, or a number is missing, it takes a snapshot. So does a Stat Server at the SIP Server of
 * its site, and a SIP Server at that of the other site, which has no use for what it missed. The mate of that one wants no
 * events at all: it asks for the records alone.
 */
import { type LogLine, type Millis, type Random, randomToken, unreachable } from '@holdfast/kernel';
import {
  type DeskReply,
  type DeskRequest,
  type EventMessage,
  type MirrorMessage,
  type Position,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import type { Hashes } from '@holdfast/sip';
import type { Following, LogMessage } from './mirror/following.ts';
import { type Challenge, OwnProof, SHOWS_NO_SECRET } from './own-proof.ts';
import type { ServerAddress } from './server-address.ts';
import type { ServerSecret } from './server-proof.ts';
import { type RoundSettings, ServerRound } from './server-round.ts';

/** `attempt` names one connection; what is heard of a former one is ignored. */
export type SipLinkInput =
  | { readonly type: 'sipOpened'; readonly attempt: number }
  | { readonly type: 'sipMessage'; readonly attempt: number; readonly message: DeskReply }
  | { readonly type: 'sipClosed'; readonly attempt: number; readonly why: string };

export type SipLinkEffect =
  | { readonly type: 'sipConnect'; readonly attempt: number; readonly server: ServerAddress }
  | { readonly type: 'sipSend'; readonly attempt: number; readonly message: DeskRequest }
  | { readonly type: 'sipClose'; readonly attempt: number; readonly why: string };

export interface FollowerPorts {
  readonly application: string;
  /** In the log: "SIP Server". */
  readonly what: string;
  /** Begins the name of its session. */
  readonly session: string;
  /** `resumed`: also what was missed while the connection was away; `anew`: a snapshot then; `none`: nobody listens. */
  readonly events: 'resumed' | 'anew' | 'none';
  /** What servers show that they hold (LK1); without it the SIP Server refuses. */
  readonly secret: ServerSecret | undefined;
  readonly hashes: Pick<Hashes, 'hmacSha256'>;
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
  /** What answers a request of `ask`; false when there was none: then an Error ends the connection. */
  answered(now: Millis, reply: Extract<DeskReply, { type: 'Done' | 'Error' }>): boolean;
  /** Its records are followed too, and put away there. */
  readonly records?: Following;
  /** What has come of them, when it has been put away. */
  recorded?(now: Millis, message: LogMessage): void;
  /** What is said to callers who wait in our pooled queues. */
  pool?(now: Millis, reply: Extract<DeskReply, { type: 'PoolGranted' | 'PoolRefused' }>): void;
  /** The answer to a Ping, also to those that ask whether the line lives. */
  pong(now: Millis, n: number): void;
}

/** What is waited for over the present connection. */
type Phase = 'registering' | 'reading' | 'following';

/** Where the log was left, so that missed events can be placed in time when they come. */
interface Absence {
  readonly since: Millis;
  /** Up to this position events are told late. */
  readonly until: Position;
}

export class SipServerFollower {
  readonly #ports: FollowerPorts;
  readonly #session: string;
  readonly #round: ServerRound;
  readonly #proof: OwnProof;
  #phase: Phase = 'registering';
  /** Of the last event that was taken, or of the snapshot. */
  #position: Position | undefined;
  #heardAt: Millis;
  #absence: Absence | undefined;
  /** Our clock minus the server's wall clock, when the last event came in time. */
  #offset: Millis | undefined;

  /** `settings`: the primary first. `attempt`: of whoever had the link before, whose connections are not ours. */
  constructor(ports: FollowerPorts, settings: RoundSettings, now: Millis, attempt = 0) {
    this.#ports = ports;
    this.#session = `${ports.session}-${randomToken(ports.random, 16)}`;
    this.#heardAt = now;
    const { application, random, secret, hashes } = ports;
    this.#proof = new OwnProof({
      link: 'client',
      application,
      session: this.#session,
      secret,
      hashes,
      random,
    });
    const round = {
      ...{ what: ports.what, application, random },
      log: (line: LogLine) => ports.log(line),
      connect: (attempt: number, server: ServerAddress) =>
        ports.emit({ type: 'sipConnect', attempt, server }),
      close: (attempt: number, why: string) => ports.emit({ type: 'sipClose', attempt, why }),
      ping: (n: number) => this.#send({ type: 'Ping', n }),
      lost: (at: Millis) => ports.lost(at),
    };
    this.#round = new ServerRound(round, settings, now, attempt);
  }

  /** The last connection that was asked for, or is over. */
  get attempt(): number {
    return this.#round.attempt;
  }

  configure(now: Millis, settings: RoundSettings): void {
    this.#round.configure(now, settings);
  }

  /** Over the present connection; numbers above 2 are free. False while nothing is followed. */
  ask(message: DeskRequest): boolean {
    if (!this.#isFollowing) return false;
    this.#send(message);
    return true;
  }

  /** Nothing is heard of it any more. */
  stop(now: Millis, why: string): void {
    this.#round.leave(now, why);
  }

  /** Takes everything anew: objects may have come that were not followed until now. */
  refresh(): void {
    if (this.#isFollowing) this.#read();
  }

  handle(now: Millis, input: SipLinkInput): void {
    if (input.attempt !== this.#round.attempt) return;
    switch (input.type) {
      case 'sipOpened':
        return this.#opened(now);
      case 'sipMessage':
        return this.#message(now, input.message);
      case 'sipClosed':
        return this.#round.lost(now, input.why);
      default:
        unreachable(input);
    }
  }

  nextDeadline(): Millis | undefined {
    return this.#round.nextDeadline();
  }

  expire(now: Millis): void {
    this.#round.expire(now);
  }

  get #isFollowing(): boolean {
    return this.#round.isOpen && this.#phase === 'following';
  }

  #opened(now: Millis): void {
    if (!this.#round.opened(now)) return;
    const { application } = this.#ports;
    this.#phase = 'registering';
    this.#send({
      type: 'RegisterClient',
      ReferenceID: 1,
      application,
      session: this.#session,
      version: PROTOCOL_VERSION,
      addpTimeoutMs: this.#round.toldTimeoutMs,
      ...this.#proof.open(),
      ...(this.#position === undefined || this.#ports.events !== 'resumed' ? {} : { resume: this.#position }),
    });
  }

  #message(now: Millis, message: DeskReply): void {
    if (!this.#round.isOpen) return;
    this.#round.heard(now);
    if (this.#isFollowing && this.#absence === undefined) this.#heardAt = now;
    switch (message.type) {
      case 'Ping':
        return this.#send({ type: 'Pong', n: message.n });
      case 'Challenge':
        return this.#challenged(now, message);
      case 'ServerInfo':
        if (this.#phase !== 'registering') return;
        if (!this.#proof.isMet(message.proof)) return this.#round.leave(now, SHOWS_NO_SECRET);
        if (this.#ports.events === 'none') return this.#follow(now);
        if (!message.resumed) return this.#read();
        this.#absence = { since: this.#heardAt, until: message.position };
        return this.#follow(now);
      case 'RegisteredAll':
        if (this.#phase !== 'reading') return;
        this.#position = message.position;
        this.#absence = undefined;
        this.#ports.snapshot(now, message);
        return this.#follow(now);
      case 'Event':
        if (this.#phase === 'following') this.#event(now, message);
        return;
      case 'Done':
      case 'Error':
        if (this.#ports.answered(now, message) || message.type === 'Done') return;
        return this.#round.leave(now, `refused: ${message.text}`);
      case 'Pong':
        return this.#ports.pong(now, message.n);
      case 'Mirror':
        return this.#recorded(now, message.message);
      case 'PoolGranted':
      case 'PoolRefused':
        return this.#ports.pool?.(now, message);
      case 'Alarm':
      case 'MoveAsked':
      case 'NotLoggedIn':
      case 'Registered':
      case 'ServerState':
      case 'Stamp':
        return;
      default:
        return unreachable(message);
    }
  }

  #challenged(now: Millis, challenge: Challenge): void {
    if (this.#phase !== 'registering') return;
    const { application } = challenge;
    const { applications } = this.#round.server;
    // Whoever passes on what we show would be admitted by that one in our name.
    if (applications !== undefined && !applications.includes(application))
      return this.#round.leave(
        now,
        `it is "${application}", and ${applications.join(' or ')} should be there`,
      );
    const proof = this.#proof.answer(challenge);
    if (proof !== undefined) this.#send({ type: 'Proof', ReferenceID: 1, proof });
  }

  #read(): void {
    this.#phase = 'reading';
    this.#send({ type: 'RegisterAll', ReferenceID: 2 });
  }

  #follow(now: Millis): void {
    this.#phase = 'following';
    this.#round.stands(now);
    const { records } = this.#ports;
    if (records !== undefined) {
      records.linked();
      this.#send({ type: 'Mirror', message: records.ask() });
    }
    this.#ports.current(now);
  }

  #recorded(now: Millis, message: MirrorMessage): void {
    const { records } = this.#ports;
    if (records === undefined) return;
    if (message.type !== 'snapshot' && message.type !== 'entry' && message.type !== 'digest') return;
    const { replies, line } = records.hear(now, message);
    for (const reply of replies) this.#send({ type: 'Mirror', message: reply });
    if (line !== undefined) this.#ports.log({ ...line, what: `other site: ${line.what}` });
    this.#ports.recorded?.(now, message);
  }

  #event(now: Millis, event: EventMessage): void {
    const last = this.#position;
    const { epoch, number } = event.position;
    // A server that goes on with another's log has a higher epoch, and its numbers go on (LG1); any other tells from
    // the first answer on that it holds nothing of what we name.
    if (last === undefined || epoch < last.epoch || number > last.number + 1) {
      this.#ports.log({ level: 'warn', what: 'events of the SIP Server missed', detail: { number } });
      return this.#read();
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

  #send(message: DeskRequest): void {
    this.#ports.emit({ type: 'sipSend', attempt: this.#round.attempt, message });
  }
}
