/**
 * All that a SIP Server has to do with the other site, joined: what it knows of it and asks it (peer-site.ts), the callers
 * and agents of pooled queues (queue-pool.ts), and calls that go on at the one or the other (peer-calls.ts).
 *
 *     link to the other site ──▶ PeerSite ──┬── log-ins there ──▶ LoginAdmission
 *                                           ├── whether it can be asked ──▶ QueuePool
 *                                           └── its records ──▶ PeerCalls ──▶ Centre, CallControl
 */
import type { Centre, CentreEffect, CentreInput } from '@holdfast/centre';
import { leaseWithMargin } from '@holdfast/continuity';
import type { LogLine, Millis, Random } from '@holdfast/kernel';
import type { DeskReply } from '@holdfast/protocol';
import type { Hashes, SipUserAgent, UserAgentEvent, UserAgentOutput } from '@holdfast/sip';
import type { ServerSecret } from '../server-proof.ts';
import type { CallControl } from './call-control.ts';
import type { SipServerConfiguration } from './configuration.ts';
import type { AdmittedLogin } from './leased-logins.ts';
import type { LoginAdmission } from './login-admission.ts';
import type { OwnAlarm } from './own-alarms.ts';
import { PeerCalls } from './peer-calls.ts';
import { type HeldPeer, type PeerEffect, type PeerInput, PeerSite, type PeerSitePorts } from './peer-site.ts';
import { QueuePool } from './queue-pool.ts';
import type { Registrations } from './registrations.ts';

export interface PeerSideParts {
  readonly random: Random;
  readonly hashes: Pick<Hashes, 'hmacSha256'>;
  readonly secret: ServerSecret | undefined;
  /** SS54: what this process held of it as a standby. */
  readonly held: HeldPeer | undefined;
  readonly centre: Centre;
  readonly calls: CallControl;
  readonly userAgent: SipUserAgent;
  readonly registrations: Registrations;
  logins(): LoginAdmission;
  configuration(): SipServerConfiguration;
  send(connection: string, reply: DeskReply): void;
  emit(effect: PeerEffect): void;
  tell(input: CentreInput): void;
  run(output: UserAgentOutput): void;
  perform(now: Millis, effects: readonly CentreEffect[]): void;
  log(line: LogLine): void;
  alarm(now: Millis, alarm: OwnAlarm): void;
}

export class PeerSide {
  readonly #parts: PeerSideParts;
  readonly site: PeerSite;
  readonly pool: QueuePool;
  readonly calls: PeerCalls;
  readonly #phonesCame = new Set<string>();

  constructor(parts: PeerSideParts) {
    this.#parts = parts;
    this.site = this.#makeSite();
    this.pool = new QueuePool({
      ...{ send: parts.send, tell: parts.tell },
      ask: (request) => this.site.say(request),
    });
    this.calls = this.#makeCalls();
  }

  #makeSite(): PeerSite {
    const { random, hashes, secret, emit, log, alarm, logins } = this.#parts;
    const ports: PeerSitePorts = {
      ...{ random, hashes, secret, emit, log, alarm },
      answered: (now, person, epoch, outcome) => logins().answered(now, person, epoch, outcome),
      found: (now, login) => logins().met(now, login),
      changed: () => this.#linkPool(),
      pool: (reply) => this.pool.heard(reply),
      lost: (now) => {
        logins().peerLost(now);
        this.pool.lost();
      },
      stands: (now, talks) => this.calls.stand(now, talks),
      ended: (now, ended) => this.calls.ended(now, ended),
    };
    return new PeerSite(ports, this.#parts.held);
  }

  #makeCalls(): PeerCalls {
    const { centre, calls, userAgent, registrations, run, perform, log, configuration } = this.#parts;
    return new PeerCalls({
      ...{ centre, calls, userAgent, registrations, run, perform, log, peer: this.site },
      lostPlaceWindowMs: () => configuration().centre.lostPlaceWindowMs ?? 0,
      silenceMinMs: () => leaseWithMargin(configuration().leaseLengthMs),
    });
  }

  /** PQ1: whether the other site can be asked for agents, and over which trunk calls go to them. */
  #linkPool(): void {
    if (this.site.canAsk) this.pool.known();
    this.pool.linked(this.site.canAsk ? this.#parts.calls.peerTrunk : undefined);
  }

  configure(now: Millis, { application, peer }: SipServerConfiguration): void {
    this.site.configure(now, application, peer);
    this.#linkPool();
  }

  /** For checks: how much is held. */
  get sizes() {
    const { account, crossed } = this.calls;
    return { ...this.site.sizes, unheard: account.size, halves: crossed.size };
  }

  handle(now: Millis, input: PeerInput): void {
    this.site.handle(now, input);
  }

  nextDeadline(): Millis | undefined {
    const never = Number.POSITIVE_INFINITY;
    const next = Math.min(this.site.nextDeadline() ?? never, this.calls.nextDeadline() ?? never);
    return next === never ? undefined : next;
  }

  expire(now: Millis): void {
    this.site.expire(now);
    this.calls.expire(now);
  }

  loggedIn(now: Millis, login: AdmittedLogin): void {
    this.calls.adoption.loggedIn(now, login);
  }

  /** A desk says whether it reaches that site. */
  seen(now: Millis, connection: string, { site, isUp }: { site: string; isUp: boolean }): void {
    if (site === this.#parts.configuration().peer?.site) this.calls.adoption.seen(now, connection, isUp);
  }

  /** AD5: a phone has registered here; what waits for it goes on when this input has been handled. */
  phoneCame(dn: string): void {
    if (this.calls.adoption.awaitsPhones) this.#phonesCame.add(dn);
  }

  /** When an input has been handled; false when nothing has waited for that. */
  goOn(now: Millis): boolean {
    if (this.#phonesCame.size === 0) return false;
    const dns = new Set(this.#phonesCame);
    this.#phonesCame.clear();
    this.calls.adoption.phonesCame(now, dns);
    return true;
  }

  /** A client's connection is gone. */
  forget(connection: string): void {
    this.calls.adoption.forget(connection);
  }

  /** What concerns calls of both sites; true when nobody else is to hear it. */
  onUserAgent(now: Millis, event: UserAgentEvent): boolean {
    return this.calls.onUserAgent(now, event);
  }
}
