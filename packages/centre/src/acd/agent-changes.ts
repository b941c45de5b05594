/**
 * Performs what the agent's step decided: the event, the deadline of after-call work, and the word to routing
 * that this agent may have become able or unable.
 */
import { type AgentEvent, type AgentState, stepAgent } from './agent.ts';
import { armAutoLogout } from './auto-logout.ts';
import { DEADLINE, type DN, type Turn, touchDN } from './centre-state.ts';
import type { Request } from './centre-types.ts';
import { done, NOBODY, tellStanding } from './events.ts';

export function changeAgent(turn: Turn, dn: DN, event: AgentEvent, request: Request = NOBODY): void {
  const { agent } = dn;
  if (agent === undefined) return;
  const { state, effects } = stepAgent(agent.state, event, turn.now);
  agent.activeAt = turn.now;
  turn.state.changed.dns.add(dn.number);
  if (state !== agent.state) {
    agent.state = state;
    armWrapUp(turn, dn, state);
    // Idle time counts from the first Ready, not from each return from a break (QU2).
    if (state.name === 'Ready') agent.idleSince ??= turn.now;
    touchDN(turn.state, dn.number);
  }
  armAutoLogout(turn, dn);
  for (const change of effects) {
    switch (change.type) {
      case 'became':
        tellStanding(turn, { dn, agent }, change.standing, { wrapUp: change.wrapUp, request });
        break;
      case 'same':
        // T-Library repeats the event for whoever asked, and for nobody else's sake.
        if (request.referenceId !== undefined)
          tellStanding(turn, { dn, agent }, change.standing, { wrapUp: change.wrapUp, request });
        break;
      case 'deferred':
        done(turn, request);
    }
  }
}

function armWrapUp(turn: Turn, dn: DN, state: AgentState): void {
  const name = DEADLINE.wrapUpEnds(dn.number);
  const { deadlines } = turn.state;
  const endsAt = state.name === 'AfterCallWork' ? state.wrapUpEndsAt : undefined;
  if (endsAt === undefined) deadlines.clear(name);
  else if (deadlines.get(name) !== endsAt) deadlines.set(name, endsAt);
}
