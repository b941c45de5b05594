/**
 * A site whose pair has no virtual IP: each member has a SIP address of its own, and phones know the site by a name whose
 * SRV records, for each transport of SIP, name both members, the first before the second (PR10). With the name server that
 * says so, and a certificate for that name.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '@holdfast/kernel';
import type { ConfigObject } from '@holdfast/protocol';
import { DnsClient } from '@holdfast/server';
import { ProcessClock } from '@holdfast/shell';
import type { TransportName } from '@holdfast/sip';
import { makeCertificate, writeCertificate } from '../../apps/server/src/io/testing/make-certificate.ts';
import { type NameServer, nameServer } from '../../apps/server/src/io/testing/name-server.ts';
import { freePorts } from './free-ports.ts';
import { PHONE_PASSWORD, REALM } from './lab-configuration.ts';
import { OneSite } from './one-site.ts';
import { LabPhone } from './peers/lab-phone.ts';

export const SITE_NAME = 'north.holdfast.test';
/** Long enough for a takeover on a machine that is busy with other things. */
const REGISTERED_MAX_MS = 20_000;

/** Of one member, by the prefix of the SRV records that name it (RFC 3263 §4.1, RFC 7118 §5.4). */
interface MemberPorts {
  readonly '_sip._udp': number;
  readonly '_sip._tcp': number;
  readonly '_sips._tcp': number;
  readonly '_sip._ws': number;
  readonly '_sips._ws': number;
}

export class SipNameSite {
  readonly site: OneSite;
  /** SIP ports of the two members. */
  readonly ports: readonly [number, number];
  readonly #names: NameServer;
  readonly #dns: DnsClient;
  readonly #secured: Secured;
  readonly #phones: LabPhone[] = [];
  readonly #clock = new ProcessClock();
  readonly #random = seededRandom(1);

  private constructor(site: OneSite, names: NameServer, secured: Secured) {
    this.site = site;
    this.ports = [secured.members[0]['_sip._udp'], secured.members[1]['_sip._udp']];
    this.#names = names;
    this.#secured = secured;
    this.#dns = new DnsClient({ servers: [names], hosts: '' });
  }

  static async start(agents: number): Promise<SipNameSite> {
    const [second, ...more] = (await freePorts(7)) as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-sip-name-'));
    const made = makeCertificate({ names: [SITE_NAME] });
    const files = writeCertificate(folder, made);
    const configure = (object: ConfigObject) => [named(object, { second, more, files })];
    const site = await OneSite.make({ agents, restarts: true, isPair: true, configure });
    const [tls, secondTls, ws, secondWs, wss, secondWss] = more;
    const members = [
      memberPorts(site.ports.sip[0], { tls, ws, wss }),
      memberPorts(second, { tls: secondTls, ws: secondWs, wss: secondWss }),
    ] as const;
    const names = await nameServer(({ type, name }) => ({ answers: answersOf(members, type, name) }));
    const started = new SipNameSite(site, names, { members, folder, ca: made.certificate });
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
      trust: { ca: this.#secured.ca, serverName: SITE_NAME },
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
    rmSync(this.#secured.folder, { recursive: true });
  }
}

interface Secured {
  readonly members: readonly [MemberPorts, MemberPorts];
  /** Of the certificate and its key. */
  readonly folder: string;
  readonly ca: string;
}

export interface PhoneOf {
  readonly transport?: TransportName;
  readonly toneHz?: number;
  readonly answerAfterMs?: number | null;
}

interface NamedOptions {
  readonly second: number;
  /** TLS, WS and WSS, of each the first member's and the second's. */
  readonly more: readonly [number, number, number, number, number, number];
  readonly files: { readonly certificate: string; readonly key: string };
}

function named(object: ConfigObject, { second, more, files }: NamedOptions): ConfigObject {
  if (object.objectType !== 'Application' || object.type !== 'SIPServer') return object;
  if (!object.name.startsWith('sip-north')) return object;
  const { TServer, holdfast, ...options } = object.options;
  const isFirst = object.name === 'sip-north';
  const [tls, ws, wss] = more.filter((_, index) => (index % 2 === 0) === isFirst).map(String);
  return {
    ...object,
    options: {
      ...options,
      TServer: {
        ...TServer,
        ...(!isFirst && { 'sip-port': String(second) }),
        ...(tls !== undefined && { 'sip-port-tls': tls }),
        ...{ 'sip-tls-cert': files.certificate, 'sip-tls-cert-key': files.key },
      },
      holdfast: {
        ...holdfast,
        ...(ws !== undefined && wss !== undefined && { 'sip-port-ws': ws, 'sip-port-wss': wss }),
        'sip-name': SITE_NAME,
      },
    },
  };
}

function memberPorts(
  sip: number,
  { tls, ws, wss }: { readonly tls: number; readonly ws: number; readonly wss: number },
): MemberPorts {
  return { '_sip._udp': sip, '_sip._tcp': sip, '_sips._tcp': tls, '_sip._ws': ws, '_sips._ws': wss };
}

function answersOf(members: readonly MemberPorts[], type: string, name: string) {
  const service = name.slice(0, -SITE_NAME.length - 1);
  if (type === 'SRV' && name.endsWith(`.${SITE_NAME}`) && service in (members[0] ?? {}))
    return members.map((ports, priority) => ({
      ...{ type: 'SRV' as const, name, ttl: 60 },
      data: {
        ...{ priority, weight: 1, target: `member.${SITE_NAME}` },
        port: ports[service as keyof MemberPorts],
      },
    }));
  if (type === 'A' && name === `member.${SITE_NAME}`)
    return [{ type: 'A' as const, name, ttl: 60, data: '127.0.0.1' }];
  return [];
}
