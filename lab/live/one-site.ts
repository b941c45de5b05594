/**
 * One site as real processes, in a generated world of two, for tests that need no robots: its processes, its phones, and
 * clients that send what they like. The site is not started by the making.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GeneratedAgent } from '@holdfast/centre';
import { seededRandom } from '@holdfast/kernel';
import type { ConfigObject, OptionSections } from '@holdfast/protocol';
import { makeWorld, type TokenKey, writeConfiguration } from '@holdfast/server';
import { type DeskListeners, type DeskSession, openDesk, ProcessClock } from '@holdfast/shell';
import type { TransportName } from '@holdfast/sip';
import {
  generatedSites,
  neverOverloaded,
  PASSWORD,
  PHONE_PASSWORD,
  REALM,
  type SitePorts,
} from './lab-configuration.ts';
import { LabPhone, type LabPhoneOptions } from './peers/lab-phone.ts';
import { greeting, RawClient } from './raw-client.ts';
import { logInForToken } from './site-observer.ts';
import { drawPorts } from './site-ports.ts';
import { SiteProcesses } from './site-processes.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));

export interface OneSiteOptions {
  readonly agents: number;
  /** The supervisor starts again what has died. */
  readonly restarts: boolean;
  /** The SIP Server has a standby. */
  readonly isPair?: boolean;
  /** Object key → section → option → value. */
  readonly options?: Readonly<Record<string, OptionSections>>;
  /** Changes the world that was generated. */
  readonly configure?: (object: ConfigObject) => ConfigObject | readonly ConfigObject[];
}

interface PhoneOf extends Pick<LabPhoneOptions, 'trust' | 'lines'> {
  readonly transport?: TransportName;
  readonly answerAfterMs?: number | null;
  /** Where it finds the SIP Server. */
  readonly port?: number;
}

export class OneSite {
  readonly ports: SitePorts;
  readonly agents: readonly GeneratedAgent[];
  /** Signs what a Configuration Server would, where thousands are to log in. */
  readonly tokenKey: TokenKey;
  readonly processes: SiteProcesses;
  readonly logFile: string;
  readonly folder: string;
  readonly #clock = new ProcessClock();
  /** One for all phones: a call with the names of an earlier one would be taken for its copy. */
  readonly #random = seededRandom(1);
  readonly #phones: LabPhone[] = [];

  private constructor(site: {
    readonly folder: string;
    readonly ports: SitePorts;
    readonly agents: readonly GeneratedAgent[];
    readonly tokenKey: TokenKey;
    readonly restarts: boolean;
  }) {
    const { folder, ports, restarts } = site;
    const standby = ports.standby?.[0];
    this.folder = folder;
    this.ports = ports;
    this.agents = site.agents;
    this.tokenKey = site.tokenKey;
    this.logFile = join(folder, 'north', 'north.log');
    this.processes = new SiteProcesses({
      ...{ site: 'north', entry: SERVER_BUNDLE, restarts },
      ...{ files: join(folder, 'configuration'), data: join(folder, 'north') },
      servers: [
        { application: 'config-north', host: '127.0.0.1', port: ports.config[0] },
        {
          ...{ application: 'sip-north', host: '127.0.0.1', port: ports.clients[0] },
          ...(standby && { backup: { application: 'sip-north-b', port: standby.clientPort } }),
        },
        { application: 'stat-north', host: '127.0.0.1', port: ports.stats[0] },
      ],
    });
  }

  /** Writes the configuration. */
  static async make(request: OneSiteOptions): Promise<OneSite> {
    const { restarts, isPair = false, options = {}, configure = (object) => object } = request;
    if (!existsSync(SERVER_BUNDLE))
      throw new Error('.build/server.mjs is missing: run node scripts/setup.mjs');
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-one-site-'));
    const secrets = { password: PASSWORD, phonePassword: PHONE_PASSWORD, realm: REALM };
    const ports = await drawPorts(isPair);
    const sites = generatedSites(ports);
    const { objects, agents } = await makeWorld({ agents: request.agents, sites, options, ...secrets });
    await writeConfiguration(
      join(folder, 'configuration'),
      objects.map(neverOverloaded).flatMap(configure),
      'json',
    );
    const keys = objects.find((object) => object.objectType === 'Keys');
    if (keys?.objectType !== 'Keys') throw new Error('the generated world has no keys');
    const tokenKey = keys.tokenKeys[0] as TokenKey;
    return new OneSite({ folder, ports, agents, tokenKey, restarts });
  }

  /** A phone of that extension, not yet registered. */
  async phone(
    number: string,
    { transport = 'UDP', answerAfterMs = 0, port = this.ports.sip[0], lines = 1, trust }: PhoneOf = {},
  ): Promise<LabPhone> {
    const phone = await LabPhone.open({
      ...{ number, domain: REALM, password: PHONE_PASSWORD, scheme: 'single', port: 0, toneHz: 440 },
      ...{ answerAfterMs, lines, clock: this.#clock, random: this.#random },
      sites: [{ site: 'north', port, transport }],
      ...(trust !== undefined && { trust }),
    });
    this.#phones.push(phone);
    return phone;
  }

  /** `port`: where it finds the SIP Server; a relay in front of it, perhaps. */
  async registeredPhone(number: string, answerAfterMs: number, port = this.ports.sip[0]): Promise<LabPhone> {
    const phone = await this.phone(number, { answerAfterMs, port });
    phone.command({ name: 'register' });
    await phone.fact('registered');
    return phone;
  }

  /** A desk of that agent, who has logged in nowhere before. */
  async desk(user: string, listeners: DeskListeners): Promise<DeskSession> {
    const bootstrap = join(this.folder, 'bootstrap.json');
    const [preferred, peer] = this.ports.config.map((port) => ({
      application: 'workspace',
      nodes: [`127.0.0.1:${port}`],
    }));
    const sites = { preferred, peer };
    writeFileSync(bootstrap, JSON.stringify({ environment: 'test', hotSeating: false, sites }));
    const opening = await openDesk({
      ...{ user, password: PASSWORD, bootstrap, dataFolder: join(this.folder, 'desk') },
      firstLogin: 'nothingBefore',
      listeners,
    });
    if (!opening.ok) throw new Error(opening.problems.join('\n'));
    return opening.desk;
  }

  tokenOf(user: string): Promise<string> {
    const config = { host: '127.0.0.1', port: this.ports.config[0] };
    return logInForToken({ config, user, password: PASSWORD });
  }

  /** A client of the SIP Server as this person, greeted by a fresh stamp. */
  async clientOf(user: string): Promise<{ client: RawClient; token: string; stamp: unknown }> {
    const token = await this.tokenOf(user);
    const client = await RawClient.open(this.ports.clients[0]);
    const { stamp } = await client.ask({ ...greeting.sip(60_000), token }, 'Stamp');
    return { client, token, stamp };
  }

  /** All phones and clients of the test are gone, and the site too. */
  async end(): Promise<void> {
    await Promise.all(this.#phones.splice(0).map((phone) => phone.close()));
    RawClient.closeAll();
    if (this.processes.state === 'starting') this.processes.kill();
    await this.processes.stop();
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
