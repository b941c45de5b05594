/** The words of a SIP Server as facts for the decisions: why it refused, why the agent is out, in which state. */
import type { LoginRefusal, LogoutReason, SeenState } from '@holdfast/continuity';
import type { Millis } from '@holdfast/kernel';
import { type DeskReply, type EventMessage, LOGOUT_REASONS } from '@holdfast/protocol';

export function loginRefusal(error: Extract<DeskReply, { type: 'Error' }>): LoginRefusal {
  switch (error.code) {
    case 'stale-stamp':
      return { name: 'staleStamp' };
    case 'phone-out-of-service':
      return { name: 'phoneOutOfService' };
    case 'shutting-down':
      return { name: 'shuttingDown' };
    case 'peer-silent':
      return { name: 'peerSilent' };
    case 'epoch-too-low':
    case 'agent-elsewhere':
      if (error.epoch !== undefined)
        return { name: 'epochTooLow', epoch: error.epoch, isLive: error.code === 'agent-elsewhere' };
      break;
    default:
  }
  const { text, retryAfterMs } = error;
  return { name: 'later', text, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** The words of the source document S4; a supervisor's own words are no cause to move. */
export function logoutReason(text: string, supervisorCodes: readonly string[]): LogoutReason {
  switch (text) {
    case '':
      return 'agent';
    case LOGOUT_REASONS.phoneLost:
      return 'phone';
    case LOGOUT_REASONS.gracefulShutdown:
      return 'shutdown';
    case LOGOUT_REASONS.superseded:
      return 'superseded';
    default:
      return supervisorCodes.includes(text) ? 'supervisor' : 'unknown';
  }
}

export function seenState(event: EventMessage, now: Millis): SeenState {
  const { WorkMode = 'Unknown', Reasons = {}, Extensions } = event.attributes;
  const wrapUp = Extensions?.WrapUpTime;
  const isTimed = WorkMode === 'AfterCallWork' && typeof wrapUp === 'number';
  return {
    state: event.name === 'EventAgentReady' ? 'Ready' : 'NotReady',
    workMode: WorkMode,
    reasons: Reasons,
    endsAt: isTimed ? now + wrapUp * 1000 : undefined,
  };
}
