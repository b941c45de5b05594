/**
 * What mirroring costs: whole B2BUA calls and authorised REGISTERs for each core-second of a primary whose mate
 * follows, beside the same server alone. Both sites are real processes and run at once; they take turns under the
 * load, so that whatever else the machine does hits both.
 *
 *     npx tsx bench/mirroring.ts [--short] [--seconds 10] [--json FILE]
 *
 * Prints one JSON object. CPU time is that of the server as the kernel counts it, by its serving thread and by all its
 * threads. `mateUs` is what the mate takes beside it. A mate that comes too late is declared behind and not waited for, as on
 * a busy machine: how often is told and decides nothing. Exit status 1 when a request was refused or a call failed.
 */
import { cpus, loadavg } from 'node:os';
import { OneSite } from '../lab/live/one-site.ts';
import { PairLog } from '../lab/live/pair-log.ts';
import { until } from '../lab/live/peers/processes.ts';
import { benchRun, round, verdict } from './bench-run.ts';
import { bundleServersAndLab } from './bundles.ts';
import { openSocket, pause, stayAwake } from './echo-load.ts';
import { LeanCalls } from './lean-calls.ts';
import { RegisteringPhone } from './phones-load.ts';
import { cpuOf } from './process-cpu.ts';
import { RegisterLoad } from './register-load.ts';

/** Of one turn of one server under one load. */
const run = benchRun({ short: 0.6, usual: 8 });
const TURNS = run.isShort ? 2 : 5;
/** Of each server and load before the first turn: its code is still being optimized. */
const WARM_UP_MS = run.isShort ? 300 : 6_000;
/** From the begin of a turn until it counts, and from its end until nothing is on its way. */
const SETTLE_MS = 150;
/** Those of the storm, and those that are called. */
const PHONES = 200;
const REGISTERS_ON_THEIR_WAY = 64;
const CALLS_ON_THEIR_WAY = 32;
const PHONE_PASSWORD = 'fake-phone-password';
const MATE_MAX_MS = 30_000;
const LOADS = ['register', 'b2bua'] as const;
type LoadName = (typeof LOADS)[number];

/** What is asked of a server, and how often it has been done. */
interface Load {
  readonly done: number;
  begin(): void;
  end(): void;
}

interface Turn {
  readonly done: number;
  readonly cpuMs: number;
  readonly processCpuMs: number;
  /** Of all threads of the mate; 0 where there is none. */
  readonly mateMs: number;
}

/** One server with all that loads it. */
class Loaded {
  readonly site: OneSite;
  readonly log: PairLog;
  readonly isPair: boolean;
  readonly calls: LeanCalls;
  readonly registers: RegisterLoad;
  readonly loads: Readonly<Record<LoadName, Load>>;
  readonly turns: Record<LoadName, Turn[]> = { register: [], b2bua: [] };
  readonly close: () => Promise<void>;

  private constructor(
    site: OneSite,
    parts: { isPair: boolean; calls: LeanCalls; registers: RegisterLoad; close(): Promise<void> },
  ) {
    this.site = site;
    this.log = new PairLog(site.logFile);
    this.isPair = parts.isPair;
    this.calls = parts.calls;
    this.registers = parts.registers;
    this.close = parts.close;
    const { registers } = parts;
    this.loads = {
      register: {
        get done() {
          return registers.counts.served;
        },
        begin: () => registers.begin(REGISTERS_ON_THEIR_WAY),
        end: () => registers.end(),
      },
      b2bua: new CallLoad(
        parts.calls,
        site.agents.slice(0, PHONES).map(({ dn }) => dn),
      ),
    };
  }

  static async start(isPair: boolean): Promise<Loaded> {
    const site = await OneSite.make({ agents: 2 * PHONES, restarts: true, isPair });
    const calls = await LeanCalls.open(site.ports.gateway);
    const socket = await openSocket();
    const close = async () => {
      calls.close();
      socket.close();
      await site.end();
      site.remove();
    };
    try {
      await site.processes.start();
      calls.useServer(site.ports.sip[0]);
      const phones = site.agents
        .slice(PHONES)
        .map(({ dn }) => new RegisteringPhone(0, socket, { number: dn, password: PHONE_PASSWORD }));
      const registers = new RegisterLoad(socket, site.ports.sip[0], phones);
      return new Loaded(site, { isPair, calls, registers, close });
    } catch (error) {
      await close();
      throw error;
    }
  }

  get #pids(): { readonly server: number; readonly mate: number | undefined } {
    const { processes } = this.site;
    if (!this.isPair) return { server: processes.pidOf('sip-north'), mate: undefined };
    return { server: processes.pidOf(this.log.primary), mate: processes.pidOf(this.log.standby) };
  }

  async ready(): Promise<void> {
    if (this.isPair)
      await until('the mate is in step', MATE_MAX_MS, () => this.log.mateIs() === 'mate in step');
    await Promise.all(
      this.site.agents.slice(0, PHONES).map(({ dn }) => this.calls.register(dn, PHONE_PASSWORD)),
    );
  }

  async turn(name: LoadName, forMs: number): Promise<void> {
    const load = this.loads[name];
    const { server, mate } = this.#pids;
    load.begin();
    await pause(SETTLE_MS);
    const before = { ...cpuOf(server), mate: mate === undefined ? 0 : cpuOf(mate).processCpuMs };
    const first = load.done;
    await pause(forMs);
    const done = load.done - first;
    const after = { ...cpuOf(server), mate: mate === undefined ? 0 : cpuOf(mate).processCpuMs };
    load.end();
    await pause(SETTLE_MS);
    this.turns[name].push({
      done,
      cpuMs: after.cpuMs - before.cpuMs,
      processCpuMs: after.processCpuMs - before.processCpuMs,
      mateMs: after.mate - before.mate,
    });
  }
}

