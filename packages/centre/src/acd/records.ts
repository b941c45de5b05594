/**
 * The centre as records under keys, so that another server holds it and can go on with it (MC1): the mate of a pair
 * now, the other site for what it takes over. What can be told from the rest (deadlines, idle lines, indexes) is
 * not recorded but made anew.
 *
 *     dn/6001       phone, agent, calls, what a queue rings there
 *     call/<ConnID> the call, with its place in line
 *     queue/7000    the counters
 *     person/anna   the highest login epoch
 *     place/49301…  the place in line of a caller who was lost
 *     site/shutdown the graceful shutdown that goes on
 */
import { fromRecord, type HeldRecord, type Millis, type Plain, toRecord } from '@holdfast/kernel';
import type { LoginEpoch } from '@holdfast/protocol';
import type { WrapUp } from './agent.ts';
import { armAutoLogout } from './auto-logout.ts';
import type { Call } from './call.ts';
import {
  type Agent,
  type CentreState,
  DEADLINE,
  type DN,
  log,
  type Shutdown,
  type Turn,
  touchDN,
} from './centre-state.ts';
import { armShutdown } from './graceful-shutdown.ts';
import type { LostPlace } from './lost-places.ts';
import { overflowAt, type Queue } from './queue.ts';
import { end } from './queueing.ts';

interface DNRecord {
  readonly phone: DN['phone'];
  readonly agent?: Omit<Agent, 'routable'>;
  readonly calls: readonly string[];
  readonly offer?: string;
  readonly passedOverUntil?: Millis;
}

const SHUTDOWN = 'site/shutdown';

/** Keys of what is not as it was when this was last asked. */
export function takeChanges(state: CentreState): string[] {
  const { changed } = state;
  const keys: string[] = [];
  for (const dn of changed.dns) keys.push(`dn/${dn}`);
  for (const queue of changed.queues) keys.push(`queue/${queue}`);
  for (const connId of state.calls.takeChanged()) keys.push(`call/${connId}`);
  for (const person of state.highestEpochs.takeChanged()) keys.push(`person/${person}`);
  for (const ani of state.lostPlaces.takeChanged()) keys.push(`place/${ani}`);
  if (changed.shutdown) keys.push(SHUTDOWN);
  changed.dns.clear();
  changed.queues.clear();
  changed.shutdown = false;
  return keys;
}

/** Keys of all that has a record, for whoever has none yet. */
export function recordKeys(state: CentreState): string[] {
  const keys = [...state.dns.keys()].map((dn) => `dn/${dn}`);
  for (const queue of state.queues.keys()) keys.push(`queue/${queue}`);
  for (const connId of state.calls.keys()) keys.push(`call/${connId}`);
  for (const person of state.highestEpochs.keys()) keys.push(`person/${person}`);
  for (const ani of state.lostPlaces.keys()) keys.push(`place/${ani}`);
  return [...keys, SHUTDOWN];
}

/** What stands under the key; undefined when there is nothing (any more). */
export function recordOf(state: CentreState, key: string, now: Millis): Plain | undefined {
  const [kind, name] = parted(key);
  const value = standsUnder(state, kind, name);
  return value === undefined ? undefined : toRecord(value, now);
}

function standsUnder(state: CentreState, kind: string, name: string): unknown {
  switch (kind) {
    case 'dn': {
      const dn = state.dns.get(name);
      return dn && recordOfDN(dn);
    }
    case 'call':
      return state.calls.get(name);
    case 'queue':
      return state.queues.get(name)?.counters;
    case 'person':
      return state.highestEpochs.get(name);
    case 'place':
      return state.lostPlaces.get(name);
    default:
      return state.shutdown;
  }
}

/** A DN of which nothing is known but what the configuration says needs no record. */
function recordOfDN({ phone, agent, calls, offer, passedOverUntil }: DN): DNRecord | undefined {
  if (!phone.inService && agent === undefined && calls.length === 0) return undefined;
  const record: DNRecord = { phone, calls };
  if (agent === undefined) return { ...record, ...(offer !== undefined && { offer }) };
  const { routable: _ofTheLease, ...login } = agent;
  return {
    ...record,
    agent: login,
    ...(offer !== undefined && { offer }),
    ...(passedOverUntil !== undefined && { passedOverUntil }),
  };
}

