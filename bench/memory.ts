/**
 * Memory of a SIP Server for each agent who is registered and logged in, and for each call; and whether it stays
 * flat while calls come and go. The server is the real process with real sockets, under a supervisor; phones and desks
 * are a few lines each in this process. Memory is what the server itself says after a collection.
 *
 *     npx tsx bench/memory.ts [--short] [--json FILE]
 *
 * Prints one JSON object. The heap is what our data takes; RSS also holds the code, socket buffers and what the
 * collector has not given back, so that its steps are rough.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { GeneratedAgent } from '@holdfast/centre';
import { makeWorld, signToken, type TokenKey, writeConfiguration } from '@holdfast/server';
import { freePorts } from '../lab/live/free-ports.ts';
import { SiteProcesses } from '../lab/live/site-processes.ts';
import { bundleServersAndLab, ROOT } from './bundles.ts';
import { pause } from './echo-load.ts';
import { LeanCalls } from './lean-calls.ts';
import { logInLeanDesk } from './lean-desk.ts';

const { values } = parseArgs({
  options: { short: { type: 'boolean', default: false }, json: { type: 'string' } },
});
const AGENTS = values.short ? [0, 50, 200] : [0, 500, 2_000];
const CALLS = values.short ? [0, 20, 100] : [0, 200, 1_000];
/**
 * Calls a second that come and go, each held for so long. The server keeps its last 100,000 events for clients that
 * come back, which are full after some 13,000 calls, and transactions for 32 s: only then can memory be flat.
 */
const CHURN = values.short
  ? undefined
  : { perSecond: 80, heldMs: 2_000, warmUpS: 180, windowS: 180, everyS: 15 };
const PASSWORD = 'fake-password';
const QUEUE = '8000';
const AT_ONCE = 25;

interface Memory {
  readonly heapKB: number;
  readonly rssKB: number;
}

bundleServersAndLab();
const folder = mkdtempSync(join(tmpdir(), 'holdfast-memory-'));
const calls = await LeanCalls.open();
const site = await startSite();
const desks: { close(): void }[] = [];
try {
  const report = await measure();
  const json = `${JSON.stringify(report, null, 2)}\n`;
  process.stdout.write(json);
  if (values.json !== undefined) writeFileSync(values.json, json);
} finally {
  for (const desk of desks) desk.close();
  await site.processes.stop();
  calls.close();
  rmSync(folder, { recursive: true, force: true });
}

async function startSite() {
  const ports = (await freePorts(7)) as [number, number, number, number, number, number, number];
  const at = (name: string, first: number, gatewayPort: number) => ({
    name,
    address: '127.0.0.1',
    configPort: ports[first] as number,
    clientPort: ports[first + 1] as number,
    sipPort: ports[first + 2] as number,
    gateway: `127.0.0.1:${gatewayPort}`,
  });
  const { objects, agents } = await makeWorld({
    // A part of the agents serves the queue; it must be able to carry all calls.
    agents: Math.max(...AGENTS),
    sites: [at('north', 0, calls.gatewayPort), at('south', 3, ports[6])],
    password: PASSWORD,
    phonePassword: PASSWORD,
  });
  await writeConfiguration(`${folder}/configuration`, objects, 'json');
  const keys = objects.find((object) => object.objectType === 'Keys');
  if (keys?.objectType !== 'Keys') throw new Error('the generated world has no keys');
  const processes = new SiteProcesses({
    site: 'north',
    entry: `${ROOT}.build/server.mjs`,
    files: `${folder}/configuration`,
    restarts: false,
    data: `${folder}/north`,
    nodeFlags: ['--expose-gc'],
    servers: [
      { application: 'config-north', host: '127.0.0.1', port: ports[0] },
      { application: 'sip-north', host: '127.0.0.1', port: ports[1] },
    ],
  });
  await processes.start();
  calls.useServer(ports[2]);
  return { processes, agents, clientPort: ports[1], key: keys.tokenKeys[0] as TokenKey };
}

