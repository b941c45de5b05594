/**
 * One site as real processes, for tests that send it what it should never get: where its ports are, what it has
 * logged, what it weighs, and whether it still does its work.
 */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GUEST } from '@holdfast/centre';
import { seededRandom } from '@holdfast/kernel';
import { makeWorld, writeConfiguration } from '@holdfast/server';
import { ProcessClock } from '@holdfast/shell';
import { WebSocket } from 'ws';
import { drawPorts, type SitePorts } from './live-lab.ts';
import { LabPhone } from './peers/lab-phone.ts';
import { until } from './peers/processes.ts';
import { SiteProcesses } from './site-processes.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
const REALM = 'holdfast';
const PHONE_PASSWORD = 'fake-phone-password';
export const PASSWORD = 'fake-password';
/** Two extensions: one calls, the other answers. */
const CALLER = GUEST.dn;
const CALLED = '7001';

export interface LoggedLine {
  readonly level: string;
  readonly what: string;
  readonly application: string;
  readonly because?: string;
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>;
}

/** What Node writes about its inspector. */
const FROM_THE_INSPECTOR = /^(Debugger |For help, see:)/;

export class AttackedSite {
  readonly sipPort: number;
  readonly clientPort: number;
  readonly configPort: number;
  readonly statPort: number;
  readonly #folder: string;
  readonly #site: SiteProcesses;
  readonly #inspectors = new Map<string, string>();
  readonly #clock = new ProcessClock();
  /** One for all phones: a call with the names of an earlier one would be taken for its copy. */
  readonly #random = seededRandom(1);

