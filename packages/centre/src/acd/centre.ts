/**
 * The contact centre of one site as a node: it is told facts and requests, one at a time, and answers with
 * events, rings and releases, in the order in which they must be performed.
 *
 *   input ─▶ the module that knows it (logins, call-flow, configure) ─▶ match idle and waiting ─▶ effects
 *
 * Start reading at agent.ts, queue.ts and call.ts, the three things there are; then routing.ts, which brings
 * them together; then queueing.ts, the way of a call. The rules are in ../../SPEC.md under their ids.
 */
import { type HeldRecord, type Millis, type Node, type Plain, unreachable } from '@holdfast/kernel';
import type { DNSnapshot, LoginEpoch, QueueSnapshot } from '@holdfast/protocol';
import { adopt, type Rejoined, rejoin } from './adoption.ts';
import { changeAgent } from './agent-changes.ts';
import { attachUserData, deleteUserData } from './attached-data.ts';
import type { Call } from './call.ts';
import * as calls from './call-flow.ts';
import { type CentreState, newCentreState, type Turn, touchDN } from './centre-state.ts';
import type { AgentView, CentreEffect, CentreInput, QueueCounters, ShutdownView } from './centre-types.ts';
import { configure } from './configure.ts';
import { gracefulShutdown, letGo, shutdownViewOf } from './graceful-shutdown.ts';
import * as logins from './logins.ts';
import * as poolAgents from './pool-agents.ts';
import * as poolCallers from './pool-callers.ts';
import { adoptWaiting, offerFailed, overflow, treatWaiting } from './queueing.ts';
import { load, recordKeys, recordOf, takeChanges } from './records.ts';
import { match } from './routing.ts';
import { agentViewOf, agentViews, countersOf, snapshotOfDN, snapshotsOfQueues } from './snapshots.ts';
import * as transfers from './transfers.ts';
import { type Unassigned, unassigned, waitingCount } from './unassigned.ts';

export class Centre implements Node<CentreInput, CentreEffect> {
  readonly #state: CentreState = newCentreState();

