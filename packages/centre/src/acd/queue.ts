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
import type { RemoteCaller } from './pool-state.ts';

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
  /** The first callers of the queue of this number at the other site, where the two are pooled (PQ1), in their order. */
  elsewhere: readonly RemoteCaller[];
  counters: Omit<QueueCounters, 'dn'>;
}

export function newQueue(dn: string, configuration: QueueConfiguration): Queue {
  return {
    dn,
    configuration,
    waiting: new Line<Ticket>(compareTickets),
    idle: new Line(compareIdleAgents),
    elsewhere: [],
    counters: { offered: 0, answered: 0, abandoned: 0, redirected: 0, overflowed: 0, released: 0 },
  };
}

type Place = Pick<Ticket, 'priority' | 'waitingSince' | 'order'>;

/** Negative when `a` is served before `b`. */
export function compareTickets(a: Place, b: Place): number {
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

/** Of a caller who stands in this line; who stands in that of the other site is counted there (PQ1). */
export function countTicket(
  state: Pick<CentreState, 'changed'>,
  { queue, ticket }: { readonly queue: Queue; readonly ticket: Ticket },
  what: keyof Queue['counters'],
): void {
  if (ticket.reservation === undefined) count(state, queue, what);
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
