/**
 * The lab's entry: `list`, `run SCENARIO`, `demo`. Exit status: 0 all checks hold, 1 a check failed,
 * 2 it could not run (the reason on stderr).
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { onProcessEnd } from '@holdfast/server';
import { reportFileFault } from '../src/report-file.ts';
import { runDemo } from './demo.ts';
import { FIRST_SITE_PORT, SITE_PORTS_SPAN } from './demo-ports.ts';
import { runScenario } from './run-scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { ALL_SCHEMES_AT_BOTH_SITES, type Scenario } from './scenarios/scenario.ts';
import { SiteStartError } from './site-processes.ts';
import { DOCUMENTS, SHORT } from './times.ts';

const serverEntry = fileURLToPath(new URL('server.mjs', import.meta.url));

/** What one machine has been shown to carry (docs/performance.md); with more the lab would measure itself. */
const AGENTS_MOST = 1_000;

/** Ending in order takes no longer; then the process ends all the same, and every site with it. */
const STOP_MAX_MS = 12_000;

class CannotRun extends Error {}

const ending = new AbortController();
onProcessEnd((why) => {
  if (ending.signal.aborted) return;
  ending.abort(new CannotRun(`ended by ${why} before all checks were made`));
  setTimeout(() => process.exit(2), STOP_MAX_MS).unref();
});
// Whoever read what we say may be gone; what runs has to be ended all the same.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case 'list':
      for (const { name, about, agentsMin } of SCENARIOS)
        console.log(`${name.padEnd(20)} ${about} (at least ${agentsMin.count} agents)`);
      return 0;
    case 'run':
      return run(rest);
    case 'demo':
      return demo(rest);
    default:
      throw new CannotRun(`unknown command "${command ?? ''}"; there are list, run and demo`);
  }
}

async function run(args: readonly string[]): Promise<number> {
  const { values, positionals } = parse(args, {
    agents: { type: 'string' },
    seed: { type: 'string' },
    json: { type: 'string' },
    times: { type: 'string' },
    set: { type: 'string' },
  });
  const scenario = SCENARIOS.find(({ name }) => name === positionals[0]);
  if (scenario === undefined) {
    throw new CannotRun(
      `there is no scenario "${positionals[0] ?? ''}"; there are ${SCENARIOS.map(({ name }) => name).join(', ')}`,
    );
  }
  const agents = agentCount(scenario.name, scenario.agentsMin, values.agents, AGENTS_MOST);
  const seed = whole('--seed', values.seed, 0, 2 ** 31);
  const times = [SHORT, DOCUMENTS].find(({ name }) => name === values.times);
  if (values.times !== undefined && times === undefined)
    throw new CannotRun(`--times must be ${SHORT.name} or ${DOCUMENTS.name}, not "${values.times}"`);
  // A run takes minutes: whether its report can be written shows now, not after it.
  const fault = values.json === undefined ? undefined : reportFileFault(values.json);
  if (fault !== undefined) throw new CannotRun(fault);
  const serverOptions = values.set === undefined ? undefined : optionSet(values.set);
  const report = await runScenario({
    end: ending.signal,
    scenario,
    ...(times === undefined ? {} : { times }),
    ...(agents === undefined ? {} : { agents }),
    ...(seed === undefined ? {} : { seed }),
    ...(serverOptions === undefined ? {} : { serverOptions }),
    serverEntry,
    say: (text) => console.log(text),
  });
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  for (const { name, ok, detail } of report.checks) console.log(`  ${ok ? '✓' : '✗'} ${name}: ${detail}`);
  const { after_wait_ms: after, total_ms: total, wait_ms: wait } = report.ledger;
  if (after !== null && total !== null) {
    console.log(
      `  ledger: allowed wait up to ${wait} ms; beyond it p50 ${after.p50} ms, p99 ${after.p99} ms; in all p50 ${total.p50} ms, max ${total.max} ms`,
    );
  }
  const { calls, storm } = report;
  if (storm !== null)
    console.log(
      `  storm: ${storm.desks} desks at ${storm.login_rate} log-ins a second, ${storm.calls_per_second} calls a second: 95 % Ready ${storm.ready_95_ms} ms after the fault; ${storm.logged_in_95_ms} ms from the first log-in to 95 % of them`,
    );
  console.log(
    `  calls: ${calls.offered} offered, ${calls.answered} answered${calls.established === null ? '' : `; ${calls.established} stood at the fault: ${calls.kept} kept, ${calls.lost} lost ${JSON.stringify(calls.lostBy)}`}`,
  );
  const { waiting, inversions, lost } = report.queue;
  console.log(`  queue: ${waiting} waiting, ${inversions} overtaken, ${lost} lost`);
  if (ending.signal.aborted) throw ending.signal.reason;
  return report.checks.length > 0 && report.checks.every(({ ok }) => ok) ? 0 : 1;
}