  handle(now: Millis, input: CentreInput): CentreEffect[] {
    const turn: Turn = { state: this.#state, now, effects: [] };
    handleInput(turn, input);
    settle(turn);
    return turn.effects;
  }

  nextDeadline(): Millis | undefined {
    return this.#state.deadlines.next();
  }

  expire(now: Millis): CentreEffect[] {
    const turn: Turn = { state: this.#state, now, effects: [] };
    for (
      let name = this.#state.deadlines.takeDue(now);
      name !== undefined;
      name = this.#state.deadlines.takeDue(now)
    ) {
      handleDeadline(turn, name);
      settle(turn);
    }
    return turn.effects;
  }

  /** Undefined when there is no such DN. */
  dnSnapshot(dn: string, now: Millis): DNSnapshot | undefined {
    const found = this.#state.dns.get(dn);
    return found && snapshotOfDN(this.#state, found, now);
  }

  allSnapshots(now: Millis): DNSnapshot[] {
    return [...this.#state.dns.values()].map((dn) => snapshotOfDN(this.#state, dn, now));
  }

  queueSnapshots(now: Millis): QueueSnapshot[] {
    return snapshotsOfQueues(this.#state, now);
  }

  agents(): AgentView[] {
    return agentViews(this.#state);
  }

  /** Whoever is logged in on this DN, as of the last input. */
  agentOn(dn: string): AgentView | undefined {
    const found = this.#state.dns.get(dn);
    return found && agentViewOf(found);
  }

  /** The same agent without the picture, which would be drawn for every stamp that is answered. */
  loginOn(dn: string): { readonly person: string; readonly agentId: string } | undefined {
    const agent = this.#state.dns.get(dn)?.agent;
    return agent === undefined || agent.state.name === 'LoggedOut' ? undefined : agent;
  }

  /** Where this person is logged in, as of the last input. */
  loginOf(
    person: string,
  ): { readonly dn: string; readonly agentId: string; readonly epoch: LoginEpoch } | undefined {
    const dn = this.#state.personDNs.get(person);
    const agent = dn === undefined ? undefined : this.#state.dns.get(dn)?.agent;
    return dn === undefined || agent === undefined
      ? undefined
      : { dn, agentId: agent.agentId, epoch: agent.epoch };
  }

  /** Why this login would be refused now; nothing changes. */
  refusalOf(now: Millis, login: Extract<CentreInput, { type: 'login' }>): logins.LoginRefusal | undefined {
    return logins.refusalOf({ state: this.#state, now, effects: [] }, login);
  }

  get isShuttingDown(): boolean {
    return this.#state.shutdown !== undefined;
  }

  /** Where the graceful shutdown stands; undefined while there is none. */
  shutdownView(): ShutdownView | undefined {
    return shutdownViewOf(this.#state);
  }

  /** PQ5: while a graceful shutdown goes on, a phone without an agent and without a call has no business here. */
  isLetGo(dn: string): boolean {
    const found = this.#state.dns.get(dn);
    return (
      this.isShuttingDown && found !== undefined && found.agent === undefined && found.calls.length === 0
    );
  }

  /** Neither an agent nor a call is left of a graceful shutdown. */
  get isDrained(): boolean {
    return this.isShuttingDown && this.agentCount === 0 && this.callCount === 0;
  }

  /** Agents who are logged in. */
  get agentCount(): number {
    return this.#state.agentDNs.size;
  }

  /** Keys of what is not as it was when this was last asked: see records.ts. */
  takeChanges(): string[] {
    return takeChanges(this.#state);
  }

  /** Keys of all that has a record. */
  recordKeys(): string[] {
    return recordKeys(this.#state);
  }

  /** What stands under the key now; undefined when nothing does. */
  record(key: string, now: Millis): Plain | undefined {
    return recordOf(this.#state, key, now);
  }

  /** MC1: goes on as the centre whose records these are. Once, after the configuration and before any fact. */
  load(now: Millis, records: Iterable<readonly [string, HeldRecord]>, ringsOnMs: Millis): CentreEffect[] {
    const turn: Turn = { state: this.#state, now, effects: [] };
    load(turn, records, ringsOnMs);
    match(turn);
    // Whoever may go, goes with the next turn: a wave may have become due while nobody held this.
    treatWaiting(turn);
    return turn.effects;
  }

  /** A call of the other site goes on here: one that stood (AD1), or whose caller waited in a queue or for a phone (AD2). */
  adopt(now: Millis, call: Call): CentreEffect[] {
    const turn: Turn = { state: this.#state, now, effects: [] };
    if (call.phase.name === 'talking') adopt(turn, call);
    else adoptWaiting(turn, call);
    settle(turn);
    return turn.effects;
  }

  /** The end that the other site had of a call of ours is ours now (AD11); undefined where one of the two does not stand. */
  rejoin(now: Millis, rejoined: Rejoined): CentreEffect[] | undefined {
    const turn: Turn = { state: this.#state, now, effects: [] };
    if (!rejoin(turn, rejoined)) return undefined;
    settle(turn);
    return turn.effects;
  }

  counters(): QueueCounters[] {
    return countersOf(this.#state);
  }

  /** Calls that are not over. */
  get callCount(): number {
    return this.#state.calls.size;
  }

  /** Callers in queues. */
  get waitingCount(): number {
    return waitingCount(this.#state);
  }

  /** GF3: a caller who waits although an agent could have the call; there should be none at any time. */
  unassigned(now: Millis): Unassigned | undefined {
    return unassigned(this.#state, now);
  }

  /** For `checkCentre` alone: nobody else reads or writes it. */
  get stateToCheck(): CentreState {
    return this.#state;
  }
}

/** Every decision ends here: whoever can be brought together is, and whoever is left waits, or may go (AG20). */
function settle(turn: Turn): void {
  logins.logOutPhoneless(turn);
  match(turn);
  letGo(turn);
  treatWaiting(turn);
  poolCallers.announce(turn);
}

function handleInput(turn: Turn, input: CentreInput): void {
  switch (input.type) {
    case 'configured':
      return configure(turn, input.configuration);
    case 'phone':
      return logins.phoneChanged(turn, input);
    case 'routable':
      return logins.routableChanged(turn, input);
    case 'login':
      return logins.login(turn, input);
    case 'endLogin':
      return logins.endElsewhere(turn, input);
    case 'logout':
      return logins.logout(turn, input);
    case 'shutdown':
      return gracefulShutdown(turn, input);
    case 'ready':
    case 'notReady':
      return logins.ask(turn, input);
    case 'callStarted':
      return calls.callStarted(turn, input);
    case 'partyRinging':
      return calls.partyRinging(turn, input);
    case 'partyAnswered':
      return calls.partyAnswered(turn, input);
    case 'partyFailed':
      return calls.partyFailed(turn, input);
    case 'partyRedirected':
      return calls.partyRedirected(turn, input);
    case 'partyGone':
      return calls.partyGone(turn, input);
    case 'partyHeld':
      return calls.partyHeld(turn, input);
    case 'attachUserData':
      return attachUserData(turn, input);
    case 'deleteUserData':
      return deleteUserData(turn, input);
    case 'releaseCall':
      return calls.releaseCall(turn, input);
    case 'transfer':
      return transfers.transfer(turn, input);
    case 'completeTransfer':
      return transfers.completeTransfer(turn, input);
    case 'poolLink':
      return poolCallers.poolLinked(turn, input);
    case 'poolGranted':
      return poolCallers.granted(turn, input);
    case 'poolRefused':
      return poolCallers.refused(turn, input);
    case 'waitElsewhere':
      return poolAgents.waitElsewhere(turn, input);
    case 'poolTaken':
      return poolAgents.taken(turn, input);
    case 'poolDeclined':
      return poolAgents.declined(turn, input);
    case 'elsewhereLost':
      return poolAgents.elsewhereLost(turn);
    default:
      return unreachable(input);
  }
}

function handleDeadline(turn: Turn, name: string): void {
  const space = name.indexOf(' ');
  const id = name.slice(space + 1);
  const { state } = turn;
  switch (name.slice(0, space)) {
    case 'no-answer': {
      const call = state.calls.get(id);
      if (call === undefined) return;
      poolCallers.crossingFailed(turn, call);
      return offerFailed(turn, call, 'no-answer');
    }
    case 'overflow': {
      const call = state.calls.get(id);
      if (call !== undefined) overflow(turn, call, 'the longest wait is over');
      return;
    }
    case 'wrap-up-ends': {
      const dn = state.dns.get(id);
      if (dn !== undefined) changeAgent(turn, dn, { type: 'timeUp' });
      return;
    }
    case 'auto-logout': {
      const dn = state.dns.get(id);
      if (dn !== undefined) logins.autoLogout(turn, dn);
      return;
    }
    case 'rings-on': {
      const dn = state.dns.get(id);
      if (dn !== undefined) logins.stopRingingOn(turn, dn);
      return;
    }
    case 'rung-again':
      return touchDN(state, id);
    case 'reservation-lapses':
      return poolAgents.reservationLapses(turn, id);
    case 'line-told':
      return void state.touchedLines.add(id);
    case 'pool-goes-on':
      return poolCallers.poolGoesOn(turn);
    case 'let-go':
      // Whoever may go does so at the end of this turn, as of every turn.
      return;
  }
}
