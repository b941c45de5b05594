/**
 * Two sites as real processes for phones and gateways of others: the trunk's gateway is left to the test, the
 * guest extension (7999) and agents without a robot to phones of others. Everything that our processes send is
 * kept, for parsers of others to judge.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  ADMINISTRATOR,
  DESK_APPLICATION,
  type GeneratedAgent,
  GUEST,
  OVERFLOW_QUEUE,
  SALES_QUEUE,
} from '@holdfast/centre';
import { seededRandom } from '@holdfast/kernel';
import type { OptionSections } from '@holdfast/protocol';
import { makeWorld, writeConfiguration } from '@holdfast/server';
import { type DeskSession, openDesk, ProcessClock } from '@holdfast/shell';
import { freePorts } from '../free-ports.ts';
import { neverOverloaded, type StandbyPorts, siteFolders } from '../lab-configuration.ts';
import { DatagramLine, GOOD_LINE } from '../line-quality.ts';
import { Relays } from '../relay.ts';
import { Robot, type RobotWatch } from '../robot.ts';
import { robotBootstrap } from '../robot-bootstrap.ts';
import { SiteOperator } from '../site-operator.ts';
import { SiteProcesses } from '../site-processes.ts';
import { SHORT } from '../times.ts';
import { LabPhone, type LabPhoneOptions } from './lab-phone.ts';
import { stopPrograms, until } from './processes.ts';
import { type SentMessage, sentIn, tapTo } from './sent-messages.ts';

export type PeerSite = 'north' | 'south';
const SITES: readonly PeerSite[] = ['north', 'south'];

export const REALM = 'holdfast';
export const PHONE_PASSWORD = 'fake-phone-password';
const PASSWORD = 'fake-password';
/** An extension at both sites that no robot uses. */
export const GUEST_DN = GUEST.dn;
/** Its waiting callers hear ringing: they are answered once, by the agent. */
export const QUEUE_WITH_RINGING = OVERFLOW_QUEUE;
/** Its waiting callers hear music and are turned to the agent by a re-INVITE. */
export const QUEUE_WITH_MUSIC = SALES_QUEUE;

const SERVER_BUNDLE = fileURLToPath(new URL('../../../.build/server.mjs', import.meta.url));
const SENT_FILE = 'sent.jsonl';
/** Robots have to outlast every call of a test: who calls hangs up. */
const TALK_MS = 180_000;

export interface PeerLabOptions {
  /** Agents with a robot. 0 where only extensions are called. */
  readonly robots?: number;
  /** With a robot or without one; as many as there are robots unless told otherwise. */
  readonly agents?: number;
  /** Each site has a pair of SIP Servers, whose supervisor starts again what dies. */
  readonly pairs?: boolean;
  /** Object key → section → option → value; `gateway` is the port of the gateway. */
  readonly options?: (gateway: number) => Readonly<Record<string, OptionSections>>;
}

export class PeerLab {
  readonly folder: string;
  readonly clock = new ProcessClock();
  readonly random = seededRandom(1);
  readonly robots: Robot[] = [];
  readonly sites: Readonly<Record<PeerSite, SiteProcesses>>;
  readonly sipPorts: Readonly<Record<PeerSite, number>>;
  readonly gatewayPort: number;
  readonly #configPorts: Readonly<Record<PeerSite, number>>;
  readonly #clientPorts: Readonly<Record<PeerSite, number>>;
  readonly #agents: readonly GeneratedAgent[];
  readonly #phones: LabPhone[] = [];
  readonly #desks: DeskSession[] = [];

  private constructor(folder: string, ports: Ports, agents: readonly GeneratedAgent[]) {
    this.folder = folder;
    this.#agents = agents;
    this.sipPorts = { north: ports.sip[0], south: ports.sip[1] };
    this.#configPorts = { north: ports.config[0], south: ports.config[1] };
    this.#clientPorts = { north: ports.clients[0], south: ports.clients[1] };
    this.gatewayPort = ports.gateway;
    const site = (name: PeerSite, index: 0 | 1) =>
      new SiteProcesses({
        site: name,
        entry: SERVER_BUNDLE,
        restarts: ports.standby !== undefined,
        ...siteFolders(folder, name),
        servers: [
          { application: `config-${name}`, host: '127.0.0.1', port: ports.config[index] },
          {
            ...{ application: `sip-${name}`, host: '127.0.0.1', port: ports.clients[index] },
            ...(ports.standby && {
              backup: { application: `sip-${name}-b`, port: ports.standby[index].clientPort },
            }),
          },
        ],
      });
    this.sites = { north: site('north', 0), south: site('south', 1) };
  }

