/**
 * Who may log in, and under which epoch. What this site can tell by itself comes first; then the log-in is put to the
 * other site, so that one agent works at one of them (LL8); then the contact centre admits it. The other site's own
 * question, "end what you hold", is answered here too, and two logins that meet are reduced to one.
 */
import type { Centre, CentreInput } from '@holdfast/centre';
import { type PeerAsk, PeerAsks, type SiteLease } from '@holdfast/continuity';
import { type LogLine, type Millis, WatchedMap } from '@holdfast/kernel';
import {
  compareLoginEpochs,
  type DeskRequest,
  type ErrorCode,
  LOGOUT_REASONS,
  type LoginEpoch,
} from '@holdfast/protocol';
import { askerOf } from './answers.ts';
import type { Client, Clients } from './clients.ts';
import { LoginTurns } from './login-turns.ts';
import type { PeerLogin } from './peer-logins.ts';
import type { PeerOutcome, PeerSite } from './peer-site.ts';

type Login = Extract<DeskRequest, { type: 'AgentLogin' }>;
type CentreLogin = Extract<CentreInput, { type: 'login' }>;

export interface LoginAdmissionPorts {
  readonly clients: Clients;
  readonly lease: SiteLease;
  readonly centre: Pick<Centre, 'loginOf' | 'refusalOf'>;
  readonly peer: Pick<PeerSite, 'canAsk' | 'endLogin'>;
  tell(input: CentreInput): void;
  /** The person to whom an Agent Login belongs. */
  ownerOf(agentId: string): string | undefined;
  /** An enabled Person of this configuration. */
  isPerson(name: string): boolean;
  switchName(): string;
  /** Log-ins a second. */
  loginRate(): number;
  /** Wall clock, ms since 1970. */
  wall(now: Millis): Millis;
  /** A line that the other site can cause at will. */
  logBudgeted(line: LogLine, sender: string): void;
}

/**
 * SS72: a log-in's epoch is the wall clock of its desk, or one above the highest that it knows. An epoch that lies further
 * ahead than any clock is wrong is a lie: remembered as the highest, it would keep that person out for good.
 */
export const EPOCH_AHEAD_MAX_MS = 10 * 365 * 86_400_000;

interface Waiting {
  readonly client: Client;
  readonly request: Login;
  /** Of the token by which it is asked for. */
  readonly tokenIssuedWall: number;
}
type Ask = PeerAsk<Waiting>;

interface Refusal {
  readonly code: ErrorCode;
  readonly text: string;
  readonly epoch?: LoginEpoch;
  readonly retryAfterMs?: Millis;
}

export class LoginAdmission {
  readonly #ports: LoginAdmissionPorts;
  readonly #asks = new PeerAsks<Waiting>();
  readonly #turns = new LoginTurns();
  /** The highest epoch of each person that was told `NotLoggedIn`: what we have denied once we never admit. */
  readonly denied = new WatchedMap<string, LoginEpoch>();

  constructor(ports: LoginAdmissionPorts) {
    this.#ports = ports;
  }

  /** Log-ins that wait for the other site's answer. */
  get size(): number {
    return this.#asks.size;
  }

