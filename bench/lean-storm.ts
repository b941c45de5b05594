/**
 * So many desks log in at one real SIP Server in the same instant, while callers go on calling phones there: how long
 * until 95 % are Ready, how long a caller waits for the answer of a phone that answers at once, and who is lost. Desks
 * and phones are a few lines each (`lean-desk.ts`, `lean-calls.ts`); the desks are connected and their phones registered before.
 */
import { loadavg } from 'node:os';
import { SALES_QUEUE } from '@holdfast/centre';
import { signToken } from '@holdfast/server';
import { OneSite } from '../lab/live/one-site.ts';
import { until } from '../lab/live/peers/processes.ts';
import { percentiles } from '../lab/src/ledger.ts';
import { round } from './bench-run.ts';
import { pause } from './echo-load.ts';
import { LeanCalls } from './lean-calls.ts';
import { type LeanDesk, openLeanDesk } from './lean-desk.ts';

const CALLS_PER_S = 20;
/** Their phones are called, and nobody logs in there. */
const CALLED = 50;
const PHONE_PASSWORD = 'fake-phone-password';
const AT_ONCE = 25;
/** Of calls, before the storm and after it. */
const CALM_MS = 1_000;
/** Whoever is not Ready by then is lost; whoever is not answered by then too. */
const STORM_MAX_MS = 120_000;
const ANSWER_MAX_MS = 10_000;

/** `rate`: `login-rate`; undefined leaves the default. */
export async function leanStorm(desks: number, rate: number | undefined) {
  const load = round(loadavg()[0] as number, 1);
  const holdfast = rate === undefined ? {} : { 'login-rate': `${rate}` };
  const site = await OneSite.make({
    ...{ agents: desks + CALLED, restarts: false },
    options: { 'Application/sip-north': { holdfast } },
  });
  const calls = await LeanCalls.open(site.ports.gateway);
  const connected: LeanDesk[] = [];
  try {
    await site.processes.start();
    calls.useServer(site.ports.sip[0]);
    await inBatches(site.agents, ({ dn }) => calls.register(dn, PHONE_PASSWORD));
    await inBatches(
      site.agents.slice(CALLED),
      async (agent) => void connected.push(await connect(site, agent)),
    );
    const callers = new Callers(
      calls,
      site.agents.slice(0, CALLED).map(({ dn }) => dn),
    );
    callers.begin();
    await pause(CALM_MS);
    await site.processes.loads();
    callers.storms = true;
    const from = performance.now();
    const readyAfter: number[] = [];
    let refused = 0;
    for (const desk of connected)
      desk.logIn().then(
        () => void readyAfter.push(performance.now() - from),
        () => void refused++,
      );
    const isOver = () => readyAfter.length + refused === connected.length;
    await until('all desks are in', STORM_MAX_MS, isOver).catch(() => undefined);
    await pause(CALM_MS);
    callers.storms = false;
    const lost = await callers.end();
    const delay = (await site.processes.loads()).find(({ application }) => application === 'sip-north');
    const ready = percentiles(readyAfter);
    const answers = percentiles(callers.answeredAfter);
    return {
      login_rate: rate ?? null,
      load_before: load,
      ready: readyAfter.length,
      refused,
      ready_95_ms: ready === null ? null : round(ready.p95),
      ready_all_ms: ready === null ? null : round(ready.max),
      calls_per_second: CALLS_PER_S,
      calls: callers.answeredAfter.length,
      /** From the INVITE to the 200, of calls dialled from the begin of the storm until a second after it. */
      answered_p99_ms: answers === null ? null : round(answers.p99),
      answered_max_ms: answers === null ? null : round(answers.max),
      calls_lost: lost,
      loop_delay_max_ms: delay?.loopDelayMaxMs ?? null,
    };
  } finally {
    for (const desk of connected) desk.close();
    calls.close();
    await site.end();
    site.remove();
  }
}

async function inBatches<Thing>(things: readonly Thing[], act: (thing: Thing) => Promise<unknown>) {
  for (let from = 0; from < things.length; from += AT_ONCE)
    await Promise.all(things.slice(from, from + AT_ONCE).map(act));
}

function connect(site: OneSite, { user, dn, place }: OneSite['agents'][number]): Promise<LeanDesk> {
  const now = Math.floor(Date.now() / 1000);
  const token = signToken({ sub: user, rank: 'agent', iat: now, exp: now + 3_600 }, site.tokenKey);
  return openLeanDesk({ port: site.ports.clients[0], dn, place, queue: SALES_QUEUE, token });
}

/** A call every 50 ms to one phone after the other, ended as soon as it is answered. */
class Callers {
  readonly answeredAfter: number[] = [];
  /** Whether the calls that are dialled now count. */
  storms = false;
  readonly #calls: LeanCalls;
  readonly #numbers: readonly string[];
  #timer: NodeJS.Timeout | undefined;
  #dialled = 0;
  #ended = 0;

  constructor(calls: LeanCalls, numbers: readonly string[]) {
    this.#calls = calls;
    this.#numbers = numbers;
  }

  begin(): void {
    this.#timer = setInterval(() => void this.#call(), 1_000 / CALLS_PER_S);
  }

  /** How many were refused or not answered. */
  async end(): Promise<number> {
    clearInterval(this.#timer);
    await until('all calls are over', ANSWER_MAX_MS, () => this.#ended === this.#dialled).catch(
      () => undefined,
    );
    return this.#calls.failed + this.#dialled - this.#ended;
  }

  async #call(): Promise<void> {
    const counts = this.storms;
    const from = performance.now();
    const number = this.#numbers[this.#dialled++ % this.#numbers.length] as string;
    const call = await this.#calls.dial(number);
    if (counts) this.answeredAfter.push(performance.now() - from);
    await this.#calls.hangUp(call);
    this.#ended++;
  }
}
