/**
 * The lab's eyes: takes what robots show and turns it into the ledger's sightings and the account of calls. It
 * keeps for each agent what is asked for only later: since when the phone is registered where, and when the last
 * lease that the desk has promised has certainly ended.
 */
import { leaseWithMargin } from '@holdfast/continuity';
import type { AlarmName, DeskEffect, DeskView } from '@holdfast/desk';
import type { Because } from '@holdfast/kernel';
import type { PhoneFact } from '@holdfast/sip';
import type { GovernedWait, LaterFacts, Ledger } from '../src/ledger.ts';
import { type CallAccount, endOf, isOrderly } from './call-account.ts';
import { LeaseBook } from './lease-book.ts';
import { PhoneOutages } from './phone-outages.ts';
import type { Robot, RobotWatch } from './robot.ts';
import type { SoundAccount } from './sound-account.ts';
import type { LabTimes } from './times.ts';

/** Decisions kept of each agent on average, and as many alarms: several times what the longest scenario makes. */
const KEPT_PER_AGENT_MAX = 200;
const NOTHING_HEARD = { received: 0, gapMaxMs: 0 } as const;

interface Seen {
  /** Site → since when the phone has a registration there, ms since the run's start. */
  readonly registeredAt: Map<string, number>;
  /** Legs of the phone whose calls both ends have taken. */
  readonly standing: Set<string>;
  /** Receipt of the newest stamp that the desk answered or carried in a log-in, on the lab's clock. */
  stampReceivedAt: number | undefined;
  /** That of the login which a fault has ended. */
  promisedUntil: number | undefined;
  /** Port of the caller with sound to whom the phone speaks. */
  speaksTo: number | undefined;
}

export interface LabDecision {
  readonly at: number;
  readonly agent: string;
  readonly what: string;
  readonly site: string;
  readonly because: Because;
}

export interface LabAlarm {
  readonly at: number;
  readonly agent: string;
  readonly name: AlarmName;
  readonly isRaised: boolean;
  readonly because: Because;
}

/** A desk asked for a login, or was logged in anew: not one whose former login still stood. */
export interface LabLogin {
  readonly at: number;
  readonly agent: string;
  readonly site: string;
}

export interface LabWatchOptions {
  readonly now: () => number;
  readonly clockNow: () => number;
  readonly startedAt: number;
  readonly agents: number;
  readonly times: LabTimes;
  readonly calls: CallAccount;
  readonly sound: SoundAccount;
  /** The site whose clients connect there (`host:port`). */
  readonly siteOf: (server: string) => string | undefined;
  readonly onDecision: (decision: LabDecision) => void;
  readonly onAlarm: (alarm: LabAlarm) => void;
  /** A caller whose agent's phone has left the call: there is nothing to hear any more. */
  readonly onLeftAlone: (callerLeg: string) => void;
}

export class LabWatch implements RobotWatch, LaterFacts {
  ledger: Ledger | undefined;
  /** Decisions of desks, in order; the newest, when there are too many. */
  readonly decisions: LabDecision[] = [];
  /** Alarms of desks, and the end of each, in order; the newest, when there are too many. */
  readonly alarms: LabAlarm[] = [];
  /** New logins, in order; the newest, when there are too many. */
  readonly logins: LabLogin[] = [];
  /** Each log-in that a desk has asked for, in order; the newest, when there are too many. */
  readonly logInsAsked: LabLogin[] = [];
  readonly outages = new PhoneOutages();
  /** Decisions, alarms and logins that are no longer kept. */
  dropped = 0;
  /** Hears what a phone tells, while a scenario listens. */
  onPhone: (robot: Robot, fact: PhoneFact) => void = () => {};
  /** How long each site may hold each agent routable. */
  readonly leases: LeaseBook;
  readonly #options: LabWatchOptions;
  readonly #seen = new Map<string, Seen>();

  constructor(options: LabWatchOptions) {
    this.#options = options;
    this.leases = new LeaseBook(options.times.leaseLengthMs);
  }

  desk(robot: Robot, { fact, site, governedBy, because }: Extract<DeskEffect, { type: 'fact' }>): void {
    const at = this.#options.now();
    const see = (sighting: Parameters<Ledger['see']>[2]) => this.ledger?.see(at, robot.name, sighting);
    switch (fact) {
      case 'detected': {
        const seen = this.#of(robot.name);
        if (seen.stampReceivedAt !== undefined) {
          seen.promisedUntil =
            seen.stampReceivedAt -
            this.#options.startedAt +
            leaseWithMargin(this.#options.times.leaseLengthMs);
        }
        return see({ type: 'detected' });
      }
      case 'decided':
        return see({
          type: 'decided',
          to: site,
          because: because ?? '',
          option: this.#governing(governedBy),
        });
      case 'connected':
        return see({ type: 'connected', site });
      case 'loginSent':
        return this.#keep(this.logInsAsked, { at, agent: robot.name, site });
      case 'loggedIn':
        this.#keep(this.logins, { at, agent: robot.name, site });
        return see({ type: 'loggedIn', site });
      case 'ready':
        return see({ type: 'ready', site });
    }
  }

  /** The wait is the lab's own setting: what a desk says of itself proves nothing. */
  #governing(name: string | null): GovernedWait | undefined {
    const { siteTimeoutS, phoneTimeoutS } = this.#options.times;
    switch (name) {
      case 'disaster-recovery.timeout':
      case 'site-timeout':
        return { name, valueMs: 1000 * siteTimeoutS };
      case 'disaster-recovery.wait-for-sipphone-timeout':
      case 'site-sip-register-timeout':
        return { name, valueMs: 1000 * phoneTimeoutS };
      default:
        return undefined;
    }
  }