async function measure() {
  const agentSteps = [];
  for (const count of AGENTS) {
    await bringAgentsTo(count);
    agentSteps.push({ agents: count, ...(await settled()) });
  }
  const callSteps = [];
  const held: number[] = [];
  for (const count of CALLS) {
    for (let from = held.length; from < count; from += AT_ONCE) {
      const size = Math.min(AT_ONCE, count - from);
      held.push(...(await Promise.all(Array.from({ length: size }, () => calls.dial(QUEUE)))));
    }
    callSteps.push({ calls: count, ...(await settled()) });
  }
  await inBatches(held, (call) => calls.hangUp(call));
  const growth = CHURN === undefined ? null : await churn(CHURN);
  return {
    version: 1,
    bench: 'memory',
    agents: agentSteps,
    per_agent: stepOf(agentSteps, 'agents'),
    calls: callSteps,
    per_call: stepOf(callSteps, 'calls'),
    growth,
    failed_calls: calls.failed,
    host: { node: process.version, load: loadavg().map((load) => Math.round(load * 10) / 10) },
  };
}

/** From the second step to the last: the first fills caches. */
function stepOf<Of extends string>(steps: readonly (Memory & Readonly<Record<Of, number>>)[], of: Of) {
  const [from, to] = [steps[1], steps.at(-1)] as [(typeof steps)[0], (typeof steps)[0]];
  const by = (what: keyof Memory) => Math.round((10 * (to[what] - from[what])) / (to[of] - from[of])) / 10;
  return { heap_kb: by('heapKB'), rss_kb: by('rssKB') };
}

async function bringAgentsTo(count: number): Promise<void> {
  const coming = site.agents.slice(desks.length, count);
  await inBatches(coming, ({ dn }) => calls.register(dn, PASSWORD));
  await inBatches(coming, async (agent) => void desks.push(await logIn(agent)));
}

function logIn({ user, dn, place }: GeneratedAgent) {
  const now = Math.floor(Date.now() / 1000);
  const token = signToken({ sub: user, rank: 'agent', iat: now, exp: now + 3_600 }, site.key);
  return logInLeanDesk({ port: site.clientPort, dn, place, queue: QUEUE, token });
}

async function inBatches<Thing>(things: readonly Thing[], act: (thing: Thing) => Promise<void>) {
  for (let from = 0; from < things.length; from += AT_ONCE)
    await Promise.all(things.slice(from, from + AT_ONCE).map(act));
}

/** After what lingers has gone: transactions of REGISTERs and INVITEs live for 32 s. */
async function settled(): Promise<Memory> {
  await pause(values.short ? 1_000 : 36_000);
  return memory();
}

async function memory(): Promise<Memory> {
  const loads = await site.processes.loads();
  const load = loads.find(({ application }) => application === 'sip-north');
  if (load === undefined) throw new Error('the SIP Server does not say how much memory it takes');
  return { heapKB: load.heapKB, rssKB: load.rssKB };
}

async function churn({ perSecond, heldMs, warmUpS, windowS, everyS }: NonNullable<typeof CHURN>) {
  let done = 0;
  let isOver = false;
  const one = async () => {
    const call = await calls.dial(QUEUE);
    await pause(heldMs);
    await calls.hangUp(call);
    done += 1;
  };
  const underWay = new Set<Promise<void>>();
  const stream = (async () => {
    for (let started = 0, from = performance.now(); !isOver; ) {
      for (; started < ((performance.now() - from) / 1000) * perSecond; started++) {
        const call = one().finally(() => underWay.delete(call));
        underWay.add(call);
      }
      await pause(10);
    }
  })();
  await pause(1000 * warmUpS);
  const first = done;
  const samples: (Memory & { readonly atS: number; readonly calls: number })[] = [];
  for (let atS = 0; atS <= windowS; atS += everyS) {
    if (atS > 0) await pause(1000 * everyS);
    samples.push({ atS, calls: done - first, ...(await memory()) });
  }
  isOver = true;
  await stream;
  await Promise.all(underWay);
  const [begin, end] = [samples[0], samples.at(-1)] as [(typeof samples)[0], (typeof samples)[0]];
  return {
    warm_up_s: warmUpS,
    window_s: windowS,
    asked_per_second: perSecond,
    calls_in_window: end.calls,
    heap_kb: { first: begin.heapKB, last: end.heapKB },
    heap_bytes_per_call: Math.round((1024 * (end.heapKB - begin.heapKB)) / end.calls),
    samples,
  };
}
