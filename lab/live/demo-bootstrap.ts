/**
 * The bootstrap file of the demonstration, for desks that are programs of others: served beside the live page, as
 * from the local server of S3.
 */
import { writeBootstrapJson } from '@holdfast/desk';
import { type Family, SITES, type SitePorts } from './lab-configuration.ts';
import { robotBootstrap } from './robot-bootstrap.ts';

export const BOOTSTRAP_PATH = '/bootstrap.json';

export function demoBootstrap(
  { config }: SitePorts,
  retryDelayS: number,
  family: Family = 'interaction-workspace',
): string {
  const node = (index: 0 | 1) => ({ site: SITES[index], host: '127.0.0.1', ports: [config[index]] });
  return writeBootstrapJson(
    robotBootstrap({
      family,
      sites: [node(0), node(1)],
      retryDelayS,
      hotSeating: false,
      isCluster: false,
    }),
  );
}
