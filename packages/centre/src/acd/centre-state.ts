/**
 * All that the centre knows, as plain data in a few indexes, and the turn: one input being handled at one
 * instant. The modules beside this one are functions over a turn; they change the state and put effects down in
 * the order in which they must be performed.
 */
import { Deadlines, type LogLine, type Millis, WatchedMap } from '@holdfast/kernel';
import type { LoginEpoch } from '@holdfast/protocol';
import type { AgentState, WrapUp } from './agent.ts';
import type { Call } from './call.ts';
import { type CentreEffect, type DNConfiguration, LOGIN_RULES, type LoginRules } from './centre-types.ts';
import type { LostPlace } from './lost-places.ts';
import type { PhoneState } from './phone.ts';
import { newPoolState, type PoolState } from './pool-state.ts';
import type { IdleAgent, Queue } from './queue.ts';

export interface DN {
  readonly number: string;
  configuration: DNConfiguration;
  phone: PhoneState;
  agent: Agent | undefined;
  /** Calls with a party here, the offered one included, in the order of their arrival. */
  calls: readonly string[];
  /** The call that a queue has rung here and that is not yet answered: never more than one (C52). */
  offer: string | undefined;
  /** The caller of the other site for whom the agent is kept, by his ConnID there, until the call has come (PQ1). */
  reservedFor: string | undefined;
  /** Whether the agent stands in the idle lines of its queues, and where. */
  idle: IdleAgent | undefined;
  /** After a ring that the phone refused: until when no queue rings here (QU9). */
  passedOverUntil: Millis | undefined;
  /**
   * A queue rang here when another server held this centre, and the lease has not been shown to us yet: the phone
   * rings on until then (MC3). Undefined when that is not so.
   */
  ringsOnUntil: Millis | undefined;
}

export interface Agent {
  readonly agentId: string;
  readonly person: string;
  readonly place: string;
  readonly epoch: LoginEpoch;
  /** When the token of this login was made, wall clock, ms since 1970; not `At`: no instant of this process's clock. */
  readonly tokenIssuedWall: number;
  queues: readonly string[];
  routable: boolean;
  state: AgentState;
  /** Since the last business call ended, or since first Ready after the login; undefined before that. */
  idleSince: Millis | undefined;
  /** The last request, change of state or end of a call here (AG22). */
  activeAt: Millis;
}

/** A graceful shutdown that goes on: see graceful-shutdown.ts. */
export interface Shutdown {
  readonly by: string;
  readonly wave: number;
  readonly waveEveryMs: Millis;
  readonly nextWaveAt: Millis;
  /** DNs of idle agents who have not had their turn, in the order in which they go. */
  readonly turns: readonly string[];
  /** Agents whose phones could not register at the other site when it began, and why. */
  readonly staying: readonly { readonly dn: string; readonly agentId: string; readonly because: string }[];
  /** When whoever is left is logged out. */
  readonly deadlineAt: Millis | undefined;
  readonly isPastDeadline: boolean;
  readonly isForced: boolean;
  readonly endsProcess: boolean;
}

export interface CentreState {
  site: string;
  configured: boolean;
  /** Graceful shutdown: agents are let go, nobody logs in. */
  shutdown: Shutdown | undefined;
  wrapUp: WrapUp;
  agentLogins: Map<string, { readonly wrapUp: WrapUp | undefined; readonly rules: LoginRules }>;
  readonly dns: Map<string, DN>;
  readonly queues: Map<string, Queue>;
  readonly calls: WatchedMap<string, Call>;
  /** Where each agent is logged in, by AgentID and by Person. */
  readonly agentDNs: Map<string, string>;
  readonly personDNs: Map<string, string>;
  /** The highest login epoch seen of each Person: an epoch that has ended never logs in again (LL7). */
  readonly highestEpochs: WatchedMap<string, LoginEpoch>;
  /** AD7, by the number of the caller, in the order of loss. */
  readonly lostPlaces: WatchedMap<string, LostPlace>;
  /** For how long a place is kept; 0 is not at all. */
  lostPlaceWindowMs: Millis;
  readonly deadlines: Deadlines<string>;
  /** Counts arrivals in queues. */
  arrivals: number;
  /** What may have changed hands since the last match: see routing.ts. */
  readonly touchedDNs: Set<string>;
  readonly touchedQueues: Set<string>;
  /** Calls that have joined a line in this turn. */
  readonly touchedCalls: Set<string>;
  /** Queues whose lines are not as they were when the other site was told of them. */
  readonly touchedLines: Set<string>;
  readonly pool: PoolState;
  /** What is not as it was when the changes were last taken: see records.ts. */
  readonly changed: Changed;
}

