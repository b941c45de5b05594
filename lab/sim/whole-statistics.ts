/** At the end the figures that a desk shows as current are those of its site, and every desk has current ones. */
import type { DeskView, QueueView } from '@holdfast/desk';
import type { AgentStatus } from '@holdfast/protocol';
import type { Check, RoutingSite } from './checkers.ts';
import type { SipServerProgram } from './whole-sip-server.ts';

interface Shown {
  readonly user: string;
  readonly dn: string;
  readonly view: DeskView | undefined;
}

/** With no calls left: a status is that of the agent's state alone. */
export function statisticsRight(sites: readonly RoutingSite[], persons: readonly Shown[]): Check {
  return {
    name: 'statistics-right',
    violated: () => {
      for (const { user, dn, view } of persons) {
        const shown = view?.statistics;
        if (shown === null || shown === undefined) return `${dn} shows no statistics`;
        if (shown.staleSince !== null) return `${dn} shows figures of ${shown.site} that are old`;
        const site = sites.find(({ name }) => name === shown.site);
        const program = site?.process.program as SipServerProgram | undefined;
        const agents = program?.parts?.centre.agents() ?? [];
        const own = agents.find(({ person }) => person === user);
        const status: AgentStatus = own === undefined ? 'LoggedOut' : statusOf(own);
        if (shown.agent?.status !== status)
          return `${dn} is ${status} at ${shown.site} and shown as ${shown.agent?.status}`;
        const wrong = shown.queues.find((queue) => !isRight(queue, agents));
        if (wrong !== undefined) return `${dn} shows of ${shown.site} ${JSON.stringify(wrong)}`;
        if (shown.queues.length === 0) return `${dn} shows no queue of ${shown.site}`;
      }
      return undefined;
    },
  };
}

type Agents = ReturnType<NonNullable<SipServerProgram['parts']>['centre']['agents']>;

function statusOf({ state, workMode }: Agents[number]): AgentStatus {
  if (state === 'Ready') return 'WaitForNextCall';
  return workMode === 'AfterCallWork' ? 'AfterCallWork' : 'NotReadyForNextCall';
}

function isRight(queue: QueueView, agents: Agents): boolean {
  const number = queue.name.slice(0, queue.name.indexOf('@'));
  const of = agents.filter(({ queues }) => queues.includes(number));
  const ready = of.filter(({ state }) => state === 'Ready').length;
  return queue.callsWaiting === 0 && queue.agentsLoggedIn === of.length && queue.agentsReady === ready;
}