/** So many calls on their way at any moment, each from INVITE to BYE with no time between. */
class CallLoad implements Load {
  readonly #calls: LeanCalls;
  readonly #numbers: readonly string[];
  #next = 0;
  #isOver = true;
  done = 0;

  constructor(calls: LeanCalls, numbers: readonly string[]) {
    this.#calls = calls;
    this.#numbers = numbers;
  }

  begin(): void {
    this.#isOver = false;
    for (let i = 0; i < CALLS_ON_THEIR_WAY; i++) void this.#callOnAndOn();
  }

  end(): void {
    this.#isOver = true;
  }

  async #callOnAndOn(): Promise<void> {
    while (!this.#isOver) {
      const number = this.#numbers[this.#next++ % this.#numbers.length] as string;
      await this.#calls.hangUp(await this.#calls.dial(number));
      this.done++;
    }
  }
}

function rates(turns: readonly Turn[]) {
  const sum = (what: keyof Turn) => turns.reduce((total, turn) => total + turn[what], 0);
  const done = sum('done');
  return {
    done,
    perCpuSecond: round((1_000 * done) / sum('cpuMs')),
    perProcessCpuSecond: round((1_000 * done) / sum('processCpuMs')),
    /** CPU time of the mate for each, microseconds. */
    mateUs: round((1_000 * sum('mateMs')) / done, 1),
  };
}

function beside(name: LoadName, alone: Loaded, mirrored: Loaded) {
  const [own, withMate] = [rates(alone.turns[name]), rates(mirrored.turns[name])];
  const perTurn = mirrored.turns[name].map((turn, index) =>
    round(rates([turn]).perCpuSecond / rates([alone.turns[name][index] as Turn]).perCpuSecond, 3),
  );
  return {
    load: name,
    alone: own,
    mirrored: withMate,
    cpuRatio: round(withMate.perCpuSecond / own.perCpuSecond, 3),
    coreRatio: round(withMate.perProcessCpuSecond / own.perProcessCpuSecond, 3),
    /** The lowest and the highest of the turns. */
    cpuRatioSpread: [Math.min(...perTurn), Math.max(...perTurn)],
  };
}

bundleServersAndLab();
const loadBefore = round(loadavg()[0] as number, 1);
let isOver = false;
const started: Loaded[] = [];
try {
  for (const isPair of [false, true]) started.push(await Loaded.start(isPair));
  const [alone, mirrored] = started as [Loaded, Loaded];
  await Promise.all(started.map((one) => one.ready()));
  stayAwake(() => isOver);
  for (const name of LOADS) for (const one of started) await one.turn(name, WARM_UP_MS);
  for (const one of started) for (const name of LOADS) one.turns[name].length = 0;
  for (let turn = 0; turn < TURNS; turn++)
    // Each goes first in every second turn.
    for (const name of LOADS)
      for (const one of turn % 2 === 0 ? started : [...started].reverse())
        await one.turn(name, 1_000 * run.seconds);
  const refused = started.reduce((sum, { registers }) => sum + registers.counts.refused, 0);
  const failed = started.reduce((sum, { calls }) => sum + calls.failed, 0);
  const timesBehind = mirrored.log.timesSaid('mate behind');
  const mateIs = mirrored.log.mateIs();
  run.tell(
    Object.assign(
      {
        version: 1,
        bench: 'mirroring',
        compares: {
          alone: 'a SIP Server as `npm start` runs it: real process, sockets, events; nobody follows its log',
          mirrored:
            'the primary of a pair: each change is an entry for its mate, and what it answers waits until the mate has it (LG2)',
          register: `authorised REGISTER, SHA-256, nonce in hand, over UDP, ${PHONES} phones, ${REGISTERS_ON_THEIR_WAY} on their way`,
          b2bua: `whole calls from a trunk to an extension, 13 messages with SDP, ${CALLS_ON_THEIR_WAY} on their way`,
        },
        secondsATurn: run.seconds,
        turns: TURNS,
        loads: LOADS.map((name) => beside(name, alone, mirrored)),
        refused,
        failed,
        /** How often the mate was declared behind and not waited for. */
        timesBehind,
        /** At the end, as the primary says. */
        mateIs,
        host: { cpus: cpus().length, node: process.version, load_before: loadBefore },
      },
      verdict({
        [`${refused} REGISTERs were refused`]: refused === 0,
        [`${failed} calls failed`]: failed === 0,
      }),
    ),
  );
} finally {
  isOver = true;
  for (const one of started) await one.close();
}
