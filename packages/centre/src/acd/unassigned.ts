/**
 * Whether a caller waits whom an agent could have. Between two turns there is no such pair, because every turn ends with
 * `match`: where one is seen all the same, and goes on being seen, the centre is broken in a way of which it knows
 * nothing, and another process may do better with its records (GF3).
 */
import type { Millis } from '@holdfast/kernel';
import type { CentreState } from './centre-state.ts';
import { ableAgent } from './routing.ts';

export interface Unassigned {
  readonly queue: string;
  /** The call that has been first in that line, and who could have it. */
  readonly connId: string;
  readonly dn: string;
}

/** Looks at every agent, not at the idle lines: those may be what is wrong. */
export function unassigned(state: CentreState, now: Millis): Unassigned | undefined {
  for (const dn of state.agentDNs.values()) {
    const found = state.dns.get(dn);
    const agent = found && ableAgent(found, now);
    for (const queue of agent?.queues ?? []) {
      const first = state.queues.get(queue)?.waiting.first();
      if (first !== undefined) return { queue, connId: first.connId, dn };
    }
  }
  return undefined;
}

/** Callers in all lines. */
export function waitingCount(state: CentreState): number {
  let count = 0;
  for (const queue of state.queues.values()) count += queue.waiting.size;
  return count;
}
