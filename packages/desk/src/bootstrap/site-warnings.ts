/**
 * What both forms of the bootstrap file allow and what endangers the start (DS22): the records of the two sites are
 * copies of each other.
 */
import type { BootstrapSite } from './bootstrap.ts';

export interface SiteWarning {
  /** Of the peer's record. */
  readonly what: 'nodes' | 'application';
  readonly text: string;
}

export function siteWarnings(preferred: BootstrapSite, peer: BootstrapSite | undefined): SiteWarning[] {
  if (peer === undefined) return [];
  const warnings: SiteWarning[] = [];
  const named = new Set(preferred.nodes.map(({ host, port }) => `${host}:${port}`));
  const both = peer.nodes.map(({ host, port }) => `${host}:${port}`).filter((node) => named.has(node));
  if (both.length > 0)
    warnings.push({
      what: 'nodes',
      text: `${both.join(', ')} stands at the preferred site too: with that site the desk loses the way to the other. Name the Configuration Servers of the peer site here.`,
    });
  // DS21: one Place for both sites is sound, and so is one Application in the Workspace family.
  const isOneDesktop = peer.applicationType !== 'Workspace' && peer.application === preferred.application;
  if (isOneDesktop)
    warnings.push({
      what: 'application',
      text: `"${peer.application}"${samePlace(preferred, peer)} is that of the preferred site: a third-party desktop has an Application for each site (S3). Name that of the peer site here.`,
    });
  return warnings;
}

function samePlace(preferred: BootstrapSite, peer: BootstrapSite): string {
  return peer.place === undefined || peer.place !== preferred.place
    ? ''
    : `, with the place "${peer.place}",`;
}
