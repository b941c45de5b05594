/**
 * The contact-centre domain alone, without SIP: how many whole calls a second one core carries from callStarted
 * to release, what an assignment costs while thousands wait, and how much memory a logged-in agent and a call
 * take. Prints one JSON object.
 *
 *   node --expose-gc --import tsx bench/centre.ts [--agents 2000] [--calls 200000] [--waiting 5000]
 */
import { Centre, type CentreConfiguration, type CentreEffect } from '@holdfast/centre';
import { numberArgument } from './bench-run.ts';

const AGENTS = numberArgument('agents', 2_000);
const CALLS = numberArgument('calls', 200_000);
const WAITING = numberArgument('waiting', 5_000);
const QUEUES = 10;

function configuration(): CentreConfiguration {
  const queue = {
    noAnswerMs: 15_000,
    noAnswerNotReady: true,
    waitingMax: 1_000_000,
    treatment: 'music',
    priority: 0,
  } as const;
  const extensions = Array.from({ length: AGENTS }, (_, n) => ({
    number: `1${n}`,
    type: 'Extension' as const,
    name: `phone ${n}`,
  }));
  const queues = Array.from({ length: QUEUES }, (_, n) => ({
    number: `60${n}`,
    type: 'ACDQueue' as const,
    name: `queue ${n}`,
    queue,
  }));
  const agentLogins = extensions.map((dn) => ({ code: `id${dn.number}`, wrapUpMs: undefined }));
  return { site: 'north', wrapUpMs: 0, agentLogins, dns: [...extensions, ...queues] };
}

function login(centre: Centre, n: number): void {
  const dn = `1${n}`;
  centre.handle(0, { type: 'phone', dn, inService: true });
  const queues = [`60${n % QUEUES}`, `60${(n + 1) % QUEUES}`];
  const epoch = { number: 1, desk: `desk${n}` };
  centre.handle(0, {
    type: 'login',
    dn,
    agentId: `id${dn}`,
    person: `p${n}`,
    place: `place${n}`,
    queues,
    epoch,
    tokenIssuedWall: 0,
    workMode: 'AutoIn',
  });
}

function start(centre: Centre, now: number, n: number): CentreEffect[] {
  const from = { ani: `+49${n}`, trunk: 'trunk' };
  return centre.handle(now, {
    type: 'callStarted',
    connId: `c${n}`,
    from,
    to: `60${n % QUEUES}`,
    userData: { Topic: 'loan' },
  });
}

function rungIn(effects: readonly CentreEffect[]): { connId: string; dn: string } | undefined {
  for (const effect of effects) if (effect.type === 'ring') return effect;
  return undefined;
}

/** Heap after a collection, bytes; without --expose-gc the figure is of little worth, and says so. */
function heap(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed;
}

function seconds(work: () => void): number {
  const from = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - from) / 1e9;
}

/** Calls that find an idle agent: four inputs each, eight effects. */
function throughput(centre: Centre): { perSecond: number; effectsPerCall: number } {
  let effects = 0;
  const took = seconds(() => {
    for (let n = 0; n < CALLS; n++) {
      const offered = start(centre, n, n);
      const ring = rungIn(offered);
      if (ring === undefined) throw new Error(`call ${n} found nobody among ${AGENTS} idle agents`);
      effects += offered.length;
      effects += centre.handle(n, { type: 'partyRinging', connId: ring.connId, dn: ring.dn }).length;
      effects += centre.handle(n, { type: 'partyAnswered', connId: ring.connId, dn: ring.dn }).length;
      effects += centre.handle(n, { type: 'partyGone', connId: ring.connId, why: 'normal' }).length;
    }
  });
  return { perSecond: Math.round(CALLS / took), effectsPerCall: effects / CALLS };
}

/** Every agent talks, `WAITING` callers stand in line; each call that ends lets the next one in. */
function underLoad(centre: Centre): { perSecond: number; bytesPerTalking: number; bytesPerWaiting: number } {
  const talking: { connId: string; dn: string }[] = [];
  const before = heap();
  const answer = (ring: { connId: string; dn: string } | undefined, now: number) => {
    if (ring === undefined) return;
    centre.handle(now, { type: 'partyAnswered', connId: ring.connId, dn: ring.dn });
    talking.push({ connId: ring.connId, dn: ring.dn });
  };
  for (let n = 0; n < AGENTS; n++) answer(rungIn(start(centre, CALLS, CALLS + n)), CALLS);
  const talk = heap();
  for (let n = 0; n < WAITING; n++) start(centre, CALLS, CALLS + AGENTS + n);
  const wait = heap();
  const next = CALLS + AGENTS + WAITING;
  const rounds = Math.min(CALLS, 50_000);
  const took = seconds(() => {
    for (let n = 0; n < rounds; n++) {
      const ended = talking[n];
      if (ended === undefined) throw new Error('nobody talks');
      start(centre, CALLS + n, next + n);
      answer(
        rungIn(centre.handle(CALLS + n, { type: 'partyGone', connId: ended.connId, why: 'normal' })),
        CALLS + n,
      );
    }
  });
  return {
    perSecond: Math.round(rounds / took),
    bytesPerTalking: Math.round((talk - before) / talking.slice(0, AGENTS).length),
    bytesPerWaiting: Math.round((wait - talk) / WAITING),
  };
}

const centre = new Centre();
centre.handle(0, { type: 'configured', configuration: configuration() });
const empty = heap();
for (let n = 0; n < AGENTS; n++) login(centre, n);
const bytesPerAgent = Math.round((heap() - empty) / AGENTS);
const idle = throughput(centre);
const loaded = underLoad(centre);
const report = {
  agents: AGENTS,
  queues: QUEUES,
  calls_per_second_idle_agents: idle.perSecond,
  effects_per_call: idle.effectsPerCall,
  waiting: WAITING,
  calls_per_second_while_waiting: loaded.perSecond,
  bytes_per_agent: bytesPerAgent,
  bytes_per_call_talking: loaded.bytesPerTalking,
  bytes_per_call_waiting: loaded.bytesPerWaiting,
  collected: 'gc' in globalThis,
  node: process.version,
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
