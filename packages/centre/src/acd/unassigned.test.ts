import { expect, it } from 'vitest';
import { newCentreState } from './centre-state.ts';
import { newQueue } from './queue.ts';
import { unassigned, waitingCount } from './unassigned.ts';

/** Written by hand, for `Centre` itself never comes to it. */
function brokenState({ routable }: { readonly routable: boolean }) {
  const state = newCentreState();
  const configuration = { noAnswerMs: 10_000, noAnswerNotReady: true, waitingMax: 5, priority: 1 } as const;
  const queue = newQueue('8000', { ...configuration, treatment: 'music' });
  state.queues.set('8000', queue);
  state.agentDNs.set('1001', '7001');
  state.dns.set('7001', {
    ...{ number: '7001', configuration: { number: '7001', type: 'Extension', name: '7001' } },
    phone: { inService: true },
    agent: {
      ...{ agentId: '1001', person: 'ada', place: 'p', epoch: { number: 1, desk: 'd' }, queues: ['8000'] },
      ...{ routable, idleSince: 0, activeAt: 0 },
      state: { name: 'Ready', since: 0, workMode: 'Unknown', reasons: {} },
    },
    ...{ calls: [], offer: undefined, idle: undefined },
    ...{ passedOverUntil: undefined, ringsOnUntil: undefined },
  } as unknown as Parameters<typeof state.dns.set>[1]);
  const join = (connId: string) => {
    const instants = { waitingSince: 0, enteredAt: 0 };
    queue.waiting.add({ connId, queue: '8000', priority: 1, order: 1, ...instants } as Parameters<
      typeof queue.waiting.add
    >[0]);
  };
  return { state, join };
}

it('[GF3] names the queue, its first caller and the agent who could have that call', () => {
  const { state, join } = brokenState({ routable: true });
  expect([unassigned(state, 1_000), waitingCount(state)]).toEqual([undefined, 0]);
  join('c1');
  expect(unassigned(state, 1_000)).toEqual({ queue: '8000', connId: 'c1', dn: '7001' });
  expect(waitingCount(state)).toBe(1);
});

it('[GF3] sees nobody in an agent whose lease has ended', () => {
  const { state, join } = brokenState({ routable: false });
  join('c1');
  expect(unassigned(state, 1_000)).toBeUndefined();
});
