/**
 * Who does nothing is logged out (AG22, `auto-logout-timeout`): an agent who has gone home is not to be counted, and
 * where Ready is included not to be rung. What counts as doing is a request, a change of state, the end of a call.
 */
import type { AgentState } from './agent.ts';
import { DEADLINE, type DN, rulesOf, type Turn } from './centre-state.ts';

/** After everything that may move the instant: a change of state, another configuration. */
export function armAutoLogout(turn: Turn, { number, agent }: DN): void {
  const name = DEADLINE.autoLogout(number);
  const { deadlines } = turn.state;
  if (agent === undefined) return deadlines.clear(name);
  const { autoLogoutMs, isAutoLogoutForAll } = rulesOf(turn.state, agent);
  if (autoLogoutMs === 0 || !(isAutoLogoutForAll || isSpare(agent.state))) return deadlines.clear(name);
  deadlines.set(name, agent.activeAt + autoLogoutMs);
}

/** NotReady for no purpose that has a name: neither after-call work nor auxiliary work. */
function isSpare(state: AgentState): boolean {
  return state.name === 'NotReady' && state.workMode !== 'AuxWork';
}
