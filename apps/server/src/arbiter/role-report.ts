/** How a member of a pair across hosts tells the supervisor of its host that it may act, and how long (PR8). */
import type { Millis } from '@holdfast/kernel';
import { openSupervisorLink } from './supervisor-link.ts';

export interface RoleReportOptions {
  readonly socket: string;
  readonly application: string;
  /** See process-identity. */
  readonly process: string;
}

export interface RoleReport {
  /** With each confirmation. While there is no connection it is lost; the next one follows within a renewal. */
  confirmed(remainsMs: Millis): void;
  standsBy(): void;
  close(): void;
}

export function openRoleReport(options: RoleReportOptions): RoleReport {
  let isPrimary = false;
  const link = openSupervisorLink({
    ...options,
    // A word that was lost with the former connection would leave the supervisor believing in a primary.
    opened() {
      if (!isPrimary) link.send({ type: 'StandsBy' });
    },
    message: () => {},
    lost: () => {},
  });
  return {
    confirmed(remainsMs) {
      isPrimary = true;
      link.send({ type: 'Confirmed', remainsMs });
    },
    standsBy() {
      isPrimary = false;
      link.send({ type: 'StandsBy' });
    },
    close: () => link.close(),
  };
}
