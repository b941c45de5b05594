/** What every role of the binary gets from `main.ts`, and what it gives back. */
import type { Configuration } from '@holdfast/centre';
import type { LineCounts, ServerReport, ServerSecret } from '@holdfast/servers';
import type { Log } from './log.ts';

/** The address of the configuration database, in which a password may stand that no list of processes is to show. */
export const STORE_VARIABLE = 'HOLDFAST_CONFIG_STORE';

export interface RoleOptions {
  /** Name of the Application object. */
  readonly application: string;
  /** As it was read at the start. */
  readonly configuration: Configuration;
  readonly log: Log;
  /** All lines, those that a budget leaves out included. */
  readonly lines: LineCounts;
  /** What servers show each other; see Keys. */
  readonly secret: ServerSecret | undefined;
  /** Folder for what the process keeps; a member of a pair needs one. */
  readonly data?: string | undefined;
  /** Called with each later revision. */
  subscribe(listener: (configuration: Configuration) => void): void;
}

export interface RunningRole {
  /** Ports that are open, by name. */
  readonly ports: Readonly<Record<string, number>>;
  /** Resolves when it has nothing left to do and is not to be started again (SS48). */
  readonly done?: Promise<void>;
  /** Ends in order; no process is held afterwards. */
  stop(): Promise<void>;
}

/** One with a port `health` (HR1 to HR4). */
export interface ReportingRole extends RunningRole {
  report(): ServerReport;
}

/** The process cannot run, and a person must do something about it: exit status 2. */
export class CannotRun extends Error {}
