/** One process of the site, from its start to its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { ENDED_FOR_GOOD } from '../io/process-end.ts';

export interface ChildOptions {
  readonly entry: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** It is up: its ports are open. */
  ready(ports: Readonly<Record<string, number>>): void;
  /** Exactly once, also when it could not be started. `isForGood`: it is not to be started again. */
  ended(how: string, isForGood?: boolean): void;
}

export interface Child {
  readonly pid: number | undefined;
  kill(signal: NodeJS.Signals): void;
}

export function startChild({ entry, args, environment, ready, ended }: ChildOptions): Child {
  const child: ChildProcess = spawn(process.execPath, [...process.execArgv, entry, ...args], {
    // What it logs goes where the supervisor's own log goes; the channel tells each of the other's end.
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, ...environment },
  });
  let isOver = false;
  const over = (how: string, isForGood = false) => {
    if (isOver) return;
    isOver = true;
    ended(how, isForGood);
  };
  child.on('error', (error) => over(`could not be started: ${error.message}`));
  child.on('exit', (code, signal) =>
    over(signal === null ? `exit status ${code}` : `ended by ${signal}`, code === ENDED_FOR_GOOD),
  );
  child.on('message', (message: unknown) => {
    if (typeof message !== 'object' || message === null || !('ports' in message)) return;
    ready((message as { ports: Record<string, number> }).ports);
  });
  return {
    pid: child.pid,
    kill: (signal) => {
      child.kill(signal);
    },
  };
}
