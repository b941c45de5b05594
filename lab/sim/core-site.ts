/**
 * A site of the core simulation: one process that stamps, holds logins and leases, and knows for each agent
 * whether the phone is registered. It is what a SIP Server does for the login lease, and nothing else.
 */
import {
  compareEpochs,
  freshLink,
  type LinkHealth,
  type LinkHealthEvent,
  type LinkHealthOptions,
  type LoginEpoch,
  type LoginRefusal,
  type LogoutReason,
  linkDeadline,
  SiteLease,
  type Stamp,
  stepLink,
} from '@holdfast/continuity';
import { assert, Deadlines, type Millis, unreachable } from '@holdfast/kernel';
import {
  type CoreDefect,
  type CoreDown,
  type CorePhoneMessage,
  type CoreUp,
  DESK_PORT,
  LEASE_MS,
  PHONE_PORT,
  STAMPS_MS,
} from './core-messages.ts';
import {
  type CoreAsk,
  type CoreLogin,
  CorePeer,
  type CorePeerDown,
  type CorePeerPorts,
  type CorePeerUp,
  PEER_PORT,
} from './core-peer.ts';
import type { Address, Process, Program } from './process.ts';
import type { StreamEnd } from './stream.ts';

interface Client {
  readonly end: StreamEnd;
  health: LinkHealth;
  agent: string | undefined;
  /** The newest stamp was sent to it; only the defect `stamps-repeated-at-once` asks. */
  owesAnswer: boolean;
}

/** What the mate would have mirrored: it outlives the process, and only a defect makes use of it. */
export type MirroredLogins = Map<string, LoginEpoch>;

export interface CoreSiteOptions {
  readonly link: LinkHealthOptions;
  readonly defect: CoreDefect | undefined;
  readonly mirrored: MirroredLogins;
  /** The host of the other site. */
  readonly peer: string;
  decided(rule: string): void;
}

export class CoreSite implements Program {
  readonly #process: Process;
  readonly #site: string;
  readonly #options: CoreSiteOptions;
  readonly #defect: CoreDefect | undefined;
  readonly #mirrored: MirroredLogins;
  readonly #lease: SiteLease;
  readonly #pairEpoch: number;
  readonly #clients = new Map<StreamEnd, Client>();
  readonly #logins = new Map<string, LoginEpoch>();
  /** LL7: the highest epoch ever seen of each agent; an ended one never logs in again. */
  readonly #highest = new Map<string, LoginEpoch>();
  readonly #phones = new Deadlines<string>();
  readonly #peer: CorePeer;
  /** Connections of the other site, which asks over them. */
  readonly #askers = new Set<StreamEnd>();
  /** What the last timer concluded: only the defect `routable-by-timer` decides by it. */
  readonly #concluded = new Set<string>();
  #stampAt: Millis;
  #isClosing = false;
  /** Of the last input. */
  #toldAt: Millis;

  constructor(process: Process, site: string, options: CoreSiteOptions, now: Millis) {
    this.#process = process;
    this.#site = site;
    this.#options = options;
    this.#toldAt = now;
    this.#defect = options.defect;
    this.#mirrored = options.mirrored;
    this.#pairEpoch = process.wallMs();
    this.#lease = new SiteLease({ pairEpoch: this.#pairEpoch, lengthMs: LEASE_MS });
    this.#stampAt = now + STAMPS_MS;
    this.#peer = new CorePeer(
      process,
      options.peer,
      {
        answered: (at, ask, outcome) => this.#answered(at, ask, outcome),
        found: (at, login) => this.#found(at, login),
      },
      now,
    );
    process.listenStreams(DESK_PORT);
    process.listenStreams(PEER_PORT);
    process.listenDatagrams(PHONE_PORT);
    if (this.#defect === 'takeover-with-leases') this.#takeOver(now);
  }

