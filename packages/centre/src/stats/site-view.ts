/**
 * What a Stat Server knows of its site: a snapshot of the SIP Server, and the events since laid over it. It holds
 * what goes on now and nothing of the past, so it is never larger than the site's logins and calls.
 *
 * Instants are on the clock of whoever follows; an event that was missed and is told later comes with the instant
 * at which it happened.
 */
import type { Millis } from '@holdfast/kernel';
import type {
  AgentStatus,
  DNSnapshot,
  EventAttributes,
  EventName,
  QueueSnapshot,
  Reasons,
} from '@holdfast/protocol';
import { type PartOfCall, type Standing, statusMs, statusOf } from './agent-status.ts';

/** Calls on one extension that are followed; a SIP Server that tells of more makes a mistake. */
export const CALLS_ON_DN_MAX = 64;
/** Callers in one queue that are followed; the figures do not grow beyond. */
export const WAITING_MAX = 100_000;

/** What of the site is followed; whatever else the SIP Server tells of is left out. */
export interface SiteObjects {
  readonly persons: ReadonlySet<string>;
  /** With the Place of each, where there is one. */
  readonly extensions: ReadonlyMap<string, string | undefined>;
  readonly queues: ReadonlySet<string>;
}

/** Who is logged in on a DN, as the SIP Server has said. */
export interface FollowedAgent extends Standing {
  readonly AgentID: string;
  readonly person: string;
  readonly queues: readonly string[];
  readonly reasons: Reasons;
}

export interface AgentFigures {
  readonly status: AgentStatus;
  /** Undefined when its beginning is not known. */
  readonly since: Millis | undefined;
  readonly reasons: Reasons;
  readonly login: (FollowedAgent & { readonly dn: string; readonly place: string | undefined }) | undefined;
}

export interface QueueFigures {
  readonly callsWaiting: number;
  /** Since when the first of them waits. */
  readonly waitingSince: Millis | undefined;
  readonly agentsLoggedIn: number;
  readonly agentsReady: number;
}

/** Names of what may have changed. */
export interface Touched {
  readonly agents: ReadonlySet<string>;
  readonly queues: ReadonlySet<string>;
}

interface FollowedDN {
  agent: FollowedAgent | undefined;
  readonly calls: Map<string, PartOfCall>;
  status: { readonly status: AgentStatus; readonly since: Millis } | undefined;
}

export class SiteView {
  #objects: SiteObjects = { persons: new Set(), extensions: new Map(), queues: new Set() };
  /** Whether a snapshot has ever come. */
  #isMonitored = false;
  /** Extensions on which something goes on. */
  #dns = new Map<string, FollowedDN>();
  /** Where each person is logged in. */
  #loginDNs = new Map<string, string>();
  readonly #logouts = new Map<string, { readonly since: Millis; readonly reasons: Reasons }>();
  /** Queue → call → since when its caller waits, in all. */
  readonly #waiting = new Map<string, Map<string, Millis>>();
  #touched: { agents: Set<string>; queues: Set<string> } = { agents: new Set(), queues: new Set() };

