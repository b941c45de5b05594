/**
 * What must hold in the centre between any two inputs. The simulator asks after every one; each line of the
 * answer is a broken promise, with the names that are needed to find it.
 */
import { partyOf } from './call.ts';
import { standingWith } from './call-transfer.ts';
import type { Centre } from './centre.ts';
import { type CentreState, DEADLINE, type DN, isOnCall } from './centre-state.ts';
import { compareTickets, type Queue } from './queue.ts';
import { ableAgent } from './routing.ts';

export function checkCentre(centre: Centre): string[] {
  const state = centre.stateToCheck;
  const broken: string[] = [];
  const claim = (holds: boolean, what: string) => {
    if (!holds) broken.push(what);
  };
  for (const queue of state.queues.values()) checkQueue(state, queue, claim);
  for (const dn of state.dns.values()) checkDN(state, dn, claim);
  checkCalls(state, claim);
  checkLogins(state, claim);
  checkReservations(state, claim);
  return broken;
}

type Claim = (holds: boolean, what: string) => void;

function checkQueue(state: CentreState, queue: Queue, claim: Claim): void {
  claim(
    queue.waiting.size === 0 || queue.idle.size === 0,
    `queue ${queue.dn}: callers wait while an agent is idle`,
  );
  claim(
    queue.elsewhere.length === 0 || queue.idle.size === 0 || state.shutdown !== undefined,
    `queue ${queue.dn}: callers wait at the other site while an agent is idle`,
  );
  let before: Parameters<typeof compareTickets>[0] | undefined;
  for (const ticket of queue.waiting.items()) {
    const phase = state.calls.get(ticket.connId)?.phase;
    claim(
      phase?.name === 'waiting' && phase.ticket === ticket,
      `queue ${queue.dn}: call ${ticket.connId} in line does not wait`,
    );
    claim(
      before === undefined || compareTickets(before, ticket) < 0,
      `queue ${queue.dn}: the line is out of order at ${ticket.connId}`,
    );
    before = ticket;
  }
  for (const idle of queue.idle.items()) {
    const dn = state.dns.get(idle.dn);
    claim(dn?.idle === idle, `queue ${queue.dn}: ${idle.dn} stands idle and is not`);
    claim(
      dn?.agent?.queues.includes(queue.dn) === true,
      `queue ${queue.dn}: ${idle.dn} is idle in a queue of others`,
    );
  }
  let rung = 0;
  for (const { phase } of state.calls.values()) {
    if (phase.name !== 'offered' || phase.ticket.queue !== queue.dn) continue;
    if (phase.ticket.reservation === undefined) rung += 1;
  }
  const { offered, answered, abandoned, overflowed, released } = queue.counters;
  const left = offered - answered - abandoned - overflowed - released;
  claim(
    left === queue.waiting.size + rung,
    `queue ${queue.dn}: ${left} calls by the counters, ${queue.waiting.size} wait and ${rung} ring`,
  );
}

function checkDN(state: CentreState, dn: DN, claim: Claim): void {
  const able = ableAgent(dn, Number.POSITIVE_INFINITY) !== undefined;
  // A pause that has just ended is noticed with its deadline.
  const pausing =
    dn.passedOverUntil !== undefined && state.deadlines.get(DEADLINE.rungAgain(dn.number)) !== undefined;
  claim(
    able === (dn.idle !== undefined) || pausing,
    `DN ${dn.number}: able is ${able}, idle is ${dn.idle !== undefined}`,
  );
  claim(
    state.shutdown === undefined ||
      dn.agent === undefined ||
      !isIdle(dn) ||
      state.shutdown.turns.includes(dn.number),
    `DN ${dn.number}: an idle agent stays while the server is shutting down (AG20), and waits for no wave (AG24)`,
  );
  claim(
    dn.agent === undefined || dn.phone.inService || dn.calls.some((id) => state.calls.get(id)?.isAdopted),
    `DN ${dn.number}: an agent is logged in without a phone (C56)`,
  );
  if (dn.offer !== undefined) {
    const phase = state.calls.get(dn.offer)?.phase;
    claim(
      phase?.name === 'offered' && phase.dn === dn.number,
      `DN ${dn.number}: the offer ${dn.offer} is none`,
    );
    claim(!isOnCall(state, dn), `DN ${dn.number}: a queue rings whoever is on a call`);
    claim(
      dn.agent?.state.name === 'Ready' && (dn.agent.routable || dn.ringsOnUntil !== undefined),
      `DN ${dn.number}: a queue rings whoever may not be rung`,
    );
  }
  for (const connId of dn.calls) {
    const call = state.calls.get(connId);
    claim(call !== undefined, `DN ${dn.number}: call ${connId} is over and stands here`);
    claim(
      call === undefined ||
        call.origin.dn === dn.number ||
        partyOf(standingWith(call, dn.number)) === dn.number ||
        partyOf(call) === dn.number,
      `DN ${dn.number}: call ${connId} is elsewhere`,
    );
  }
  const wrapUp = state.deadlines.get(DEADLINE.wrapUpEnds(dn.number));
  const endsAt = dn.agent?.state.name === 'AfterCallWork' ? dn.agent.state.wrapUpEndsAt : undefined;
  const logsOutAt = state.deadlines.get(DEADLINE.autoLogout(dn.number));
  claim(
    logsOutAt === undefined || dn.agent !== undefined,
    `DN ${dn.number}: nobody is logged in, and is to be logged out at ${logsOutAt}`,
  );
  claim(wrapUp === endsAt, `DN ${dn.number}: after-call work ends at ${endsAt}, its deadline is ${wrapUp}`);
}