  /** `person`: whose token it is. Answered exactly once, now or when the other site has. */
  login(now: Millis, person: string, login: Waiting): void {
    const { peer } = this.#ports;
    const { epoch } = login.request;
    const ask = { person, epoch, login };
    const isAsked = peer.canAsk && !this.#asks.isFull;
    const refusal =
      this.#refusalHere(now, ask) ??
      (isAsked ? this.#refusalFirst(now, ask) : undefined) ??
      this.#notYet(now, ask);
    if (refusal !== undefined) return this.#refuse(login, refusal);
    this.#outbid(person, epoch);
    // A site that is silent learns of it when it hears again.
    peer.endLogin(now, person, epoch);
    if (isAsked) return this.#asks.wait(now, ask);
    this.#unanswered(now, ask);
  }

  /** LL8: the other site is about to admit this person under this epoch. */
  endLogin(now: Millis, client: Client, request: Extract<DeskRequest, { type: 'EndLogin' }>): void {
    const { person, epoch, ReferenceID } = request;
    if (this.#isLie(now, person, epoch)) {
      const text = `Epoch ${epoch.number} of ${person} is further ahead than any clock. Set the clock of its desk, or of the server that says so.`;
      return this.#ports.clients.refuse(client.connection, ReferenceID, 'bad-message', { text });
    }
    // An epoch is remembered for the life of the process (AG4): of those who can log in here, and of no name that is made up.
    if (!this.#ports.isPerson(person)) {
      const text = `${person} is no Person of this configuration, or disabled: nothing is said of what will be.`;
      return this.#ports.clients.refuse(client.connection, ReferenceID, 'not-found', { text });
    }
    const known = [this.#asks.of(person)?.epoch, this.denied.get(person)].find(
      (one) => one !== undefined && compareLoginEpochs(one, epoch) > 0,
    );
    this.#tellOf(person, epoch, known);
    if (known !== undefined) {
      const text = `Epoch ${known.number} (${known.desk}) of ${person} is known here. Log in with a higher one.`;
      return this.#ports.clients.refuse(client.connection, ReferenceID, 'epoch-too-low', {
        text,
        epoch: known,
      });
    }
    this.#outbid(person, epoch);
    this.#ports.tell({
      type: 'endLogin',
      person,
      epoch,
      client: askerOf(client.session.key, request),
      referenceId: ReferenceID,
    });
  }

  /** What the other site's epoch does here, so that a site which names wrong ones is seen at work. */
  #tellOf(person: string, epoch: LoginEpoch, known: LoginEpoch | undefined): void {
    const waiting = this.#asks.of(person)?.epoch;
    const standing = this.#ports.centre.loginOf(person)?.epoch;
    const higher = [known, standing].find((one) => one !== undefined && compareLoginEpochs(one, epoch) > 0);
    const log = (what: string, because: string, level: LogLine['level']) =>
      this.#ports.logBudgeted({ level, what, because, detail: { person } }, 'other site');
    if (higher !== undefined)
      log(
        'lower epoch refused',
        `SS72: the other site asks for epoch ${epoch.number}, and ${higher.number} is known here`,
        'info',
      );
    else if (waiting !== undefined && compareLoginEpochs(waiting, epoch) === 0)
      log(
        'same epoch at both sites',
        `SS74: epoch ${epoch.number} logs in here and there; neither is admitted. One desk is started twice, or a site repeats what it hears`,
        'warn',
      );
    else if (standing !== undefined)
      log(
        'log-in ended by the other site',
        `SS71: it admits epoch ${epoch.number}, and here is ${standing.number}`,
        'info',
      );
  }

  #isLie(now: Millis, person: string, epoch: LoginEpoch): boolean {
    if (epoch.number <= this.#ports.wall(now) + EPOCH_AHEAD_MAX_MS) return false;
    const because = `the other site says that ${person} has epoch ${epoch.number}, further ahead than any clock: it is not believed`;
    this.#ports.logBudgeted({ level: 'error', what: 'epoch not believed', because }, 'other site');
    return true;
  }

  /** What the other site has said to `endLogin`. */
  answered(now: Millis, person: string, epoch: LoginEpoch, outcome: PeerOutcome): void {
    const ask = this.#asks.take(person, epoch);
    if (outcome.name === 'higher') {
      if (ask !== undefined) return this.#refuse(ask.login, elsewhere(person, outcome));
      // It has come too late for the log-in, and the lower epoch does not stay for that (LL7).
      if (outcome.isLive) this.#ports.tell({ type: 'endLogin', person, epoch: outcome.epoch });
      return;
    }
    if (ask === undefined) return;
    if (outcome.name === 'ended') this.#admit(now, ask, true);
    else this.#unanswered(now, ask);
  }

  /** The link is lost: nobody waits for what cannot come. */
  peerLost(now: Millis): void {
    for (const ask of this.#asks.takeAll()) this.#unanswered(now, ask);
  }

  /** LL8, when the sites meet: one whose lease has ended yields to one whose lease is live; of two live ones the lower. */
  met(now: Millis, theirs: PeerLogin): void {
    const { centre, lease, peer, tell } = this.#ports;
    const { person } = theirs;
    const ours = centre.loginOf(person);
    if (ours === undefined || this.#isLie(now, person, theirs.epoch)) return;
    const isOursLive = lease.isRoutable(ours.agentId, ours.epoch, now);
    const isOursHigher = compareLoginEpochs(ours.epoch, theirs.epoch) > 0;
    if (isOursLive && isOursHigher) return peer.endLogin(now, person, ours.epoch);
    if (!theirs.isLive) return;
    if (!isOursHigher) return tell({ type: 'endLogin', person, epoch: theirs.epoch });
    const { dn, epoch } = ours;
    tell({ type: 'logout', dn, by: 'server', epoch, reason: LOGOUT_REASONS.superseded });
  }

  /** The agent, whose log-in waits, wants none any more. True: that was all there was to end. */
  withdrawn(
    person: string,
    request: { readonly dn: string; readonly epoch?: LoginEpoch | undefined },
  ): boolean {
    const ask = this.#asks.of(person);
    if (ask === undefined || ask.login.request.dn !== request.dn) return false;
    if (request.epoch !== undefined && compareLoginEpochs(request.epoch, ask.epoch) < 0) return false;
    this.#asks.take(person, ask.epoch);
    this.deny(person, ask.epoch);
    const text = `${person} has logged out before site and peer had agreed. Log in with a higher epoch.`;
    this.#refuse(ask.login, { code: 'not-logged-in', text });
    return this.#ports.centre.loginOf(person)?.dn !== request.dn;
  }

  /** The desk may log in elsewhere on our word, so that a log-in of this epoch that is still on its way comes too late. */
  deny(person: string, epoch: LoginEpoch): void {
    const former = this.denied.get(person);
    if (former === undefined || compareLoginEpochs(epoch, former) > 0) this.denied.set(person, epoch);
  }

  nextDeadline(): Millis | undefined {
    return this.#asks.nextDeadline();
  }

  expire(now: Millis): void {
    for (let ask = this.#asks.takeDue(now); ask !== undefined; ask = this.#asks.takeDue(now))
      this.#unanswered(now, ask);
  }

  /** As where there is no link: the desk has waited (LL4), or has to. */
  #unanswered(now: Millis, ask: Ask): void {
    if (ask.login.request.needsPeer !== true) return this.#admit(now, ask, false);
    const text = 'The other site has not answered. Wait one lease, then log in.';
    this.#refuse(ask.login, { code: 'peer-silent', text });
  }

  #admit(now: Millis, ask: Ask, isConfirmed: boolean): void {
    const { client, request } = ask.login;
    // Who has gone meanwhile would hold the lease of a desk that nobody has.
    if (this.#ports.clients.get(client.connection) !== client) return;
    if (!this.#ports.lease.carried(request.AgentID, request.epoch, request.stamp, now))
      return this.#refuse(ask.login, STALE_STAMP);
    this.#ports.tell(centreLogin(ask, isConfirmed));
  }

  #refusalHere(now: Millis, { person, epoch, login: { request } }: Ask): Refusal | undefined {
    const denied = this.denied.get(person);
    if (denied !== undefined && compareLoginEpochs(epoch, denied) <= 0) {
      const text = `Epoch ${denied.number} (${denied.desk}) was said to be not logged in here. Log in with a higher one.`;
      return { code: 'epoch-too-low', text, epoch: denied };
    }
    const owner = this.#ports.ownerOf(request.AgentID);
    if (owner === undefined) {
      const text = `${request.AgentID} is no Agent Login of ${this.#ports.switchName()}. Check those of the Person.`;
      return { code: 'unknown-agent-login', text };
    }
    if (owner !== person) {
      const text = `The Agent Login ${request.AgentID} does not belong to ${person}. Log in with one that does.`;
      return { code: 'not-allowed', text };
    }
    if (!this.#ports.lease.isFresh(request.stamp, now)) return STALE_STAMP;
    const waiting = this.#asks.of(person);
    return waiting === undefined || compareLoginEpochs(epoch, waiting.epoch) > 0
      ? undefined
      : tooLow(person, waiting.epoch);
  }

  /** What would be refused here anyway ends nothing at the other site; which alone knows whether its own epoch works there. */
  #refusalFirst(now: Millis, ask: Ask): Refusal | undefined {
    const refusal = this.#ports.centre.refusalOf(now, centreLogin(ask, false));
    return refusal?.code === 'epoch-too-low' ? undefined : refusal;
  }

  /** SS80: whose turn has not come is told when it is. */
  #notYet(now: Millis, { person, login: { request } }: Ask): Refusal | undefined {
    const hasCall = request.hasCall === true;
    const retryAfterMs = this.#turns.ask(now, person, { rate: this.#ports.loginRate(), hasCall });
    if (retryAfterMs === 0) return undefined;
    const text = `Many agents log in at once. Log in again in ${retryAfterMs} ms: then it is the turn of ${person}.`;
    return { code: 'overloaded', text, retryAfterMs };
  }

  /** What waits with a lower epoch waits for nothing. */
  #outbid(person: string, epoch: LoginEpoch): void {
    const former = this.#asks.giveWay(person, epoch);
    if (former !== undefined) this.#refuse(former.login, tooLow(person, epoch));
  }

  #refuse({ client, request }: Waiting, { code, ...more }: Refusal): void {
    this.#ports.clients.refuse(client.connection, request.ReferenceID, code, more);
  }
}

