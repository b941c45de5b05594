/**
 * The bootstrap file of a robot's desk, as an administrator would deliver it, in each of its forms: Workspace's own with a
 * pair or with a cluster of nodes (S0), and JSON for third-party desktops and where each site names the place (S3, S4). It
 * goes through the desk's own reading.
 */
import { DESK_APPLICATION, thirdPartyName } from '@holdfast/centre';
import { type Bootstrap, describeProblem, readBootstrap } from '@holdfast/desk';
import type { Family } from './lab-configuration.ts';

export interface BootstrapRequest {
  readonly family: Family;
  /** The site in whose order the seat knows the Configuration Servers, and the other. */
  readonly sites: readonly [BootstrapNode, BootstrapNode];
  readonly retryDelayS: number;
  readonly hotSeating: boolean;
  /** DS18: the phone is part of the desktop. */
  readonly hasEmbeddedEndpoint?: boolean;
  /** A cluster's nodes in place of a pair's, where the form has both. */
  readonly isCluster: boolean;
}

export interface BootstrapNode {
  readonly site: string;
  readonly host: string;
  /** Of its nodes, in the order of preference. */
  readonly ports: readonly number[];
  /** DS21: how that site names the place where the agent sits. */
  readonly place?: string;
}

const ENVIRONMENT = 'lab';

export function robotBootstrap(request: BootstrapRequest): Bootstrap {
  // Workspace's own form has no word for the place.
  const isXml =
    request.family === 'interaction-workspace' && request.sites.every(({ place }) => place === undefined);
  const text = isXml ? workspaceFile(request) : localData(request);
  const reading = readBootstrap(new TextEncoder().encode(text));
  if (reading.ok) return reading.bootstrap;
  throw new Error(reading.problems.map((problem) => describeProblem('bootstrap', problem)).join('\n'));
}

function workspaceFile(request: BootstrapRequest): string {
  const { sites, retryDelayS, isCluster, hotSeating, hasEmbeddedEndpoint = false } = request;
  const form = isCluster ? 'login.cluster.nodes' : 'login.nodes';
  const [preferred, peer] = sites.map(
    ({ host, ports }) => `${ports.map((port) => `[${host}:${port}]`).join('')},Timeout=${retryDelayS}`,
  );
  return `<?xml version="1.0" encoding="utf-8"?>
<configuration>
  <appSettings>
    <add key="login.url" value="tcp://${ENVIRONMENT}/${DESK_APPLICATION}"/>
    <add key="${form}.preferred-site.${ENVIRONMENT}" value="${preferred}"/>
    <add key="${form}.peer-site.${ENVIRONMENT}" value="${peer}"/>
    <add key="login.hotSeating" value="${hotSeating}"/>
    <add key="login.embeddedEndpoint" value="${hasEmbeddedEndpoint}"/>
  </appSettings>
</configuration>
`;
}

function localData(request: BootstrapRequest): string {
  const { family, sites, retryDelayS, hotSeating, hasEmbeddedEndpoint = false } = request;
  const isThirdParty = family === 'agent-desktop';
  const [preferred, peer] = sites.map(({ site, host, ports, place }) => ({
    application: isThirdParty ? thirdPartyName(site) : DESK_APPLICATION,
    applicationType: isThirdParty ? 'ThirdPartyApplication' : 'Workspace',
    nodes: ports.map((port) => `${host}:${port}`),
    timeout: retryDelayS,
    place,
  }));
  return JSON.stringify({
    ...{ environment: ENVIRONMENT, hotSeating, embeddedEndpoint: hasEmbeddedEndpoint },
    sites: { preferred, peer },
  });
}