  configure(objects: SiteObjects): void {
    this.#objects = objects;
    for (const person of this.#logouts.keys()) if (!objects.persons.has(person)) this.#logouts.delete(person);
    for (const queue of this.#waiting.keys()) if (!objects.queues.has(queue)) this.#waiting.delete(queue);
    for (const [dn, followed] of this.#dns) {
      if (objects.extensions.has(dn)) continue;
      this.#endLogin(dn, followed);
      this.#dns.delete(dn);
    }
  }

  /** How much is held. */
  sizes() {
    let waiting = 0;
    for (const callers of this.#waiting.values()) waiting += callers.size;
    return { dns: this.#dns.size, logouts: this.#logouts.size, waiting };
  }

  takeTouched(): Touched {
    const touched = this.#touched;
    this.#touched = { agents: new Set(), queues: new Set() };
    return touched;
  }

  /** Everything, as it stands `now`. */
  snapshot(dns: readonly DNSnapshot[], queues: readonly QueueSnapshot[], now: Millis): void {
    const before = this.#dns;
    this.#dns = new Map();
    this.#loginDNs = new Map();
    for (const one of dns) this.#takeDN(one, before.get(one.dn), now);
    // Who is logged out may have come and gone since.
    this.#logouts.clear();
    this.#waiting.clear();
    for (const { dn, waiting } of queues) {
      if (!this.#objects.queues.has(dn)) continue;
      const callers = waiting.slice(0, WAITING_MAX);
      this.#waiting.set(dn, new Map(callers.map(({ ConnID, waitedMs }) => [ConnID, now - waitedMs])));
    }
    this.#isMonitored = true;
    this.#touched = { agents: new Set(this.#objects.persons), queues: new Set(this.#objects.queues) };
  }

  #takeDN({ dn, agent, calls }: DNSnapshot, before: FollowedDN | undefined, now: Millis): void {
    if (!this.#objects.extensions.has(dn) || (agent === undefined && calls.length === 0)) return;
    const followed: FollowedDN = { agent: undefined, calls: new Map(), status: undefined };
    for (const { ConnID, CallType, state } of calls.slice(0, CALLS_ON_DN_MAX))
      followed.calls.set(ConnID, { CallType, state });
    if (agent !== undefined && agent.state !== 'LoggedOut') {
      const { AgentID, person, queues, state, workMode, reasons, sinceMs } = agent;
      followed.agent = { AgentID, person, queues, state, workMode, reasons };
      this.#loginDNs.set(person, dn);
      const status = statusOf(followed.agent, followed.calls.values());
      const since = now - statusMs({ state, workMode, sinceMs }, calls);
      const seen = before?.agent?.person === person ? before.status : undefined;
      // What was seen live is better known: a snapshot tells how long a call or a break lasts, not a status.
      followed.status = { status, since: seen?.status === status ? Math.max(seen.since, since) : since };
    }
    this.#dns.set(dn, followed);
  }

  /** One event of the SIP Server's log, which happened `at`. */
  event({ name, attributes }: { name: EventName; attributes: EventAttributes }, at: Millis): void {
    const { ThisDN: dn, ConnID } = attributes;
    if (this.#objects.queues.has(dn)) {
      if (ConnID !== undefined) this.#queueEvent(dn, { name, ConnID, attributes }, at);
      return;
    }
    if (!this.#objects.extensions.has(dn)) return;
    const followed = this.#dns.get(dn) ?? { agent: undefined, calls: new Map(), status: undefined };
    this.#dns.set(dn, followed);
    switch (name) {
      case 'EventAgentLogin':
        this.#login(dn, followed, attributes);
        break;
      case 'EventAgentReady':
      case 'EventAgentNotReady':
        stand(followed, name === 'EventAgentReady' ? 'Ready' : 'NotReady', attributes);
        break;
      case 'EventAgentLogout':
        this.#logout(dn, followed, attributes.Reasons ?? {}, at);
        break;
      default:
        if (ConnID !== undefined) changeCalls(followed.calls, { name, ConnID, attributes });
    }
    this.#judge(followed, at);
    if (followed.agent === undefined && followed.calls.size === 0) this.#dns.delete(dn);
  }

  agent(person: string): AgentFigures {
    const dn = this.#loginDNs.get(person);
    const followed = dn === undefined ? undefined : this.#dns.get(dn);
    if (dn !== undefined && followed?.agent !== undefined && followed.status !== undefined) {
      const { agent, status } = followed;
      const reasons = agent.state === 'NotReady' ? agent.reasons : {};
      return { ...status, reasons, login: { ...agent, dn, place: this.#objects.extensions.get(dn) } };
    }
    if (!this.#isMonitored)
      return { status: 'NotMonitored', since: undefined, reasons: {}, login: undefined };
    const logout = this.#logouts.get(person);
    return { status: 'LoggedOut', since: logout?.since, reasons: logout?.reasons ?? {}, login: undefined };
  }

  queue(dn: string): QueueFigures {
    const callers = this.#waiting.get(dn);
    let waitingSince: Millis | undefined;
    for (const since of callers?.values() ?? [])
      if (waitingSince === undefined || since < waitingSince) waitingSince = since;
    let agentsLoggedIn = 0;
    let agentsReady = 0;
    for (const { agent } of this.#dns.values()) {
      if (agent?.queues.includes(dn) !== true) continue;
      agentsLoggedIn += 1;
      if (agent.state === 'Ready') agentsReady += 1;
    }
    return { callsWaiting: callers?.size ?? 0, waitingSince, agentsLoggedIn, agentsReady };
  }

  #queueEvent(queue: string, { name, ConnID, attributes }: CallEvent, at: Millis): void {
    const callers = this.#waiting.get(queue) ?? new Map<string, Millis>();
    this.#waiting.set(queue, callers);
    if (name === 'EventQueued' && callers.size < WAITING_MAX) {
      const waitedMs = attributes.Extensions?.WaitedMs;
      callers.set(ConnID, typeof waitedMs === 'number' ? at - waitedMs : at);
    } else if (name === 'EventDiverted' || name === 'EventAbandoned') callers.delete(ConnID);
    this.#touched.queues.add(queue);
  }

  #login(dn: string, followed: FollowedDN, attributes: EventAttributes): void {
    const { AgentID = '', WorkMode = 'Unknown', Reasons = {}, Extensions = {} } = attributes;
    const person = String(Extensions.Person ?? '');
    const queues = String(Extensions.Queues ?? '')
      .split(',')
      .filter((queue) => queue !== '');
    // The same person again on the same DN: one login follows the other without a logout (AG3).
    this.#endLogin(dn, followed);
    followed.agent = { AgentID, person, queues, state: 'NotReady', workMode: WorkMode, reasons: Reasons };
    followed.status = undefined;
    this.#loginDNs.set(person, dn);
    this.#logouts.delete(person);
  }

  #logout(dn: string, followed: FollowedDN, reasons: Reasons, at: Millis): void {
    const person = followed.agent?.person;
    this.#endLogin(dn, followed);
    if (person !== undefined && this.#objects.persons.has(person))
      this.#logouts.set(person, { since: at, reasons });
  }

  #endLogin(dn: string, followed: FollowedDN): void {
    const { agent } = followed;
    if (agent === undefined) return;
    this.#touch(agent);
    if (this.#loginDNs.get(agent.person) === dn) this.#loginDNs.delete(agent.person);
    followed.agent = undefined;
    followed.status = undefined;
  }

  /** A status begins when its word changes. */
  #judge(followed: FollowedDN, at: Millis): void {
    const { agent, status } = followed;
    if (agent === undefined) return;
    this.#touch(agent);
    const next = statusOf(agent, followed.calls.values());
    if (next !== status?.status) followed.status = { status: next, since: at };
  }

  #touch({ person, queues }: FollowedAgent): void {
    this.#touched.agents.add(person);
    for (const queue of queues) this.#touched.queues.add(queue);
  }
}

interface CallEvent {
  readonly name: EventName;
  readonly ConnID: string;
  readonly attributes: EventAttributes;
}

function stand(followed: FollowedDN, state: Standing['state'], { WorkMode, Reasons }: EventAttributes): void {
  const { agent } = followed;
  if (agent === undefined) return;
  followed.agent = { ...agent, state, workMode: WorkMode ?? 'Unknown', reasons: Reasons ?? {} };
}

const CALL_STATES: Partial<Record<EventName, PartOfCall['state'] | 'over'>> = {
  EventDialing: 'Dialing',
  EventRinging: 'Ringing',
  EventEstablished: 'Established',
  EventRetrieved: 'Established',
  EventHeld: 'Held',
  EventReleased: 'over',
  EventAbandoned: 'over',
};

function changeCalls(calls: Map<string, PartOfCall>, { name, ConnID, attributes }: CallEvent): void {
  const { PreviousConnID } = attributes;
  if (name === 'EventPartyChanged' && PreviousConnID !== undefined) {
    // Two calls have become one: this one is known by the name of the other from now on.
    const known = calls.get(PreviousConnID);
    calls.delete(PreviousConnID);
    if (known !== undefined) calls.set(ConnID, { ...known, CallType: attributes.CallType ?? known.CallType });
    return;
  }
  const state = CALL_STATES[name];
  if (state === undefined) return;
  if (state === 'over') {
    calls.delete(ConnID);
    return;
  }
  if (!calls.has(ConnID) && calls.size >= CALLS_ON_DN_MAX) return;
  calls.set(ConnID, { CallType: attributes.CallType ?? 'Unknown', state });
}
