/** Which SIP Server is the peer: that of the other site in the same group (S1), its primary first. */
import { type Configuration, levelOf, optionValue, resolveOption, siteOf } from '@holdfast/centre';
import { type Application, OPTIONS } from '@holdfast/protocol';
import type { ServerAddress } from '../server-address.ts';
import type { PeerConfiguration } from './peer-site.ts';

/** A line that is silent for so long is asked, and given up after as much again; what waits for an answer waits less. */
const ADDP_TIMEOUT_MS = 3_000;
/** Where the pair says nothing (S0's reconnect timeout). One connection that comes so often costs nothing. */
const ROUND_PAUSE_S = 0.5;

/** Undefined where there is none, or several: of these nobody can say which it is, and the check of groups warns (CF18). */
export function readPeer(configuration: Configuration, own: Application): PeerConfiguration | undefined {
  const group = groupOf(own);
  const others = configuration
    .all('Application')
    .filter((one) => one.type === 'SIPServer' && one.enabled && siteOf(one) !== undefined)
    .filter((one) => siteOf(one) !== siteOf(own) && groupOf(one) === group);
  const backups = new Set(others.map(({ backup }) => backup));
  const [primary, ...more] = others.filter(({ name }) => !backups.has(name));
  const site = primary && siteOf(primary);
  if (primary === undefined || site === undefined || more.length > 0) return undefined;
  const backup = others.find(({ name }) => name === primary.backup);
  const applications = [primary.name, ...(backup === undefined ? [] : [backup.name])];
  const members =
    tunnelOf(own)?.map((address) => ({ ...address, applications })) ??
    [primary, backup].flatMap((member) => {
      const host = configuration.get('Host', member?.host ?? '')?.address;
      const port = member?.ports.default;
      if (member === undefined || host === undefined || port === undefined) return [];
      return [{ host, port, applications: [member.name] }];
    });
  if (members.length === 0) return undefined;
  const pauseMs = (primary.reconnectTimeout ?? ROUND_PAUSE_S) * 1000;
  return { site, settings: { members, addpTimeoutMs: ADDP_TIMEOUT_MS, pauseMs } };
}

/** Where the other site is reached, when not where it is. */
function tunnelOf(own: Application): ServerAddress[] | undefined {
  const set = resolveOption(OPTIONS.holdfast['peer-address'], [levelOf(`Application/${own.name}`, own)]);
  return set?.value.split(',').map((address) => {
    const colon = address.lastIndexOf(':');
    return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
  });
}

function groupOf(server: Application): string {
  const definition = OPTIONS['interaction-workspace']['disaster-recovery.name'];
  return optionValue(definition, [levelOf(`Application/${server.name}`, server)]);
}
