/**
 * Takes a configuration in, the first or a changed one. What is the same stays untouched: agents stay logged in,
 * calls go on, deadlines that run are not started again (C57, D26). What is gone is wound up: its agents
 * are logged out, its callers released, answered calls go on to their natural end.
 */

import { armAutoLogout } from './auto-logout.ts';
import type { Call } from './call.ts';
import { type DN, type Turn, touchDN } from './centre-state.ts';
import { type CentreConfiguration, type DNConfiguration, LOGIN_RULES } from './centre-types.ts';
import { endLogin } from './logins.ts';
import { isCrossing, lookAgain } from './pool-callers.ts';
import { DEFAULT_QUEUE, newQueue, type Queue } from './queue.ts';
import { end, leaveLine, takeBackOffer } from './queueing.ts';
import { leaveIdle } from './routing.ts';

export function configure(turn: Turn, configuration: CentreConfiguration): void {
  const { state } = turn;
  state.site = configuration.site;
  state.wrapUp = configuration.wrapUpMs;
  state.lostPlaceWindowMs = configuration.lostPlaceWindowMs ?? 0;
  state.agentLogins = new Map(
    configuration.agentLogins.map(({ code, wrapUpMs, ...rules }) => [
      code,
      { wrapUp: wrapUpMs, rules: { ...LOGIN_RULES, ...rules } },
    ]),
  );
  const wanted = new Map(configuration.dns.map((dn) => [dn.number, dn]));
  for (const dn of [...state.dns.values()]) {
    const now = wanted.get(dn.number);
    if (now?.type !== dn.configuration.type) removeDN(turn, dn);
  }
  for (const dn of wanted.values()) setDN(turn, dn);
  lookAgain(turn);
  for (const dn of state.dns.values()) armAutoLogout(turn, dn);
  state.configured = true;
}

function setDN(turn: Turn, configuration: DNConfiguration): void {
  const { state } = turn;
  const { number } = configuration;
  const known = state.dns.get(number);
  if (known === undefined) state.dns.set(number, newDN(configuration));
  else known.configuration = configuration;
  if (configuration.type !== 'ACDQueue') return;
  const queue = state.queues.get(number);
  const options = configuration.queue ?? DEFAULT_QUEUE;
  if (queue === undefined) state.queues.set(number, newQueue(number, options));
  else queue.configuration = options;
  if (queue !== undefined && options.isPooled !== true) queue.elsewhere = [];
}

function newDN(configuration: DNConfiguration): DN {
  return {
    number: configuration.number,
    configuration,
    phone: { inService: false },
    agent: undefined,
    calls: [],
    offer: undefined,
    reservedFor: undefined,
    idle: undefined,
    passedOverUntil: undefined,
    ringsOnUntil: undefined,
  };
}

function removeDN(turn: Turn, dn: DN): void {
  takeBackOffer(turn, dn, 'logged-out');
  endLogin(turn, dn, {
    reasons: { LogoutReason: 'configuration' },
    because: `DN ${dn.number} was removed from the configuration`,
  });
  turn.state.dns.delete(dn.number);
  turn.state.changed.dns.add(dn.number);
  const queue = turn.state.queues.get(dn.number);
  if (queue !== undefined) removeQueue(turn, queue);
}

/** Everybody who waits or rings from here is released: there is nowhere to go back to. */
function removeQueue(turn: Turn, queue: Queue): void {
  const { state } = turn;
  for (const dn of state.dns.values()) {
    const offered = dn.offer === undefined ? undefined : state.calls.get(dn.offer);
    if (offered?.phase.name === 'offered' && offered.phase.ticket.queue === queue.dn)
      releaseCaller(turn, offered, queue.dn);
    if (dn.agent?.queues.includes(queue.dn) !== true) continue;
    leaveIdle(turn, dn);
    dn.agent.queues = dn.agent.queues.filter((number) => number !== queue.dn);
    touchDN(state, dn.number);
  }
  for (const call of [...state.calls.values()])
    if (isCrossing(call) && call.phase.name === 'offered' && call.phase.ticket.queue === queue.dn)
      releaseCaller(turn, call, queue.dn);
  for (const ticket of [...queue.waiting.items()]) {
    const call = state.calls.get(ticket.connId);
    if (call !== undefined) releaseCaller(turn, call, queue.dn);
  }
  state.queues.delete(queue.dn);
  state.changed.queues.add(queue.dn);
}

function releaseCaller(turn: Turn, call: Call, queue: string): void {
  leaveLine(turn, call, 'released');
  end(turn, call, { status: 480, why: `queue ${queue} was removed from the configuration` });
}