/** Whoever was routable there is not here before a lease is shown (LL3); a phone that rings rings on for `ringsOnMs`. */
export function load(turn: Turn, records: Iterable<readonly [string, HeldRecord]>, ringsOnMs: Millis): void {
  const { state } = turn;
  const calls: Call[] = [];
  for (const [key, { value, heldAt }] of records) {
    const [kind, name] = parted(key);
    switch (kind) {
      case 'dn':
        loadDN(turn, state.dns.get(name), fromRecord(value, heldAt), ringsOnMs);
        break;
      case 'call':
        calls.push(fromRecord(value, heldAt));
        break;
      case 'queue':
        loadCounters(state.queues.get(name), fromRecord(value, heldAt));
        break;
      case 'person':
        state.highestEpochs.set(name, fromRecord<LoginEpoch>(value, heldAt));
        break;
      case 'place':
        state.lostPlaces.set(name, fromRecord<LostPlace>(value, heldAt));
        break;
      case 'site':
        state.shutdown = fromRecord<Shutdown>(value, heldAt);
        armShutdown(state);
        break;
    }
  }
  for (const call of calls) loadCall(turn, call);
}

function loadDN(turn: Turn, dn: DN | undefined, record: DNRecord, ringsOnMs: Millis): void {
  // Our configuration does not know it: whoever was there is not here.
  if (dn === undefined) return;
  const { state, now } = turn;
  dn.phone = record.phone;
  dn.calls = record.calls;
  dn.offer = record.offer;
  dn.passedOverUntil = record.passedOverUntil;
  if (dn.passedOverUntil !== undefined)
    state.deadlines.set(DEADLINE.rungAgain(dn.number), dn.passedOverUntil);
  if (dn.offer !== undefined) {
    dn.ringsOnUntil = now + ringsOnMs;
    state.deadlines.set(DEADLINE.ringsOn(dn.number), dn.ringsOnUntil);
  }
  if (record.agent !== undefined) loadAgent(turn, dn, record.agent);
  touchDN(state, dn.number);
}

function loadAgent(turn: Turn, dn: DN, login: NonNullable<DNRecord['agent']>): void {
  const { state } = turn;
  const agent: Agent = {
    ...login,
    epoch: login.epoch,
    queues: login.queues.filter((queue) => state.queues.has(queue)),
    idleSince: login.idleSince,
    routable: false,
  };
  dn.agent = agent;
  state.agentDNs.set(agent.agentId, dn.number);
  state.personDNs.set(agent.person, dn.number);
  const endsAt: WrapUp | undefined =
    agent.state.name === 'AfterCallWork' ? agent.state.wrapUpEndsAt : undefined;
  if (endsAt !== undefined) state.deadlines.set(DEADLINE.wrapUpEnds(dn.number), endsAt);
  armAutoLogout(turn, dn);
}

function loadCounters(queue: Queue | undefined, counters: Queue['counters']): void {
  if (queue !== undefined) queue.counters = counters;
}

function loadCall(turn: Turn, call: Call): void {
  const { state } = turn;
  state.calls.set(call.connId, call);
  const { phase } = call;
  if (phase.name !== 'waiting' && phase.name !== 'offered') return;
  const { ticket } = phase;
  state.arrivals = Math.max(state.arrivals, ticket.order + 1);
  const queue = state.queues.get(ticket.queue);
  if (queue === undefined) {
    log(turn, { level: 'warn', what: 'place in line lost', call: call.connId, dn: ticket.queue });
    return end(turn, call, { status: 480, why: `queue ${ticket.queue} is not in our configuration` });
  }
  if (phase.name === 'offered' && phase.crossing !== undefined) {
    // What was granted to another server is not granted to us: the caller is back in line with the first turn.
    state.deadlines.set(DEADLINE.noAnswer(call.connId), turn.now);
    return;
  }
  if (phase.name === 'offered') {
    state.deadlines.set(DEADLINE.noAnswer(call.connId), phase.since + queue.configuration.noAnswerMs);
    return;
  }
  queue.waiting.add(ticket);
  const at = overflowAt(queue, ticket);
  if (at !== undefined) state.deadlines.set(DEADLINE.overflow(call.connId), at);
}

function parted(key: string): readonly [kind: string, name: string] {
  const at = key.indexOf('/');
  return [key.slice(0, at), key.slice(at + 1)];
}