function isIdle({ calls, agent }: DN): boolean {
  return calls.length === 0 && agent?.state.name !== 'AfterCallWork';
}

function checkCalls(state: CentreState, claim: Claim): void {
  const waiting = new Map<string, number>();
  for (const call of state.calls.values()) {
    const { phase, connId } = call;
    claim(
      phase.name !== 'new' && phase.name !== 'over',
      `call ${connId}: is ${phase.name} between two inputs`,
    );
    claim(
      call.transfer === undefined || phase.name === 'alerting',
      `call ${connId}: is ${phase.name} and still transferred`,
    );
    if (phase.name === 'waiting') {
      waiting.set(phase.ticket.queue, (waiting.get(phase.ticket.queue) ?? 0) + 1);
    }
    if (phase.name === 'offered') {
      claim(
        phase.crossing !== undefined || state.dns.get(phase.dn)?.offer === connId,
        `call ${connId}: is offered to ${phase.dn}, which does not know it`,
      );
      claim(
        state.deadlines.get(DEADLINE.noAnswer(connId)) !== undefined,
        `call ${connId}: rings without end`,
      );
    }
  }
  // Whoever stands in a line waits (checkQueue); equal numbers say that whoever waits stands in a line.
  for (const [queue, callers] of waiting) {
    const inLine = state.queues.get(queue)?.waiting.size;
    claim(inLine === callers, `queue ${queue}: ${callers} callers wait, ${inLine} stand in line`);
  }
}

/** PQ1: an agent is kept for one caller, no longer than the reservation lasts, and is rung by nobody else. */
function checkReservations(state: CentreState, claim: Claim): void {
  const kept = new Set<string>();
  for (const [connId, { dn: number, rungBy }] of state.pool.reservations) {
    const dn = state.dns.get(number);
    claim(!kept.has(number), `DN ${number}: is kept for two callers of the other site`);
    kept.add(number);
    if (rungBy !== undefined) {
      const phase = state.calls.get(rungBy)?.phase;
      claim(
        phase?.name === 'offered' && dn?.offer === rungBy,
        `DN ${number}: the caller ${connId} of the other site does not ring there`,
      );
      continue;
    }
    claim(
      dn === undefined || (dn.reservedFor === connId && dn.offer === undefined),
      `DN ${number}: is kept for ${connId} of the other site, and for somebody else`,
    );
    claim(
      state.deadlines.get(DEADLINE.reservationLapses(connId)) !== undefined,
      `DN ${number}: is kept for ${connId} of the other site without end`,
    );
  }
  for (const { number, reservedFor, agent, calls } of state.dns.values()) {
    if (reservedFor === undefined) continue;
    claim(
      state.pool.reservations.get(reservedFor)?.dn === number,
      `DN ${number}: is kept for ${reservedFor}, to whom nobody was granted`,
    );
    claim(
      agent?.state.name === 'Ready' && agent.routable && calls.length === 0,
      `DN ${number}: is kept for ${reservedFor} and can take no call`,
    );
  }
}

function checkLogins(state: CentreState, claim: Claim): void {
  const persons = new Set<string>();
  let agents = 0;
  for (const dn of state.dns.values()) {
    if (dn.agent === undefined) continue;
    agents += 1;
    claim(!persons.has(dn.agent.person), `${dn.agent.person} is logged in twice (C14)`);
    persons.add(dn.agent.person);
    claim(
      state.personDNs.get(dn.agent.person) === dn.number,
      `${dn.agent.person} is not found on DN ${dn.number}`,
    );
    claim(
      state.agentDNs.get(dn.agent.agentId) === dn.number,
      `agent ${dn.agent.agentId} is not found on DN ${dn.number}`,
    );
  }
  claim(
    state.agentDNs.size === agents && state.personDNs.size === agents,
    'the index of logins holds somebody who is logged out',
  );
}
