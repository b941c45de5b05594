/**
 * One ACD queue: callers on one side, idle agents on the other. One of the two lines is always empty, because
 * whoever comes is matched at once (routing.ts).
 *
 * Callers stand by priority, then by how long they have waited (QU1); agents by how long they have been idle
 * (QU2). Equals keep the order of arrival, agents the order of their DNs, so that a run replays exactly.
 */
import type { Millis } from '@holdfast/kernel';
import type { Ticket } from './call.ts';
import type { CentreState } from './centre-state.ts';
import type { DNConfiguration, QueueCounters } from './centre-types.ts';
import { Line } from './line.ts';

export type QueueConfiguration = NonNullable<DNConfiguration['queue']>;

export interface IdleAgent {
  readonly dn: string;
  readonly idleSince: Millis;
}

export interface Queue {
  readonly dn: string;
  configuration: QueueConfiguration;
  readonly waiting: Line<Ticket>;
  readonly idle: Line<IdleAgent>;
  counters: Omit<QueueCounters, 'dn'>;
}

export function newQueue(dn: string, configuration: QueueConfiguration): Queue {
  return {
    dn,
    configuration,
    waiting: new Line(compareTickets),
    idle: new Line(compareIdleAgents),
    counters: { offered: 0, answered: 0, abandoned: 0, redirected: 0, overflowed: 0, released: 0 },
  };
}

/** Negative when `a` is served before `b`. */
export function compareTickets(a: Ticket, b: Ticket): number {
  return b.priority - a.priority || a.waitingSince - b.waitingSince || a.order - b.order;
}

export function compareIdleAgents(a: IdleAgent, b: IdleAgent): number {
  return a.idleSince - b.idleSince || (a.dn < b.dn ? -1 : a.dn > b.dn ? 1 : 0);
}

export function count(
  { changed }: Pick<CentreState, 'changed'>,
  queue: Queue,
  what: keyof Queue['counters'],
): void {
  changed.queues.add(queue.dn);
  queue.counters = { ...queue.counters, [what]: queue.counters[what] + 1 };
}

/** Until when a call may wait here before it overflows. */
export function overflowAt(queue: Queue, ticket: Ticket): Millis | undefined {
  const { waitMaxMs } = queue.configuration;
  return waitMaxMs === undefined ? undefined : ticket.enteredAt + waitMaxMs;
}

/** The `Priority` of the UserData where it is a whole number, else the queue's own. */
export function priorityOf(userDataPriority: string | undefined, queue: Queue): number {
  if (userDataPriority === undefined || !/^-?\d{1,6}$/.test(userDataPriority))
    return queue.configuration.priority;
  return Number(userDataPriority);
}

/** For an ACD Queue whose configuration says nothing. */
export const DEFAULT_QUEUE: QueueConfiguration = {
  noAnswerMs: 15_000,
  noAnswerNotReady: true,
  waitingMax: 1_000,
  treatment: 'ringback',
  priority: 0,
};
