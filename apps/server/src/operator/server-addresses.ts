/** Where the servers of a centre are, as its configuration says. */
import { siteOf } from '@holdfast/centre';
import type { Application, ConfigObject } from '@holdfast/protocol';
import { CannotRun } from '../role.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Where clients of the SIP Server of that site connect; both members of a pair. */
export function sipServersOf(objects: readonly ConfigObject[], site: string): Address[] {
  const servers = objects.flatMap((one) =>
    one.objectType === 'Application' && one.type === 'SIPServer' && one.enabled ? [one] : [],
  );
  const addresses = servers.filter((one) => siteOf(one) === site).map((one) => addressOf(objects, one));
  if (addresses.length > 0) return addresses;
  const sites = [...new Set(servers.flatMap((one) => siteOf(one) ?? []))].map((name) => `"${name}"`);
  throw new CannotRun(
    `There is no SIP Server of site "${site}". The sites are ${sites.join(', ') || 'not named anywhere'}.`,
  );
}

/** Where its clients connect. */
export function addressOf(objects: readonly ConfigObject[], { name, host, ports }: Application): Address {
  const found = objects.find((object) => object.objectType === 'Host' && object.name === host);
  if (found?.objectType !== 'Host' || ports.default === undefined)
    throw new CannotRun(`Application/${name} has no Host or no port "default"; set both.`);
  return { host: found.address, port: ports.default };
}

export function addressInWords({ host, port }: Address): string {
  return `${host}:${port}`;
}
