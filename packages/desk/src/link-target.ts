/** Whom a link of the desk connects to at a site, as its configuration says (DS5). */
import type { Millis } from '@holdfast/kernel';
import type { LinkServers } from '@holdfast/protocol';
import type { LinkTarget } from './link.ts';
import type { DeskPolicy } from './policy.ts';

type Member = LinkServers['members'][number];

export function targetOf(servers: LinkServers, site: string, policy: DeskPolicy): LinkTarget<Member> {
  const { form, members, addpTimeoutMs, addpRemoteTimeoutMs, reconnectPauseMs } = servers;
  return {
    form,
    members,
    health: addpHealth(addpTimeoutMs, `site ${site}`),
    ...(addpRemoteTimeoutMs === undefined ? {} : { remoteTimeoutMs: addpRemoteTimeoutMs }),
    pauseMs: policy.retryPauseMs[site] ?? reconnectPauseMs,
    firstPauseMaxMs: policy.firstPauseMaxMs,
  };
}

export function addpHealth(addpTimeoutMs: Millis, source: string): LinkTarget['health'] {
  const option = { name: 'addp-timeout', value: `${addpTimeoutMs / 1000}`, source };
  return { timeoutMs: { value: addpTimeoutMs, option } };
}