  decision(robot: Robot, decision: Pick<LabDecision, 'what' | 'site' | 'because'>): void {
    const { what, site, because } = decision;
    const entry = { at: this.#options.now(), agent: robot.name, what, site, because };
    this.#keep(this.decisions, entry);
    this.#options.onDecision(entry);
  }

  alarm(robot: Robot, { name, isRaised, because }: Extract<DeskEffect, { type: 'alarm' }>): void {
    const entry = { at: this.#options.now(), agent: robot.name, name, isRaised, because };
    this.#keep(this.alarms, entry);
    this.#options.onAlarm(entry);
  }

  #keep<Entry>(kept: Entry[], entry: Entry): void {
    this.dropped += keepNewest(kept, entry, KEPT_PER_AGENT_MAX * this.#options.agents);
  }

  view(_robot: Robot, _view: DeskView, _before: DeskView | undefined): void {}

  phone(robot: Robot, fact: PhoneFact, byeStatus: number | undefined): void {
    this.onPhone(robot, fact);
    const { registeredAt, standing } = this.#of(robot.name);
    const at = this.#options.now();
    switch (fact.name) {
      case 'registered':
        // A refresh is no news: it is the first 200 OK that counts.
        if (!registeredAt.has(fact.site)) registeredAt.set(fact.site, at);
        return this.outages.registered(at, robot.name);
      case 'lost':
        if (registeredAt.delete(fact.site) && registeredAt.size === 0) this.outages.lost(at, robot.name);
        return;
      case 'ringing':
        this.#options.calls.ringing(at, robot.name, fact.leg);
        return;
      case 'established':
        standing.add(fact.leg);
        return;
      case 'ended': {
        standing.delete(fact.leg);
        const end = endOf(fact, byeStatus);
        const left = this.#options.calls.agentEnded(robot.name, fact.leg, end);
        if (left !== undefined) this.#options.onLeftAlone(left);
        const afterCallWorkMs = isOrderly(end) ? 1000 * this.#options.times.wrapUpS : 0;
        this.ledger?.see(at, robot.name, { type: 'callEnded', leg: fact.leg, afterCallWorkMs });
        return;
      }
      default:
    }
  }

  media(robot: Robot, leg: string, remotePort: number | undefined): void {
    const { calls, sound, now } = this.#options;
    const seen = this.#of(robot.name);
    const own = robot.sound?.port ?? 0;
    if (seen.speaksTo !== undefined && seen.speaksTo !== remotePort) {
      const ports = { agent: own, caller: seen.speaksTo };
      if (robot.sound !== undefined) sound.ended(now(), 'agent', ports, robot.sound.figures);
      seen.speaksTo = undefined;
    }
    if (remotePort === undefined) return;
    calls.answered(now(), robot.name, leg, remotePort);
    if (robot.options.isSilentAt(remotePort)) return;
    seen.speaksTo = remotePort;
    const hears = () => robot.sound?.figures ?? NOTHING_HEARD;
    sound.begun(now(), 'agent', { agent: own, caller: remotePort }, hears);
  }

  stampPromised(robot: Robot, server: string, receivedAt: number): void {
    this.#of(robot.name).stampReceivedAt = receivedAt;
    const site = this.#options.siteOf(server);
    if (site !== undefined)
      this.leases.promised(robot.options.dn, site, receivedAt - this.#options.startedAt);
  }

  phoneAt(agent: string, site: string): number | undefined {
    return this.#of(agent).registeredAt.get(site);
  }

  leaseEndAt(agent: string): number | undefined {
    return this.#of(agent).promisedUntil;
  }

  /** Calls of the agent that both ends have taken, by their legs, as the phone sees it. */
  callsOf(agent: string): readonly string[] {
    return [...this.#of(agent).standing];
  }

  /** Sites at which the phone is registered, as the phone sees it. */
  registeredAt(agent: string): readonly string[] {
    return [...this.#of(agent).registeredAt.keys()];
  }

  /** The agent's desk and phone have ended. */
  forget(agent: string): void {
    this.outages.forget(agent);
    this.#seen.delete(agent);
  }

  #of(agent: string): Seen {
    let seen = this.#seen.get(agent);
    if (seen === undefined) {
      seen = {
        registeredAt: new Map(),
        standing: new Set(),
        stampReceivedAt: undefined,
        promisedUntil: undefined,
        speaksTo: undefined,
      };
      this.#seen.set(agent, seen);
    }
    return seen;
  }
}

/** Adds an entry, and says how many of the oldest had to go for it. */
export function keepNewest<Entry>(kept: Entry[], entry: Entry, max: number): number {
  kept.push(entry);
  return kept.splice(0, Math.max(0, kept.length - max)).length;
}
