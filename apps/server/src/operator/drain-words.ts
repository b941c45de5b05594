/** What an operator reads while a site is drained. */
import type { ShutdownProgress } from '@holdfast/protocol';

const UNITS = { '': 1_000, s: 1_000, m: 60_000, h: 3_600_000 } as const;
/** A week: what the request may say at most. */
const DURATION_MAX_MS = 604_800_000;

/** `90`, `90s`, `15m`, `2h` in ms; undefined for anything else. */
export function readDuration(text: string): number | undefined {
  const parts = /^(\d{1,6})([smh]?)$/.exec(text);
  if (parts === null) return undefined;
  const ms = Number(parts[1]) * UNITS[(parts[2] ?? '') as keyof typeof UNITS];
  return ms >= 1 && ms <= DURATION_MAX_MS ? ms : undefined;
}

/** One line. */
export function progressInWords(progress: ShutdownProgress): string {
  const { agents, inWaves, calls, waiting, phones, deadlineInMs, isPastDeadline, isDrained } = progress;
  if (isDrained) return `drained: no agent and no call is left, ${counted(phones, 'phone')} registered`;
  const end =
    deadlineInMs !== undefined
      ? `, ${Math.ceil(deadlineInMs / 1000)} s until the deadline`
      : isPastDeadline
        ? ', the deadline has passed'
        : '';
  return `${counted(agents, 'agent')} left (${inWaves} idle), ${counted(calls, 'call')}, ${waiting} waiting in queues, ${counted(phones, 'phone')} registered${end}`;
}

/** Who cannot go on at the other site, and why; nothing where all can. */
export function stayingInWords({ staying, stayingCount }: ShutdownProgress): string[] {
  if (stayingCount === 0) return [];
  const more = stayingCount - staying.length;
  return [
    `${counted(stayingCount, 'agent')} cannot work at the other site and will be logged out last:`,
    ...staying.map(({ dn, AgentID, because }) => `  ${AgentID} on DN ${dn}: ${because}`),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
