/** Whom a link of the desk connects to at a site, as its configuration says (DS5). */
import type { Millis } from '@holdfast/kernel';
import type { LinkServers } from '@holdfast/protocol';
import type { LinkTarget } from './link.ts';
import type { DeskPolicy, FilePause } from './policy.ts';

type Member = LinkServers['members'][number];

export function targetOf(
  servers: LinkServers,
  site: string,
  policy: DeskPolicy,
  kind: FilePause['of'] = 'everyLink',
): LinkTarget<Member> {
  const { form, members, addpTimeoutMs, addpRemoteTimeoutMs } = servers;
  return {
    form,
    members,
    health: addpHealth(
      addpTimeoutMs,
      `connection to ${members.map(({ application }) => application).join(', ')}`,
    ),
    ...(addpRemoteTimeoutMs === undefined ? {} : { remoteTimeoutMs: addpRemoteTimeoutMs }),
    pauseMs: pauseOf(servers, policy.filePauses[site], kind),
    firstPauseMaxMs: policy.firstPauseMaxMs,
  };
}

/** DS5: the bootstrap file's pause where it goes before the servers' own, or where nobody has set one for them. */
function pauseOf(
  { reconnectPauseMs, reconnectPauseSource }: LinkServers,
  file: FilePause | undefined,
  kind: FilePause['of'],
): Millis {
  if (file === undefined || (file.of === 'configuration' && kind !== 'configuration'))
    return reconnectPauseMs;
  return file.isStrongest || reconnectPauseSource === undefined ? file.pauseMs : reconnectPauseMs;
}

export function addpHealth(addpTimeoutMs: Millis, source: string): LinkTarget['health'] {
  const option = { name: 'addp-timeout', value: `${addpTimeoutMs / 1000}`, source };
  return { timeoutMs: { value: addpTimeoutMs, option } };
}
