/**
 * After a log-in the lists of the bootstrap file are replaced by what the configuration says (S0), so that the next
 * start finds the servers of that day and goes to the agent's own site first (S4).
 */
import type { DeskConfiguration } from '@holdfast/protocol';
import type { Bootstrap, BootstrapSite } from './bootstrap.ts';

type ConfiguredSite = DeskConfiguration['sites'][number];

export function renewBootstrap(bootstrap: Bootstrap, configuration: DeskConfiguration): Bootstrap {
  const known = [bootstrap.preferred, ...(bootstrap.peer === undefined ? [] : [bootstrap.peer])];
  const recordOf = recordsOf(known, configuration.sites, bootstrap.hotSeating ? SURE : [...SURE, () => true]);
  if (bootstrap.hotSeating) {
    // Whoever sits here tomorrow has sites of their own: each list is renewed, and their order stays (DS20).
    const [preferred = bootstrap.preferred, peer] = known.map((old) => {
      const site = configuration.sites.find((one) => recordOf.get(one) === old);
      return site === undefined ? old : renewed(old, site);
    });
    return { ...bootstrap, preferred, peer };
  }
  // A second site of which the file knew nothing: as the first, but where the agent sits is not known there.
  const unknown = { ...bootstrap.preferred, place: undefined };
  const [preferred = bootstrap.preferred, peer] = configuration.sites.map((site) =>
    renewed(recordOf.get(site) ?? unknown, site),
  );
  // An agent of one site today may be one of two tomorrow: the other list is kept.
  const claimed = new Set(recordOf.values());
  return { ...bootstrap, preferred, peer: peer ?? known.find((old) => !claimed.has(old)) };
}

type Match = (old: BootstrapSite, site: ConfiguredSite) => boolean;

/** By what a record of the file is known as that site's, the surest first. */
const SURE: readonly Match[] = [
  (old, { site }) => old.site === site,
  // S3: a third-party desktop has an Application for each site.
  (old, { application }) =>
    old.site === undefined && old.applicationType !== 'Workspace' && old.application === application,
  (old, { configuration }) =>
    old.site === undefined &&
    old.nodes.some((node) =>
      configuration.members.some(({ host, port }) => host === node.host && port === node.port),
    ),
];

/** Each record belongs to one site at most: the place where the agent sits goes with it (DS21). */
function recordsOf(
  known: readonly BootstrapSite[],
  sites: readonly ConfiguredSite[],
  matches: readonly Match[],
): Map<ConfiguredSite, BootstrapSite> {
  const left = new Set(known);
  const found = new Map<ConfiguredSite, BootstrapSite>();
  for (const match of matches)
    for (const site of sites) {
      const old = found.has(site) ? undefined : [...left].find((one) => match(one, site));
      if (old === undefined) continue;
      found.set(site, old);
      left.delete(old);
    }
  return found;
}

function renewed(old: BootstrapSite, site: ConfiguredSite): BootstrapSite {
  const { form, members } = site.configuration;
  // Its pause stays the file's: one that the configuration sets goes before it in each session anew (DS5), and written
  // here it would outlive the option that set it.
  return {
    ...old,
    site: site.site,
    application: site.application,
    form,
    nodes: members.map(({ host, port }) => ({ host, port })),
  };
}
