/**
 * How long a takeover lasts, with real processes: the primary of a pair is killed (SIGKILL) or stopped (SIGSTOP), and
 * a caller who repeats itself every 20 ms measures when the standby has answered the first new call and the first
 * request in a call that stood. The two faults take turns in one run.
 *
 * Then the same for phones of a pair without a virtual IP, who know both members by DNS SRV (`sip-name`): over UDP they ask
 * the dead member first, for as long as they are patient; over TCP, TLS and WebSocket they learn at once that it is gone,
 * and connect and register again before they can be called. Each transport has figures of its own.
 *
 *     npx tsx bench/takeover.ts [--short] [--runs N] [--json FILE]
 *
 * Prints one JSON object; what the clock measures decides nothing (the aim is a maximum of 1.2 s).
 */
import { writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { OneSite } from '../lab/live/one-site.ts';
import { PairLog } from '../lab/live/pair-log.ts';
import { until } from '../lab/live/peers/processes.ts';
import { isAlive, send } from '../lab/live/process-tree.ts';
import { SipNameSite } from '../lab/live/sip-name-site.ts';
import { type SipNameTimes, sipNameTimes } from '../lab/live/sip-name-times.ts';
import { TrunkCaller } from '../lab/live/trunk-caller.ts';
import { type UnservedTimes, unservedTimes } from '../lab/live/unserved-times.ts';
import { round } from './bench-run.ts';
import { bundleServersAndLab } from './bundles.ts';

const { values } = parseArgs({
  options: {
    short: { type: 'boolean', default: false },
    runs: { type: 'string' },
    json: { type: 'string' },
  },
});
const runs = Number(values.runs ?? (values.short ? 2 : 20));
const AIM_MAX_MS = 1_200;
const FAULTS = ['SIGKILL', 'SIGSTOP'] as const;
type Fault = (typeof FAULTS)[number];
/** Of a site: each death of a member doubles the pause before its supervisor starts it again. */
const FAULTS_PER_SITE = 8;
const CALLED = '7001';
const STANDING = '7002';
const MATE_MAX_MS = 30_000;

/** One pair, whose primary of the moment suffers one fault after the other. */
async function onOneSite(faults: readonly Fault[]): Promise<UnservedTimes[]> {
  const site = await OneSite.make({ agents: 4, restarts: true, isPair: true });
  let caller: TrunkCaller | undefined;
  try {
    const pair = new PairLog(site.logFile);
    await site.processes.start();
    const calling = await TrunkCaller.open(site.ports.gateway, site.ports.sip[0]);
    caller = calling;
    for (const number of [CALLED, STANDING]) await site.registeredPhone(number, 0);
    const times: UnservedTimes[] = [];
    for (const fault of faults) {
      await until('the mate is in step', MATE_MAX_MS, () => pair.mateIs() === 'mate in step');
      const pid = site.processes.pidOf(pair.primary);
      const numbers = { standing: STANDING, called: CALLED };
      times.push(await unservedTimes({ caller: calling, pair, ...numbers, fault: () => send(pid, fault) }));
      // PR7: whoever was stopped is killed before its mate is granted the role.
      if (isAlive(pid)) throw new Error(`the former primary still lives after ${fault}`);
    }
    return times;
  } finally {
    caller?.close();
    await site.end();
    site.remove();
  }
}

const TRANSPORTS = ['UDP', 'TCP', 'TLS', 'WS', 'WSS'] as const;
type Transport = (typeof TRANSPORTS)[number];
/** Of each transport. */
const namedRuns = Number(values.runs ?? (values.short ? 1 : 10));
const PHONES_PER_FAULT = 4;
const FIRST_NUMBER = 7001;

/** One pair whose members both stand in DNS, whose primary of the moment is killed again and again. */
async function bySipName(transports: readonly Transport[]): Promise<SipNameTimes[]> {
  const named = await SipNameSite.start(PHONES_PER_FAULT * transports.length);
  try {
    const times: SipNameTimes[] = [];
    for (const [index, transport] of transports.entries()) {
      const first = FIRST_NUMBER + PHONES_PER_FAULT * index;
      const numbers = [first, first + 1, first + 2, first + 3].map(String);
      times.push(await sipNameTimes(named, transport, numbers as [string, string, string, string]));
    }
    return times;
  } finally {
    await named.end();
  }
}

function figuresOf(all: readonly number[]) {
  const sorted = [...all].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const at = (index: number) => sorted[index] as number;
  const max = at(sorted.length - 1);
  return { median_ms: round((at(Math.floor(middle)) + at(Math.ceil(middle))) / 2), max_ms: max, all_ms: all };
}

function besideAim(all: readonly number[]) {
  const { all_ms, ...figures } = figuresOf(all);
  return { ...figures, meets_aim: figures.max_ms <= AIM_MAX_MS, all_ms };
}

bundleServersAndLab();
const load = loadavg()[0] as number;
const order = Array.from(
  { length: runs * FAULTS.length },
  (_, index) => FAULTS[index % FAULTS.length] as Fault,
);
const measured: UnservedTimes[] = [];
for (let from = 0; from < order.length; from += FAULTS_PER_SITE)
  measured.push(...(await onOneSite(order.slice(from, from + FAULTS_PER_SITE))));
const namedOrder = Array.from(
  { length: namedRuns * TRANSPORTS.length },
  (_, index) => TRANSPORTS[index % TRANSPORTS.length] as Transport,
);
const namedMeasured: SipNameTimes[] = [];
for (let from = 0; from < namedOrder.length; from += FAULTS_PER_SITE)
  namedMeasured.push(...(await bySipName(namedOrder.slice(from, from + FAULTS_PER_SITE))));
const report = {
  version: 1,
  bench: 'takeover',
  compares: {
    newCall: 'from the fault until a call to an extension, dialled every 20 ms, was answered',
    inDialog: 'from the fault until a BYE in a call that stood, repeated every 20 ms, was answered',
    /** How long a phone over UDP waits for a dead member is its own patience, here 1.5 s, so that no aim stands beside it. */
    sipName:
      'by phones that know both members from DNS, from SIGKILL: a call between two of them, a hold in a call that stood, and until all four are registered over new connections',
    aim: `a maximum of ${AIM_MAX_MS} ms; it decides nothing`,
  },
  aim_max_ms: AIM_MAX_MS,
  faults: FAULTS.map((fault) => {
    const times = measured.filter((_, index) => order[index] === fault);
    return {
      fault,
      runs: times.length,
      new_call: besideAim(times.map(({ newCallMs }) => newCallMs)),
      in_dialog: besideAim(times.map(({ inDialogMs }) => inDialogMs)),
    };
  }),
  sip_name: TRANSPORTS.map((over) => {
    const times = namedMeasured.filter((_, index) => namedOrder[index] === over);
    const registered = times.flatMap(({ registeredMs }) => registeredMs ?? []);
    return {
      over,
      runs: times.length,
      new_call: figuresOf(times.map(({ newCallMs }) => newCallMs)),
      in_dialog: figuresOf(times.map(({ inDialogMs }) => inDialogMs)),
      registered_again: registered.length === 0 ? null : figuresOf(registered),
    };
  }),
  host: { cpus: availableParallelism(), node: process.version, load_before: round(load, 1) },
};
const json = `${JSON.stringify(report, null, 2)}\n`;
process.stdout.write(json);
if (values.json !== undefined) writeFileSync(values.json, json);