  /** Resolves when both sites answer and every robot is Ready. */
  static async start({
    robots = 0,
    agents: wanted = 1,
    pairs = false,
    options,
  }: PeerLabOptions = {}): Promise<PeerLab> {
    if (!existsSync(SERVER_BUNDLE))
      throw new Error('.build/server.mjs is missing: run node scripts/setup.mjs');
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-peers-'));
    await tapTo(join(folder, SENT_FILE));
    const ports = await drawPorts(pairs);
    const site = (name: PeerSite, index: 0 | 1) => ({
      name,
      address: '127.0.0.1',
      configPort: ports.config[index],
      clientPort: ports.clients[index],
      sipPort: ports.sip[index],
      gateway: `127.0.0.1:${ports.gateway}`,
      ...(ports.standby && { standby: ports.standby[index] }),
    });
    const holdfast = { 'registrar-min-timeout': '1' };
    const { objects, agents } = await makeWorld({
      agents: Math.max(wanted, robots),
      sites: [site('north', 0), site('south', 1)],
      schemes: ['dual'],
      password: PASSWORD,
      phonePassword: PHONE_PASSWORD,
      realm: REALM,
      options: {
        'Application/sip-north': { holdfast, TServer: { 'wrap-up-time': '0' } },
        'Application/sip-south': { holdfast, TServer: { 'wrap-up-time': '0' } },
        ...options?.(ports.gateway),
      },
    });
    const configured = objects.map(neverOverloaded);
    for (const name of SITES) await writeConfiguration(siteFolders(folder, name).files, configured, 'json');
    const lab = new PeerLab(folder, ports, agents.slice(0, robots));
    try {
      await Promise.all(SITES.map((name) => lab.sites[name].start()));
      await lab.#startRobots();
    } catch (error) {
      // Nobody has the lab yet who could end it, and its logs go with it.
      const logs = SITES.map((name) => lab.#endOfLog(name)).join('\n');
      await lab.stop();
      throw new Error(`${(error as Error).message}\n${logs}`, { cause: error });
    }
    return lab;
  }

  #endOfLog(site: PeerSite): string {
    const file = join(this.folder, site, `${site}.log`);
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-12).join('\n') : '';
  }

  async #startRobots(): Promise<void> {
    this.robots.push(...this.#agents.map((agent, index) => this.#makeRobot(agent, index)));
    await Promise.all(this.robots.map((robot) => robot.start()));
    await until('every robot is Ready', 15_000, () =>
      this.robots.every(({ view }) => view?.state === 'Ready' && view.site !== null),
    );
  }

  #makeRobot(agent: GeneratedAgent, index: number): Robot {
    const other = agent.home === 'north' ? 'south' : 'north';
    const order = [agent.home as PeerSite, other as PeerSite] as const;
    const config = (site: PeerSite) => ({ site, host: '127.0.0.1', ports: [this.#configPorts[site]] });
    return new Robot({
      agent: agent.user,
      user: agent.user,
      password: PASSWORD,
      phonePassword: PHONE_PASSWORD,
      dn: agent.dn,
      scheme: agent.scheme,
      family: 'interaction-workspace',
      home: agent.home,
      peer: other,
      realm: REALM,
      phoneSites: order.map((site) => {
        const port = this.sipPorts[site];
        return {
          site,
          registrar: `sip:127.0.0.1:${port}`,
          destination: { type: 'target', target: { transport: 'UDP', host: '127.0.0.1', port } },
        };
      }),
      storage: {
        epochStored: 0,
        bootstrap: robotBootstrap({
          family: 'interaction-workspace',
          sites: [config(order[0]), config(order[1])],
          retryDelayS: 1,
          hotSeating: false,
          isCluster: false,
        }),
      },
      desk: `robot-${agent.user}-${process.pid}`,
      firstLogin: 'nothingBefore',
      registerEveryS: 30,
      registration: SHORT.registration,
      addpTimeoutMs: SHORT.addpMs,
      mayHangUp: () => true,
      talkMs: () => TALK_MS,
      toneHz: robotTone(index),
      isSilentAt: () => false,
      clock: this.clock,
      random: this.random,
      relays: new Relays(),
      line: new DatagramLine(GOOD_LINE, this.random),
      watch: NOBODY,
    });
  }

  /** A desk for the guest extension, or for an agent of north without a robot: the phone is the test's. It is logged in at the north. */
  async deskOf(user: string = GUEST.user): Promise<DeskSession> {
    const file = join(this.folder, `${user}-bootstrap.json`);
    const site = (name: PeerSite) => ({
      ...{ application: DESK_APPLICATION, nodes: [`127.0.0.1:${this.#configPorts[name]}`] },
    });
    const sites = { preferred: site('north'), peer: site('south') };
    writeFileSync(file, JSON.stringify({ environment: 'test', hotSeating: false, sites }));
    const opening = await openDesk({
      ...{ user, password: PASSWORD, bootstrap: file, dataFolder: join(this.folder, `${user}-desk`) },
      firstLogin: 'nothingBefore',
    });
    if (!opening.ok) throw new Error(opening.problems.join('\n'));
    const { desk } = opening;
    this.#desks.push(desk);
    await until(`${user} is logged in`, 15_000, () => desk.view?.site === 'north');
    return desk;
  }

  /** A phone of ours, closed with the lab; the gateway's port is `gatewayPort`. */
  async phone(
    options: Omit<LabPhoneOptions, 'clock' | 'random' | 'sites' | 'domain'> &
      Partial<Pick<LabPhoneOptions, 'sites'>>,
  ): Promise<LabPhone> {
    const phone = await LabPhone.open({
      domain: REALM,
      sites: SITES.map((site) => ({ site, port: this.sipPorts[site] })),
      clock: this.clock,
      random: this.random,
      ...options,
    });
    this.#phones.push(phone);
    return phone;
  }

  /** A caller from outside, with a tone. */
  caller(toneHz: number): Promise<LabPhone> {
    return this.phone({ number: 'gateway', password: '', scheme: 'none', port: this.gatewayPort, toneHz });
  }

  /** Somebody who may drain a site; whoever asked for it closes it. */
  operatorAt(site: PeerSite): Promise<SiteOperator> {
    const config = { host: '127.0.0.1', port: this.#configPorts[site] };
    const credentials = { config, user: ADMINISTRATOR.user, password: PASSWORD };
    return SiteOperator.logIn({ host: '127.0.0.1', port: this.#clientPorts[site] }, credentials);
  }

  /** What all processes of ours have sent until now, the robots' and callers' phones among them. */
  sent(): SentMessage[] {
    return sentIn(join(this.folder, SENT_FILE));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#phones.map((phone) => phone.close()));
    await Promise.all([...this.robots, ...this.#desks].map((one) => one.stop()));
    await stopPrograms();
    for (const name of SITES) if (this.sites[name].state === 'starting') this.sites[name].kill();
    await Promise.all(SITES.map((name) => this.sites[name].stop()));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Hundreds of Hz from the callers' tones. */
export function robotTone(index: number): number {
  return 900 + 20 * index;
}

/** What robots show is of no interest here. */
const NOBODY: RobotWatch = {
  desk: () => {},
  decision: () => {},
  alarm: () => {},
  view: () => {},
  phone: () => {},
  media: () => {},
  stampPromised: () => {},
};

interface Ports {
  readonly config: readonly [number, number];
  readonly clients: readonly [number, number];
  readonly sip: readonly [number, number];
  readonly gateway: number;
  readonly standby: readonly [StandbyPorts, StandbyPorts] | undefined;
}

async function drawPorts(pairs: boolean): Promise<Ports> {
  const ports = await freePorts(pairs ? 11 : 7);
  const at = (index: number) => ports[index] as number;
  const standby = (index: number): StandbyPorts => ({ clientPort: at(index), pairPort: at(index + 1) });
  return {
    ...{ config: [at(0), at(1)], clients: [at(2), at(3)], sip: [at(4), at(5)], gateway: at(6) },
    standby: pairs ? [standby(7), standby(9)] : undefined,
  };
}