const STALE_STAMP: Refusal = {
  code: 'stale-stamp',
  text: 'The stamp is not a fresh one of this server. Wait for the next.',
};

function tooLow(person: string, epoch: LoginEpoch): Refusal {
  const text = `Epoch ${epoch.number} (${epoch.desk}) of ${person} is logging in already. Log in with a higher one.`;
  return { code: 'epoch-too-low', text, epoch };
}

function elsewhere(person: string, { epoch, isLive }: Extract<PeerOutcome, { name: 'higher' }>): Refusal {
  const code = isLive ? 'agent-elsewhere' : 'epoch-too-low';
  const text = `Epoch ${epoch.number} (${epoch.desk}) of ${person} is known at the other site. Log in with a higher one.`;
  return { code, text, epoch };
}

function centreLogin({ person, login }: Ask, isConfirmed: boolean): CentreLogin {
  const { client, request, tokenIssuedWall } = login;
  const { dn, AgentID: agentId, place, queues, epoch, workMode, reasons, ReferenceID: referenceId } = request;
  return {
    type: 'login',
    ...{ dn, agentId, person, place, queues, epoch, tokenIssuedWall },
    ...(workMode === undefined ? {} : { workMode }),
    ...(reasons === undefined ? {} : { reasons }),
    ...(isConfirmed && { isConfirmed }),
    ...{ client: askerOf(client.session.key, request), referenceId },
  };
}
