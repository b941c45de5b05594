/**
 * Graceful shutdown (S4): whoever is idle is logged out at once, whoever is not when the work here is done, and
 * nobody logs in meanwhile. Calls go on. What becomes of new calls is not decided here: none arrive.
 *
 * An agent is let go at the end of a turn, after the match. So whoever has just become free takes the next caller
 * in line first: the line is served as long as somebody Ready is left, and nobody new joins it.
 */
import { LOGOUT_REASONS } from '@holdfast/protocol';
import { type DN, log, type Turn } from './centre-state.ts';
import type { CentreInput } from './centre-types.ts';
import { done } from './events.ts';
import { endLogin } from './logins.ts';

export function gracefulShutdown(turn: Turn, input: Extract<CentreInput, { type: 'shutdown' }>): void {
  const { state } = turn;
  if (state.isShuttingDown !== input.on) {
    state.isShuttingDown = input.on;
    state.changed.shutdown = true;
    turn.effects.push({ type: 'shuttingDown', on: input.on });
    const what = input.on ? 'graceful shutdown begun' : 'graceful shutdown taken back';
    log(turn, { level: 'warn', what, because: `asked for by ${input.by}` });
  }
  done(turn, input);
}

/** AG20: the turn is over; those who have nothing left to do here may go. */
export function letGo(turn: Turn): void {
  const { state } = turn;
  if (!state.isShuttingDown) return;
  for (const number of [...state.agentDNs.values()]) {
    const dn = state.dns.get(number);
    if (dn === undefined || isAtWork(dn)) continue;
    endLogin(turn, dn, {
      reasons: { LogoutReason: LOGOUT_REASONS.gracefulShutdown },
      because: 'the server is shutting down, and the agent is neither in a call nor in after-call work',
    });
  }
}

/** A call that rings counts too: it is as good as answered, and would go back into a line that nobody serves. */
function isAtWork(dn: DN): boolean {
  return dn.calls.length > 0 || dn.agent?.state.name === 'AfterCallWork';
}
