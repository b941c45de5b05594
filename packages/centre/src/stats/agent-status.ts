/**
 * The status of an agent: one word for what goes on with that agent now. Several things can go on at once (Ready,
 * and a call that rings); the highest in the order of AGENT_STATUSES is the status. A call that is held counts as
 * held alone. A status ends when something else outranks it, so that its duration is not that of a call or a break.
 */
import { AGENT_STATUSES, type AgentStatus, type CallOnDN, type WorkMode } from '@holdfast/protocol';

export interface Standing {
  readonly state: 'Ready' | 'NotReady';
  readonly workMode: WorkMode;
}

/** A call with a party on the agent's DN. */
export type PartOfCall = Pick<CallOnDN, 'CallType' | 'state'>;

export function statusOf(standing: Standing, calls: Iterable<PartOfCall>): AgentStatus {
  let highest = statusOfStanding(standing);
  for (const call of calls) {
    const status = statusOfCall(call);
    if (AGENT_STATUSES.indexOf(status) > AGENT_STATUSES.indexOf(highest)) highest = status;
  }
  return highest;
}

/** How long that which makes the status has gone on, as a snapshot tells it. */
export function statusMs(
  standing: Standing & { readonly sinceMs: number },
  calls: readonly CallOnDN[],
): number {
  const status = statusOf(standing, calls);
  const made = calls.filter((call) => statusOfCall(call) === status);
  return made.length === 0 ? standing.sinceMs : Math.max(...made.map(({ sinceMs }) => sinceMs));
}

function statusOfStanding({ state, workMode }: Standing): AgentStatus {
  if (state === 'Ready') return 'WaitForNextCall';
  return workMode === 'AfterCallWork' ? 'AfterCallWork' : 'NotReadyForNextCall';
}

function statusOfCall({ state, CallType }: PartOfCall): AgentStatus {
  switch (state) {
    case 'Dialing':
      return 'CallDialing';
    case 'Queued':
    case 'Ringing':
      return 'CallRinging';
    case 'Held':
      return 'CallOnHold';
    case 'Established':
      return `Call${CallType}`;
  }
}