export interface Changed {
  readonly dns: Set<string>;
  readonly queues: Set<string>;
  /** Whether the graceful shutdown is not as it was. */
  shutdown: boolean;
}

export interface Turn {
  readonly state: CentreState;
  readonly now: Millis;
  readonly effects: CentreEffect[];
}

export function newCentreState(): CentreState {
  return {
    site: '',
    configured: false,
    shutdown: undefined,
    wrapUp: 0,
    agentLogins: new Map(),
    dns: new Map(),
    queues: new Map(),
    calls: new WatchedMap(),
    agentDNs: new Map(),
    personDNs: new Map(),
    highestEpochs: new WatchedMap(),
    lostPlaces: new WatchedMap(),
    lostPlaceWindowMs: 0,
    deadlines: new Deadlines(),
    arrivals: 0,
    touchedDNs: new Set(),
    touchedQueues: new Set(),
    touchedCalls: new Set(),
    touchedLines: new Set(),
    pool: newPoolState(),
    changed: { dns: new Set(), queues: new Set(), shutdown: false },
  };
}

/** Deadlines, named for what happens when they pass. */
export const DEADLINE = {
  /** The offered call is taken back. */
  noAnswer: (connId: string) => `no-answer ${connId}`,
  /** The waiting call goes to the overflow DN. */
  overflow: (connId: string) => `overflow ${connId}`,
  /** After-call work ends. */
  wrapUpEnds: (dn: string) => `wrap-up-ends ${dn}`,
  /** Whoever does nothing here is logged out. */
  autoLogout: (dn: string) => `auto-logout ${dn}`,
  /** Queues ring here again. */
  rungAgain: (dn: string) => `rung-again ${dn}`,
  /** A phone that rang under another server rings on no longer without a lease. */
  ringsOn: (dn: string) => `rings-on ${dn}`,
  /** What was granted to a caller of the other site, by his ConnID there, is granted no more. */
  reservationLapses: (connId: string) => `reservation-lapses ${connId}`,
  /** The other site is told of this line again, which it refused. */
  lineTold: (queue: string) => `line-told ${queue}`,
  /** Agents of the other site are asked for again. */
  poolGoesOn: 'pool-goes-on ',
  /** The next wave of a graceful shutdown may go, or all who are left. */
  letGo: (what: 'wave' | 'deadline') => `let-go ${what}`,
} as const;

export function log(turn: Turn, line: LogLine): void {
  turn.effects.push({ type: 'log', line: { ...line, site: turn.state.site } });
}

/** Something about this DN is not as it was: it is looked at when idle and waiting are matched, and recorded. */
export function touchDN(state: CentreState, number: string): void {
  state.touchedDNs.add(number);
  state.changed.dns.add(number);
}

/** The wrap-up time that holds for this agent: the Agent Login's own, else the SIP Server's. */
export function wrapUpOf(state: CentreState, agent: Agent): WrapUp {
  return state.agentLogins.get(agent.agentId)?.wrapUp ?? state.wrapUp;
}

export function rulesOf(state: CentreState, agent: Agent): LoginRules {
  return state.agentLogins.get(agent.agentId)?.rules ?? LOGIN_RULES;
}

/** Whether the DN has a call that is more than ringing: then requests wait for its end (AG5). */
export function isOnCall(state: CentreState, dn: DN): boolean {
  return dn.calls.some((connId) => {
    const call = state.calls.get(connId);
    if (call === undefined) return false;
    return call.origin.dn === dn.number || call.phase.name === 'talking' || call.transfer?.by === dn.number;
  });
}
