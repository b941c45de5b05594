/**
 * The status of an agent: one word for what goes on with that agent now. Several things can go on at once (Ready,
 * and a call that rings); the highest in the order of AGENT_STATUSES is the status. A call that is held counts as
 * held alone. A status ends when something else outranks it, so that its duration is not that of a call or a break.
 */
import type { Millis } from '@holdfast/kernel';
import {
  AGENT_STATUSES,
  type AgentStatus,
  type CallOnDN,
  type Reasons,
  type WorkMode,
} from '@holdfast/protocol';

/** Who is logged in on a DN, as the SIP Server has said. */
export interface FollowedAgent {
  readonly AgentID: string;
  readonly person: string;
  readonly queues: readonly string[];
  readonly state: 'Ready' | 'NotReady';
  readonly workMode: WorkMode;
  readonly reasons: Reasons;
  readonly since: Millis;
}

/** A call with a party on the DN. */
export interface FollowedCall {
  readonly callType: CallOnDN['CallType'];
  readonly state: CallOnDN['state'];
  readonly since: Millis;
}

export interface StatusSince {
  readonly status: AgentStatus;
  readonly since: Millis;
}

export function statusOf(agent: FollowedAgent, calls: Iterable<FollowedCall>): StatusSince {
  let highest: StatusSince = { status: statusOfStanding(agent), since: agent.since };
  for (const call of calls) {
    const status = statusOfCall(call);
    if (rank(status) > rank(highest.status)) highest = { status, since: call.since };
  }
  return highest;
}

function rank(status: AgentStatus): number {
  return AGENT_STATUSES.indexOf(status);
}

function statusOfStanding({ state, workMode }: FollowedAgent): AgentStatus {
  if (state === 'Ready') return 'WaitForNextCall';
  return workMode === 'AfterCallWork' ? 'AfterCallWork' : 'NotReadyForNextCall';
}

function statusOfCall({ state, callType }: FollowedCall): AgentStatus {
  switch (state) {
    case 'Dialing':
      return 'CallDialing';
    case 'Queued':
    case 'Ringing':
      return 'CallRinging';
    case 'Held':
      return 'CallOnHold';
    case 'Established':
      return `Call${callType}`;
  }
}
