/** Log lines of a process: one JSON object a line on stdout, with the time, the application and the process. */
import type { LogLine } from '@holdfast/kernel';
import { pino } from 'pino';

export type Log = (line: LogLine) => void;

export function processLog(application: string): Log {
  const logger = pino({
    level: process.env.HOLDFAST_LOG_LEVEL ?? 'info',
    base: { pid: process.pid, application },
    messageKey: 'what',
    formatters: { level: (level) => ({ level }) },
    timestamp: pino.stdTimeFunctions.isoTime,
  });
  return ({ level, what, ...more }) => logger[level](more, what);
}
