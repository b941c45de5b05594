/** Log lines of a process: one JSON object a line on stdout, with the time, the application and the process. */
import type { LogLine } from '@holdfast/kernel';
import type { LineCounts } from '@holdfast/servers';
import { pino } from 'pino';

export type Log = (line: LogLine) => void;

/** `lines` counts what is written. */
export function processLog(application: string, lines?: LineCounts): Log {
  const logger = pino({
    level: process.env.HOLDFAST_LOG_LEVEL ?? 'info',
    base: { pid: process.pid, application },
    messageKey: 'what',
    formatters: { level: (level) => ({ level }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
  return (line) => {
    const { level, what, ...more } = line;
    lines?.count(line);
    logger[level](more, what);
  };
}