  private constructor(folder: string, ports: SitePorts) {
    [this.configPort] = ports.config;
    [this.clientPort] = ports.clients;
    [this.statPort] = ports.stats;
    [this.sipPort] = ports.sip;
    this.#folder = folder;
    this.#site = new SiteProcesses({
      site: 'north',
      entry: SERVER_BUNDLE,
      restarts: false,
      files: join(folder, 'configuration'),
      data: join(folder, 'north'),
      servers: [
        { application: 'config-north', host: '127.0.0.1', port: this.configPort },
        { application: 'sip-north', host: '127.0.0.1', port: this.clientPort },
        { application: 'stat-north', host: '127.0.0.1', port: this.statPort },
      ],
    });
  }

  static async start(agents = 8): Promise<AttackedSite> {
    if (!existsSync(SERVER_BUNDLE))
      throw new Error('.build/server.mjs is missing: run node scripts/setup.mjs');
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-attacked-'));
    const ports = await drawPorts();
    const site = (name: string, index: 0 | 1) => ({
      ...{ name, address: '127.0.0.1', gateway: `127.0.0.1:${ports.gateway}` },
      ...{ configPort: ports.config[index], clientPort: ports.clients[index] },
      ...{ statPort: ports.stats[index], sipPort: ports.sip[index] },
    });
    const { objects } = await makeWorld({
      agents,
      sites: [site('north', 0), site('south', 1)],
      password: PASSWORD,
      phonePassword: PHONE_PASSWORD,
      realm: REALM,
    });
    await writeConfiguration(join(folder, 'configuration'), objects, 'json');
    const attacked = new AttackedSite(folder, ports);
    try {
      // Any free port, when the inspector is asked for.
      process.env.NODE_OPTIONS = '--inspect-port=0';
      await attacked.#site.start();
    } catch (error) {
      // Nobody has the site yet who could end it.
      await attacked.stop();
      throw error;
    }
    return attacked;
  }

  get #logFile(): string {
    return join(this.#folder, 'north', 'north.log');
  }

  pidOf(application: string): number {
    const pid = this.#site.processes().find((process) => process.application === application)?.pid;
    if (pid === undefined) throw new Error(`${application} has ended; ${this.#lastWords()}`);
    return pid;
  }

  /** What the process holds of the machine's memory, MB. */
  memoryOf(application: string): number {
    const status = readFileSync(`/proc/${this.pidOf(application)}/status`, 'utf8');
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024;
  }

  /** What the process's own objects hold after everything that nobody needs has been taken away, MB. */
  async heapOf(application: string): Promise<number> {
    const known = this.#inspectors.get(application) ?? (await this.#openInspector(application));
    this.#inspectors.set(application, known);
    const socket = new WebSocket(known);
    try {
      await once(socket, 'open');
      await call(socket, 'HeapProfiler.collectGarbage');
      const { usedSize } = await call(socket, 'Runtime.getHeapUsage');
      return Number(usedSize) / 1e6;
    } finally {
      socket.terminate();
    }
  }

  /** Node opens its inspector when it is asked to, at a port that it writes to stderr. */
  async #openInspector(application: string): Promise<string> {
    const before = readFileSync(this.#logFile, 'utf8').length;
    process.kill(this.pidOf(application), 'SIGUSR1');
    const address = () =>
      /Debugger listening on (ws:\S+)/.exec(readFileSync(this.#logFile, 'utf8').slice(before))?.[1];
    await until('the inspector is open', 3_000, () => address() !== undefined);
    return address() ?? '';
  }

  /** All that the site has logged until now; what is no line of ours (a stack trace) fails the test. */
  lines(): LoggedLine[] {
    return readFileSync(this.#logFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !FROM_THE_INSPECTOR.test(line))
      .map((line) => JSON.parse(line) as LoggedLine);
  }

  #lastWords(): string {
    const lines = readFileSync(this.#logFile, 'utf8').split('\n');
    return `its last words: ${lines.slice(-12).join(' | ')}`;
  }

  /** Two phones come, one calls the other, and both go: how long each step took, ms. */
  async works(transport: 'UDP' | 'TCP' = 'UDP'): Promise<{ registeredMs: number; answeredMs: number }> {
    this.pidOf('sip-north');
    this.pidOf('config-north');
    const phones = await Promise.all([this.phone(CALLER, transport), this.phone(CALLED, transport)]);
    const [caller, called] = phones as [LabPhone, LabPhone];
    try {
      const startedAt = this.#clock.now();
      for (const phone of phones) phone.command({ name: 'register' });
      await Promise.all(phones.map((phone) => phone.fact('registered')));
      const registeredAt = this.#clock.now();
      await caller.call(CALLED, 'north');
      const answeredAt = this.#clock.now();
      await called.fact('established');
      const ended = await caller.hangUp();
      if (ended.status !== 0) throw new Error(`the call ended with ${ended.status}`);
      for (const phone of phones) phone.command({ name: 'unregister' });
      await Promise.all(phones.map((phone) => phone.fact('unregistered')));
      return { registeredMs: registeredAt - startedAt, answeredMs: answeredAt - registeredAt };
    } finally {
      await Promise.all(phones.map((phone) => phone.close()));
    }
  }

  /** A phone of that extension, not yet registered; whoever opens it closes it. */
  phone(number: string, transport: 'UDP' | 'TCP' = 'UDP'): Promise<LabPhone> {
    return LabPhone.open({
      number,
      domain: REALM,
      password: PHONE_PASSWORD,
      scheme: 'single',
      answerAfterMs: 0,
      port: 0,
      sites: [{ site: 'north', port: this.sipPort, transport }],
      toneHz: 440,
      clock: this.#clock,
      random: this.#random,
    });
  }

  async stop(): Promise<void> {
    if (this.#site.state === 'starting') this.#site.kill();
    await this.#site.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function call(socket: WebSocket, method: string): Promise<Record<string, unknown>> {
  socket.send(JSON.stringify({ id: 1, method }));
  for (;;) {
    const [data] = await once(socket, 'message');
    const { id, result } = JSON.parse(String(data)) as { id?: number; result?: Record<string, unknown> };
    if (id === 1) return result ?? {};
  }
}
