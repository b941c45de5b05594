/** A Configuration Server serves from the moment at which it has a configuration, and has no port before (HR1). */
import { gauge, oneOf, READY, type ServerReport, WITHOUT_MATE } from './server-report.ts';

export function configServerReport(objects: number): ServerReport {
  return {
    primary: READY,
    ...{ standby: WITHOUT_MATE, upgrade: WITHOUT_MATE },
    metrics: [
      oneOf('holdfast_role', 'It has no mate, and so is always the primary.', ['primary'], 'primary'),
      gauge('holdfast_configuration_objects', 'Objects of the configuration that it serves.', objects),
    ],
  };
}