  /** Whether a call that arrived now would be offered to this agent (LL2). */
  isRoutable(agent: string): boolean {
    if (this.#defect === 'routable-by-timer') return this.#concluded.has(agent);
    const epoch = this.#logins.get(agent);
    return epoch !== undefined && this.#lease.isRoutable(agent, epoch, this.#process.now());
  }

  /** DS8c: everybody is sent away, and nobody gets in until the process has been started anew. */
  shutDown(): void {
    this.#isClosing = true;
    for (const agent of [...this.#logins.keys()]) this.#logOut(agent, 'shutdown');
  }

  describe(agent: string): string {
    const epoch = this.#logins.get(agent);
    const phone = this.#phones.get(agent) === undefined ? 'no phone' : 'phone';
    return `${this.#site}: ${epoch === undefined ? 'no login' : `login ${epoch.number}`}, ${phone}`;
  }

  accepted(now: Millis, end: StreamEnd, port?: number): void {
    if (port === PEER_PORT) {
      this.#askers.add(end);
      for (const agent of this.#logins.keys()) {
        const held = this.#held(now, agent);
        if (held !== undefined) end.send({ type: 'found', agent, ...held } satisfies CorePeerDown);
      }
      return;
    }
    this.#clients.set(end, { end, health: freshLink(now), agent: undefined, owesAnswer: false });
  }

  message(now: Millis, end: StreamEnd, message: unknown): void {
    if (this.#peer.owns(end)) return this.#peer.message(now, end, message as CorePeerDown);
    if (this.#askers.has(end)) return this.#asked(now, end, message as CorePeerUp);
    const client = this.#clients.get(end);
    if (client === undefined) return;
    // LL2: an input after a stop longer than a lease is decided on with the leases as they are now.
    if (now - this.#toldAt > LEASE_MS) this.#options.decided('LL2');
    this.#toldAt = now;
    this.#stepHealth(now, client, { type: 'heard' });
    this.#handle(now, client, message as CoreUp);
  }

  closed(now: Millis, end: StreamEnd): void {
    if (this.#peer.owns(end)) return this.#peer.closed(now, end);
    this.#askers.delete(end);
    this.#clients.delete(end);
  }

  datagram(now: Millis, message: unknown, source: Address): void {
    const asked = message as CorePhoneMessage;
    if (asked.type !== 'register') return;
    const wasInService = this.#phones.get(asked.agent) !== undefined;
    if (asked.forMs > 0) this.#phones.set(asked.agent, now + asked.forMs);
    else this.#phones.clear(asked.agent);
    this.#process.sendDatagram(
      { type: 'registered', site: this.#site, forMs: asked.forMs },
      source,
      PHONE_PORT,
    );
    if (asked.forMs > 0 && !wasInService) this.#tell(asked.agent, { type: 'phone', inService: true });
    if (asked.forMs === 0 && wasInService) this.#phoneLost(asked.agent);
  }

  opened(now: Millis, end: StreamEnd): void {
    if (this.#peer.owns(end)) this.#peer.opened(now, end);
    else end.close();
  }

  lookedUp(): void {}

  clockJumped(now: Millis): void {
    if (this.#defect === 'sleep-unnoticed') return;
    for (const agent of this.#logins.keys())
      if (this.#held(now, agent)?.isLive === true) this.#options.decided('LL6');
    this.#lease.clockJumped();
  }

  nextDeadline(): Millis | undefined {
    let next = Math.min(this.#stampAt, this.#peer.nextDeadline());
    const phone = this.#phones.next();
    if (phone !== undefined && phone < next) next = phone;
    const lease = this.#lease.nextDeadline();
    if (lease !== undefined && lease < next) next = lease;
    for (const client of this.#clients.values()) {
      const link = linkDeadline(client.health, this.#options.link);
      if (link !== undefined && link < next) next = link;
    }
    return next;
  }

  expire(now: Millis): void {
    this.#peer.expire(now);
    for (const client of [...this.#clients.values()]) this.#stepHealth(now, client, { type: 'expire' });
    for (let agent = this.#phones.takeDue(now); agent !== undefined; agent = this.#phones.takeDue(now))
      this.#phoneLost(agent);
    for (const { agentId, routable } of this.#lease.takeChanges(now)) {
      if (routable) this.#concluded.add(agentId);
      else this.#concluded.delete(agentId);
    }
    if (now < this.#stampAt) return;
    const silent = this.#defect === 'stamps-repeated-at-once' ? this.#silent() : [];
    this.#stampAt = now + (silent.length > 0 ? 1 : STAMPS_MS);
    const stamp = this.#lease.stamp(now);
    for (const client of silent.length > 0 ? silent : this.#clients.values()) {
      client.end.send({ type: 'stamp', stamp } satisfies CoreDown);
      client.owesAnswer = true;
    }
  }

  /** Who is logged in and has not answered the newest stamp. */
  #silent(): Client[] {
    const clients = [...this.#clients.values()];
    return clients.filter(({ agent = '', owesAnswer }) => owesAnswer && this.#logins.has(agent));
  }

  #handle(now: Millis, client: Client, message: CoreUp): void {
    switch (message.type) {
      case 'hello':
        client.agent = message.agent;
        this.#send(client, {
          type: 'welcome',
          pairEpoch: this.#pairEpoch,
          phoneInService: this.#phones.get(message.agent) !== undefined,
          peerAsked: this.#peer.canAsk,
          login: this.#held(now, message.agent),
        });
        return this.#send(client, { type: 'stamp', stamp: this.#lease.stamp(now) });
      case 'login':
        return this.#login(now, client, message);
      case 'logout': {
        const waiting = this.#peer.asks.take(message.agent, message.epoch);
        if (waiting !== undefined) this.#highest.set(message.agent, message.epoch);
        const held = this.#logins.get(message.agent);
        if (held !== undefined && compareEpochs(held, message.epoch) === 0)
          return this.#logOut(message.agent, 'agent');
        return this.#send(client, { type: 'notLoggedIn', pairEpoch: this.#pairEpoch, epoch: message.epoch });
      }
      case 'answer':
        return this.#answer(now, client, message);
      case 'ping':
        return this.#send(client, { type: 'pong' });
      case 'pong':
        return;
      default:
        unreachable(message);
    }
  }

  #login(now: Millis, client: Client, message: Extract<CoreUp, { type: 'login' }>): void {
    const { agent, epoch } = message;
    const login = { ...message, end: client.end };
    const waiting = this.#peer.asks.of(agent);
    if (waiting !== undefined && compareEpochs(epoch, waiting.epoch) <= 0)
      return this.#refuse(login, { name: 'epochTooLow', epoch: waiting.epoch, isLive: false });
    const ask = { person: agent, epoch, login };
    const isAsked = this.#peer.canAsk && this.#defect !== 'peer-not-asked';
    const refusal = isAsked ? this.#refusal(now, message) : undefined;
    if (refusal !== undefined) return this.#admit(now, login, false);
    this.#giveWay(agent, epoch);
    this.#peer.endLogin(agent, epoch);
    if (isAsked) this.#peer.asks.wait(now, ask);
    else this.#answered(now, ask, this.#defect === 'peer-not-asked' ? 'ended' : 'none');
  }

  #answered(now: Millis, ask: CoreAsk, outcome: Parameters<CorePeerPorts['answered']>[2]): void {
    const { login } = ask;
    if (typeof outcome !== 'string')
      return this.#refuse(login, { name: 'epochTooLow', epoch: outcome.known, isLive: outcome.isLive });
    if (outcome === 'none' && login.needsPeer && this.#defect !== 'silence-taken-for-yes')
      return this.#refuse(login, { name: 'peerSilent' });
    if (this.#clients.has(login.end)) this.#admit(now, login, outcome === 'ended');
  }

  /** What waits with a lower epoch waits for nothing. */
  #giveWay(agent: string, epoch: LoginEpoch): void {
    const former = this.#peer.asks.giveWay(agent, epoch);
    if (former !== undefined) this.#refuse(former.login, { name: 'epochTooLow', epoch, isLive: false });
  }

  /** LL8: the other site asks. */
  #asked(now: Millis, end: StreamEnd, message: CorePeerUp): void {
    if (message.type === 'probe') return end.send({ type: 'probed', n: message.n } satisfies CorePeerDown);
    const { agent, epoch } = message;
    const known = [this.#highest.get(agent), this.#peer.asks.of(agent)?.epoch].find(
      (one) => one !== undefined && compareEpochs(one, epoch) > 0,
    );
    if (known !== undefined) {
      const isLive = this.#held(now, agent)?.isLive === true;
      return end.send({ type: 'higher', agent, epoch, known, isLive } satisfies CorePeerDown);
    }
    this.#options.decided('LL8');
    const takesNoNotice = this.#defect === 'peer-takes-no-notice';
    if (!takesNoNotice && this.#defect !== 'waiting-login-stays') this.#giveWay(agent, epoch);
    if (!takesNoNotice && this.#defect !== 'peer-promises-nothing') this.#highest.set(agent, epoch);
    if (this.#defect !== 'peer-ends-nothing') this.#logOut(agent, 'superseded');
    end.send({ type: 'ended', agent, epoch } satisfies CorePeerDown);
  }

  /** The sites meet: one whose lease has ended yields to one whose lease is live, of two live ones the lower. */
  #found(now: Millis, theirs: Parameters<CorePeerPorts['found']>[1]): void {
    const ours = this.#held(now, theirs.agent);
    if (ours === undefined) return;
    const isOursHigher = compareEpochs(ours.epoch, theirs.epoch) > 0;
    if (ours.isLive && isOursHigher) return this.#peer.endLogin(theirs.agent, ours.epoch);
    if (!theirs.isLive) return;
    if (!isOursHigher) this.#highest.set(theirs.agent, theirs.epoch);
    this.#logOut(theirs.agent, 'superseded');
  }

  #refuse({ end, epoch }: CoreLogin, refusal: LoginRefusal): void {
    end.send({ type: 'refused', epoch, refusal } satisfies CoreDown);
  }

  #admit(now: Millis, message: CoreLogin, isConfirmed: boolean): void {
    const { agent, epoch } = message;
    const refusal = this.#refusal(now, message, true);
    if (refusal?.name === 'staleStamp') this.#options.decided('LL1');
    if (refusal?.name === 'epochTooLow') this.#options.decided('LL7');
    if (refusal !== undefined) return this.#refuse(message, refusal);
    if (this.#logins.has(agent)) this.#logOut(agent, 'superseded');
    this.#lease.admitted(agent, epoch);
    this.#logins.set(agent, epoch);
    this.#highest.set(agent, epoch);
    this.#mirrored.set(agent, epoch);
    this.#concluded.add(agent);
    this.#tell(agent, { type: 'loggedIn', epoch, isConfirmed });
    for (const end of this.#askers)
      end.send({ type: 'found', agent, epoch, isLive: true } satisfies CorePeerDown);
  }

  #held(now: Millis, agent: string): { readonly epoch: LoginEpoch; readonly isLive: boolean } | undefined {
    const epoch = this.#logins.get(agent);
    if (epoch === undefined) return undefined;
    const isLive = this.#lease.isRoutable(agent, epoch, now);
    return { epoch, isLive: isLive || this.#defect === 'ended-login-taken-for-live' };
  }

  /** `carries`: the lease begins to be carried; before the other site is asked its stamp is only looked at. */
  #refusal(
    now: Millis,
    message: Extract<CoreUp, { type: 'login' }>,
    carries = false,
  ): LoginRefusal | undefined {
    const { agent, epoch } = message;
    if (this.#isClosing) return { name: 'shuttingDown' };
    if (this.#phones.get(agent) === undefined) return { name: 'phoneOutOfService' };
    const highest = this.#highest.get(agent);
    if (highest !== undefined && compareEpochs(epoch, highest) <= 0)
      return { name: 'epochTooLow', epoch: highest, isLive: this.#held(now, agent)?.isLive === true };
    const stamp = this.#asRead(now, message.stamp);
    const isFresh = carries ? this.#lease.carried(agent, epoch, stamp, now) : this.#lease.isFresh(stamp, now);
    return isFresh ? undefined : { name: 'staleStamp' };
  }

  #answer(now: Millis, client: Client, message: Extract<CoreUp, { type: 'answer' }>): void {
    const { agent, epoch } = message;
    client.owesAnswer = false;
    const stamp = this.#asRead(now, message.stamp);
    if (!this.#lease.answered(agent, epoch, stamp, now)) {
      assert(this.#defect !== 'login-taken-for-granted', 'who answers a stamp is logged in');
      return this.#send(client, { type: 'notLoggedIn', pairEpoch: this.#pairEpoch, epoch });
    }
    if (this.#lease.isRoutable(agent, epoch, now)) this.#concluded.add(agent);
  }

  /** The stamp as the site takes it: as it is, unless a defect says otherwise. */
  #asRead(now: Millis, stamp: Stamp): Stamp {
    if (this.#defect === 'lease-from-answer') return this.#lease.stamp(now);
    if (this.#defect === 'pair-epoch-ignored') return { ...this.#lease.stamp(now), at: stamp.at };
    return stamp;
  }

  #phoneLost(agent: string): void {
    this.#tell(agent, { type: 'phone', inService: false });
    if (this.#logins.has(agent)) this.#logOut(agent, 'phone');
  }

  #logOut(agent: string, reason: LogoutReason): void {
    const epoch = this.#logins.get(agent);
    if (epoch === undefined) return;
    this.#logins.delete(agent);
    this.#mirrored.delete(agent);
    this.#concluded.delete(agent);
    this.#lease.ended(agent, epoch);
    this.#tell(agent, { type: 'loggedOut', pairEpoch: this.#pairEpoch, reason });
  }

  #takeOver(now: Millis): void {
    for (const [agent, epoch] of this.#mirrored) {
      this.#lease.carried(agent, epoch, this.#lease.stamp(now), now);
      this.#lease.admitted(agent, epoch);
      this.#logins.set(agent, epoch);
      this.#highest.set(agent, epoch);
    }
  }

  #stepHealth(now: Millis, client: Client, event: LinkHealthEvent): void {
    const { state, effects } = stepLink(client.health, event, this.#options.link, now);
    client.health = state;
    for (const effect of effects) {
      if (effect.type === 'sendPing') {
        this.#send(client, { type: 'ping' });
      } else {
        client.end.close();
        this.#clients.delete(client.end);
      }
    }
  }

  #tell(agent: string, message: CoreDown): void {
    for (const client of this.#clients.values()) if (client.agent === agent) this.#send(client, message);
  }

  #send(client: Client, message: CoreDown): void {
    client.end.send(message);
  }
}
