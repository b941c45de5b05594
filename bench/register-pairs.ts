/**
 * The same storm of sipp at two pairs, one after the other at each rate: a pair of our SIP Servers, whose answer waits
 * until the mate has it, and two Kamailio with `dmq_usrloc`, which answer first and tell the other afterwards. Each
 * phone is challenged and answers with MD5, since sipp has nothing else; the same users come again and again, so that
 * neither has more to hold at the end than after the first step.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../lab/live/free-ports.ts';
import { OneSite } from '../lab/live/one-site.ts';
import { PairLog } from '../lab/live/pair-log.ts';
import { Kamailio } from '../lab/live/peers/kamailio.ts';
import { until } from '../lab/live/peers/processes.ts';
import { Sipp } from '../lab/live/peers/sipp.ts';
import { REGISTER_MANY_WITH_AUTHENTICATION } from '../lab/live/peers/sipp-scenarios.ts';
import { REALM } from './phones-load.ts';

export interface RegisterStep {
  readonly asked_per_second: number;
  /** Registered, each by two REGISTERs: one that is challenged and one that is served. */
  readonly per_second: number;
  readonly registered: number;
  readonly failed: number;
  readonly retransmissions: number;
}

export interface PairStorm {
  readonly steps: readonly RegisterStep[];
  /** Of the best step in which next to nothing had to be sent again. */
  readonly per_second: number;
  /** What the mate held at the end, as it says itself or as its primary does. */
  readonly mirrored: string;
}

interface RegistrarPair {
  readonly port: number;
  readonly numbers: readonly string[];
  /** What the mate holds; undefined while that is not yet everything. */
  mirrored(): Promise<string | undefined>;
  stop(): Promise<void>;
}

const PASSWORD = 'fake-phone-password';
const WARM_UP_RATE = 500;
const MIRRORED_MAX_MS = 30_000;
const WORKERS = 4;
/** sipp's own limit of calls at once. */
const OPEN_MAX = 20_000;
const RETRANSMITTED_SHARE_MAX = 0.01;
/** On top of the time that a step should take. */
const STEP_GRACE_MS = 60_000;

export function isClean({
  failed,
  registered,
  retransmissions,
}: Pick<RegisterStep, 'failed' | 'registered' | 'retransmissions'>): boolean {
  return failed === 0 && registered > 0 && retransmissions <= RETRANSMITTED_SHARE_MAX * registered;
}

export async function registerStormAtPairs(request: {
  readonly folder: string;
  readonly users: number;
  readonly seconds: number;
  readonly rates: readonly number[];
}): Promise<{ readonly holdfast: PairStorm; readonly kamailio: PairStorm }> {
  const { folder, users } = request;
  const started: RegistrarPair[] = [];
  try {
    const ours = await ourPair(users);
    started.push(ours);
    const theirs = await kamailioPair(join(folder, 'pair'), ours.numbers);
    started.push(theirs);
    const storms = [
      new Storm(ours, join(folder, 'ours')),
      new Storm(theirs, join(folder, 'theirs')),
    ] as const;
    for (const storm of storms) await storm.warmUp();
    for (const rate of request.rates) for (const storm of storms) await storm.step(rate, request.seconds);
    const [holdfast, kamailio] = await Promise.all(storms.map((storm) => storm.figures()));
    return { holdfast: holdfast as PairStorm, kamailio: kamailio as PairStorm };
  } finally {
    for (const pair of started) await pair.stop();
  }
}

class Storm {
  readonly #pair: RegistrarPair;
  readonly #folder: string;
  readonly #steps: RegisterStep[] = [];
  #port: number | undefined;
  #runs = 0;

  constructor(pair: RegistrarPair, folder: string) {
    this.#pair = pair;
    this.#folder = folder;
  }

