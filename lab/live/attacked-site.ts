/**
 * One site as real processes, for tests that send it what it should never get: where its ports are, what it has
 * logged, what it weighs, and whether it still does its work.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { GUEST } from '@holdfast/centre';
import { WebSocket } from 'ws';
import { OneSite } from './one-site.ts';
import type { LabPhone } from './peers/lab-phone.ts';
import { until } from './peers/processes.ts';

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
  readonly #site: OneSite;
  readonly #inspectors = new Map<string, string>();

  private constructor(site: OneSite) {
    const { ports } = site;
    [this.configPort] = ports.config;
    [this.clientPort] = ports.clients;
    [this.statPort] = ports.stats;
    [this.sipPort] = ports.sip;
    this.#site = site;
  }

  static async start(agents = 8): Promise<AttackedSite> {
    const attacked = new AttackedSite(await OneSite.make({ agents, restarts: false }));
    try {
      // Any free port, when the inspector is asked for.
      process.env.NODE_OPTIONS = '--inspect-port=0';
      await attacked.#site.processes.start();
    } catch (error) {
      // Nobody has the site yet who could end it.
      await attacked.stop();
      throw error;
    }
    return attacked;
  }

  pidOf(application: string): number {
    const pid = this.#site.processes.processes().find((process) => process.application === application)?.pid;
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
    const before = readFileSync(this.#site.logFile, 'utf8').length;
    process.kill(this.pidOf(application), 'SIGUSR1');
    const address = () =>
      /Debugger listening on (ws:\S+)/.exec(readFileSync(this.#site.logFile, 'utf8').slice(before))?.[1];
    await until('the inspector is open', 3_000, () => address() !== undefined);
    return address() ?? '';
  }

  /** All that the site has logged until now; what is no line of ours (a stack trace) fails the test. */
  lines(): LoggedLine[] {
    return readFileSync(this.#site.logFile, 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !FROM_THE_INSPECTOR.test(line))
      .map((line) => JSON.parse(line) as LoggedLine);
  }

  #lastWords(): string {
    const lines = readFileSync(this.#site.logFile, 'utf8').split('\n');
    return `its last words: ${lines.slice(-12).join(' | ')}`;
  }

  /** Two phones come, one calls the other, and both go: how long each step took, ms. */
  async works(transport: 'UDP' | 'TCP' = 'UDP'): Promise<{ registeredMs: number; answeredMs: number }> {
    this.pidOf('sip-north');
    this.pidOf('config-north');
    const phones = await Promise.all([this.phone(CALLER, transport), this.phone(CALLED, transport)]);
    const [caller, called] = phones as [LabPhone, LabPhone];
    try {
      const startedAt = performance.now();
      for (const phone of phones) phone.command({ name: 'register' });
      await Promise.all(phones.map((phone) => phone.fact('registered')));
      const registeredAt = performance.now();
      await caller.call(CALLED, 'north');
      const answeredAt = performance.now();
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
    return this.#site.phone(number, { transport });
  }

  async stop(): Promise<void> {
    await this.#site.end();
    this.#site.remove();
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