/** `SECTION/NAME=VALUE`; whether there is such an option, and what it allows, the servers say. */
function optionSet(text: string): Record<string, Record<string, string>> {
  const [, section, name, value] = /^([^/=]+)\/([^/=]+)=(.+)$/.exec(text) ?? [];
  if (section === undefined || name === undefined || value === undefined)
    throw new CannotRun(
      `--set takes an option of the SIP Servers as SECTION/NAME=VALUE, such as holdfast/login-rate=200, not "${text}"`,
    );
  return { [section]: { [name]: value } };
}

async function demo(args: readonly string[]): Promise<number> {
  const { values } = parse(args, {
    agents: { type: 'string' },
    port: { type: 'string' },
    'site-ports': { type: 'string' },
    seed: { type: 'string' },
  });
  const agents = agentCount('demo', ALL_SCHEMES_AT_BOTH_SITES, values.agents, 500) ?? 20;
  const port = whole('--port', values.port, 1024, 65_535) ?? 8080;
  const firstSitePort =
    whole('--site-ports', values['site-ports'], 1024, 65_535 - SITE_PORTS_SPAN) ?? FIRST_SITE_PORT;
  const seed = whole('--seed', values.seed, 0, 2 ** 31) ?? 1;
  const page = fileURLToPath(new URL('console', import.meta.url));
  try {
    await runDemo({ agents, port, firstSitePort, seed, serverEntry, page, end: ending.signal });
  } catch (error) {
    // A port is taken, a process did not start: what it says is for people.
    throw new CannotRun((error as Error).message);
  }
  return 0;
}

type Options = NonNullable<Parameters<typeof parseArgs>[0]>['options'];

function parse(args: readonly string[], options: NonNullable<Options>) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true }) as {
      values: Record<string, string | undefined>;
      positionals: string[];
    };
  } catch (error) {
    // An unknown option, or one without its value.
    throw new CannotRun((error as Error).message);
  }
}

function whole(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  if (!Number.isInteger(number) || number < least || number > most)
    throw new CannotRun(`${name} must be a whole number ${range}, not "${text}"`);
  return number;
}

function agentCount(
  name: string,
  least: Scenario['agentsMin'],
  text: string | undefined,
  most: number,
): number | undefined {
  const count = whole('--agents', text, 0, Number.MAX_SAFE_INTEGER);
  if (count !== undefined && count > most)
    throw new CannotRun(
      `${name} is shown with ${most} agents at the most, not ${count}: use --agents ${most} or fewer (holdfast simulate takes 2000)`,
    );
  if (count !== undefined && count < least.count)
    throw new CannotRun(
      `${name} needs at least ${least.count} agents (${least.because}), not ${count}: use --agents ${least.count} or more`,
    );
  return count;
}

main(process.argv.slice(2)).then(
  (status) => process.exit(status),
  (error: unknown) => {
    process.stderr.write(
      `holdfast: ${error instanceof CannotRun || error instanceof SiteStartError ? error.message : ((error as Error).stack ?? error)}\n`,
    );
    process.exit(2);
  },
);