  /** Every user registers once, and the mate holds it. */
  async warmUp(): Promise<void> {
    const users = this.#pair.numbers.length;
    const { registered } = await this.#run(WARM_UP_RATE, users);
    if (registered !== users)
      throw new Error(`${registered} of ${users} users registered at the slowest rate`);
    await until('the mate holds what was registered', MIRRORED_MAX_MS, async () => {
      return (await this.#pair.mirrored()) !== undefined;
    });
  }

  /** Once a rate was too much, no higher one is tried. */
  async step(rate: number, seconds: number): Promise<void> {
    const last = this.#steps.at(-1);
    if (last !== undefined && !isClean(last)) return;
    this.#steps.push(await this.#run(rate, rate * seconds));
  }

  async figures(): Promise<PairStorm> {
    const best = Math.max(0, ...this.#steps.filter(isClean).map(({ per_second }) => per_second));
    const mirrored = (await this.#pair.mirrored()) ?? 'not everything';
    return { steps: this.#steps, per_second: best, mirrored };
  }

  /** From the same port each time: the contact of a user stays the same. */
  async #run(rate: number, calls: number): Promise<RegisterStep> {
    this.#port ??= ((await freePorts(1)) as [number])[0];
    const users = `${this.#folder}.csv`;
    const line = (number: string) => `${number};[authentication username=${number} password=${PASSWORD}]\n`;
    writeFileSync(users, `SEQUENTIAL\n${this.#pair.numbers.map(line).join('')}`);
    const sipp = Sipp.start({
      folder: `${this.#folder}-${++this.#runs}`,
      scenario: { xml: REGISTER_MANY_WITH_AUTHENTICATION },
      port: this.#port,
      remote: `127.0.0.1:${this.#pair.port}`,
      calls,
      rate,
      keepsMessages: false,
      keys: { realm: REALM, expires: '600' },
      extra: ['-inf', users, '-l', String(OPEN_MAX)],
    });
    const report = await sipp.report((1_000 * calls) / rate + STEP_GRACE_MS);
    if (report.code === 255) throw new Error(`sipp could not go on: ${report.errors}`);
    return {
      asked_per_second: rate,
      per_second: Math.round(report.perSecond),
      registered: report.successful,
      failed: report.failed,
      retransmissions: report.retransmissions,
    };
  }
}

async function ourPair(users: number): Promise<RegistrarPair> {
  const md5 = { holdfast: { 'digest-algorithms': 'md5' } };
  const options = { 'Application/sip-north': md5, 'Application/sip-north-b': md5 };
  const site = await OneSite.make({ agents: users, restarts: true, isPair: true, options });
  const log = new PairLog(site.logFile);
  const stop = async () => {
    await site.end();
    site.remove();
  };
  const mirrored = async () => {
    const inStep = log.mateIs() === 'mate in step';
    return inStep ? `in step; behind and not waited for: ${log.timesSaid('mate behind')} times` : undefined;
  };
  try {
    await site.processes.start();
    await until('the mate is in step', MIRRORED_MAX_MS, async () => (await mirrored()) !== undefined);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port: site.ports.sip[0], numbers: site.agents.map(({ dn }) => dn), mirrored, stop };
}

async function kamailioPair(folder: string, numbers: readonly string[]): Promise<RegistrarPair> {
  const [first, second] = (await freePorts(2)) as [number, number];
  const start = (port: number, mate: number) =>
    Kamailio.start({
      folder: join(folder, String(port)),
      ...{ port, mate, children: WORKERS },
      digest: { realm: REALM, password: PASSWORD, algorithm: 'MD5' },
    });
  const primary = await start(first, second);
  const mate = await start(second, first);
  await until('the two Kamailio know each other', MIRRORED_MAX_MS, () => primary.tells(second));
  return {
    port: first,
    numbers,
    async mirrored() {
      const contacts = await mate.contacts();
      return contacts === numbers.length ? `${contacts} contacts` : undefined;
    },
    async stop() {
      await Promise.all([primary.stop(), mate.stop()]);
    },
  };
}
