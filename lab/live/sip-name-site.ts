/**
 * A site whose pair has no virtual IP: each member has a SIP address of its own, and phones know the site by a name whose
 * SRV records, for UDP and for TCP, name both members, the first before the second (PR10). With the name server that says so.
 */
import { seededRandom } from '@holdfast/kernel';
import type { ConfigObject } from '@holdfast/protocol';
import { DnsClient } from '@holdfast/server';
import { ProcessClock } from '@holdfast/shell';
import { type NameServer, nameServer } from '../../apps/server/src/io/testing/name-server.ts';
import { freePorts } from './free-ports.ts';
import { PHONE_PASSWORD, REALM } from './lab-configuration.ts';
import { OneSite } from './one-site.ts';
import { LabPhone } from './peers/lab-phone.ts';

export const SITE_NAME = 'north.holdfast.test';
/** Long enough for a takeover on a machine that is busy with other things. */
const REGISTERED_MAX_MS = 20_000;

export type PhoneTransport = 'UDP' | 'TCP';

export class SipNameSite {
  readonly site: OneSite;
  /** SIP ports of the two members. */
  readonly ports: readonly [number, number];
  readonly #names: NameServer;
  readonly #dns: DnsClient;
  readonly #phones: LabPhone[] = [];
  readonly #clock = new ProcessClock();
  readonly #random = seededRandom(1);

  private constructor(site: OneSite, ports: readonly [number, number], names: NameServer) {
    this.site = site;
    this.ports = ports;
    this.#names = names;
    this.#dns = new DnsClient({ servers: [names], hosts: '' });
  }

  static async start(agents: number): Promise<SipNameSite> {
    const [second] = (await freePorts(1)) as [number];
    const configure = (object: ConfigObject) => [named(object, second)];
    const site = await OneSite.make({ agents, restarts: true, isPair: true, configure });
    const ports = [site.ports.sip[0], second] as const;
    const names = await nameServer(({ type, name }) => ({ answers: answersOf(ports, type, name) }));
    const started = new SipNameSite(site, ports, names);
    await site.processes.start();
    return started;
  }

  /** Registered, by the name alone. Its calls are answered after so long; never, where null is given. */
  async registeredPhone(
    number: string,
    { transport = 'UDP', toneHz = 440, answerAfterMs = 0 }: PhoneOf = {},
  ): Promise<LabPhone> {
    const phone = await LabPhone.open({
      ...{ number, domain: REALM, password: PHONE_PASSWORD, scheme: 'single', expires: 60, port: 0 },
      ...{ toneHz, answerAfterMs, clock: this.#clock, random: this.#random, dns: this.#dns },
      sites: [{ site: 'north', name: SITE_NAME, port: 0, transport }],
    });
    this.#phones.push(phone);
    phone.command({ name: 'register' });
    await phone.fact('registered', { withinMs: REGISTERED_MAX_MS });
    return phone;
  }

  async end(): Promise<void> {
    await Promise.all(this.#phones.splice(0).map((phone) => phone.close()));
    this.#dns.close();
    this.#names.socket.close();
    await this.site.end();
    this.site.remove();
  }
}

export interface PhoneOf {
  readonly transport?: PhoneTransport;
  readonly toneHz?: number;
  readonly answerAfterMs?: number | null;
}

function named(object: ConfigObject, secondPort: number): ConfigObject {
  if (object.objectType !== 'Application' || object.type !== 'SIPServer') return object;
  if (!object.name.startsWith('sip-north')) return object;
  const { TServer, holdfast, ...options } = object.options;
  const own = object.name === 'sip-north' ? {} : { 'sip-port': String(secondPort) };
  return {
    ...object,
    options: {
      ...options,
      TServer: { ...TServer, ...own },
      holdfast: { ...holdfast, 'sip-name': SITE_NAME },
    },
  };
}

function answersOf(ports: readonly number[], type: string, name: string) {
  if (type === 'SRV' && ['udp', 'tcp'].some((over) => name === `_sip._${over}.${SITE_NAME}`))
    return ports.map((port, priority) => ({
      ...{ type: 'SRV' as const, name, ttl: 60 },
      data: { priority, weight: 1, port, target: `member.${SITE_NAME}` },
    }));
  if (type === 'A' && name === `member.${SITE_NAME}`)
    return [{ type: 'A' as const, name, ttl: 60, data: '127.0.0.1' }];
  return [];
}
