/**
 * A Configuration Server, or a proxy, serves from the moment at which it has a configuration, and has no port before (HR1): it is
 * ready though nobody who writes can be heard. How old what it serves may be is a figure, and so is whether the log that it has read is
 * what was committed.
 */
import type { Millis } from '@holdfast/kernel';
import { LOG_STANDINGS, type LogStanding } from '../config-server/log-check.ts';
import { gauge, type Metric, oneOf, READY, type ServerReport, WITHOUT_MATE } from './server-report.ts';

interface ServedRevision {
  readonly objects: number;
  /** `3.128`; of files a digest, which is no figure. */
  readonly revision: string;
  /** For how long nobody who could know of a newer one has been heard. */
  readonly ageMs: Millis;
  /** AU1 */
  readonly log: LogStanding;
}

/** Nothing in it says what was edited: whoever asks may read it (HR4). */
const BROKEN =
  'The log of the configuration is not what was committed; the log of this server, and holdfast config verify, say where.';

export function configServerReport({ objects, revision, ageMs, log }: ServedRevision): ServerReport {
  return {
    primary: log === 'broken' ? { ok: true, finding: BROKEN } : READY,
    ...{ standby: WITHOUT_MATE, upgrade: WITHOUT_MATE },
    metrics: [
      oneOf('holdfast_role', 'It has no mate, and so is always the primary.', ['primary'], 'primary'),
      gauge('holdfast_configuration_objects', 'Objects of the configuration that it serves.', objects),
      gauge(
        'holdfast_configuration_age_seconds',
        'For how long it has not heard whether there is a newer configuration; 0 while it hears.',
        ageMs / 1_000,
      ),
      oneOf(
        'holdfast_configuration_log',
        'Whether the log of the configuration was what was committed when it was last read here (AU1).',
        LOG_STANDINGS,
        log,
      ),
      ...revisionMetrics(revision),
    ],
  };
}

function revisionMetrics(revision: string): Metric[] {
  const [, epoch, number] = /^(\d+)\.(\d+)/.exec(revision) ?? [];
  if (epoch === undefined || number === undefined) return [];
  return [
    gauge('holdfast_configuration_epoch', 'Of the writer of the revision that it serves.', Number(epoch)),
    gauge('holdfast_configuration_revision', 'Number of the revision that it serves.', Number(number)),
  ];
}
