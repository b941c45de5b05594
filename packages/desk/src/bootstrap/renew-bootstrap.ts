/**
 * After a log-in the lists of the bootstrap file are replaced by what the configuration says (S0), so that the next
 * start finds the servers of that day and goes to the agent's own site first (S4).
 */
import type { DeskConfiguration } from '@holdfast/protocol';
import type { Bootstrap, BootstrapSite } from './bootstrap.ts';

type ConfiguredSite = DeskConfiguration['sites'][number];

export function renewBootstrap(bootstrap: Bootstrap, configuration: DeskConfiguration): Bootstrap {
  const known = [bootstrap.preferred, ...(bootstrap.peer === undefined ? [] : [bootstrap.peer])];
  if (bootstrap.hotSeating) {
    // Whoever sits here tomorrow has sites of their own: each list is renewed, and their order stays (DS20).
    const [preferred = bootstrap.preferred, peer] = known.map((old) => {
      const site = configuration.sites.find((one) => isSame(old, one));
      return site === undefined ? old : renewed(old, site);
    });
    return { ...bootstrap, preferred, peer };
  }
  const [preferred = bootstrap.preferred, peer] = configuration.sites.map((site, index) =>
    renewed(known.find((old) => isSame(old, site)) ?? known[index] ?? bootstrap.preferred, site),
  );
  // An agent of one site today may be one of two tomorrow: the other list is kept.
  const other = known.find((old) => !configuration.sites.some((site) => isSame(old, site)));
  return { ...bootstrap, preferred, peer: peer ?? other };
}

function renewed(old: BootstrapSite, site: ConfiguredSite): BootstrapSite {
  const { form, members, reconnectPauseMs } = site.configuration;
  return {
    ...old,
    site: site.site,
    application: site.application,
    form,
    nodes: members.map(({ host, port }) => ({ host, port })),
    // S4: a third-party desktop retries at the interval of its local data, whatever else says.
    timeoutMs: old.applicationType === 'Workspace' ? reconnectPauseMs : old.timeoutMs,
  };
}

function isSame(old: BootstrapSite, { site, configuration }: ConfiguredSite): boolean {
  if (old.site !== undefined) return old.site === site;
  return old.nodes.some((node) =>
    configuration.members.some(({ host, port }) => host === node.host && port === node.port),
  );
}
