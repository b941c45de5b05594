/**
 * Authorised REGISTERs a second (SHA-256, nonce in hand) through a whole SIP Server over UDP, beside a bare Node UDP
 * echo with messages of the same size, in one run.
 *
 *     npx tsx bench/register.ts [--short] [--seconds 60] [--json FILE] [--profile FOLDER]
 *
 * Prints one JSON object. Exit status 1 when the rate is below 20 % of the echo's, anything was refused, or memory
 * grew. `ratio` compares what two processes did in a second of the clock, `cpuRatio` what the answering thread did in a
 * second of its own CPU time: that one decides, because it holds also where other work shares the machine.
 */
import { cpus } from 'node:os';
import { benchRun, round, verdict } from './bench-run.ts';
import { measureEcho, openSocket, pause, stayAwake } from './echo-load.ts';
import { RegisteringPhone } from './phones-load.ts';
import { RegisterLoad } from './register-load.ts';
import { startProgram, type Usage } from './two-processes.ts';

const run = benchRun({ short: 2, usual: 5 });
const { seconds } = run;
const PHONES = 1_000;
const ON_THEIR_WAY = 64;
const leastRatio = run.least(0.2);
/** Until then the server's code is still being optimized; on a busy machine it is measured all the same. */
const WARM_UP_REGISTERS = 40_000;
const WARM_UP_MAX_MS = 15_000;
/** Growth after the warm-up that is no growth: transactions live 32 s, so that only longer runs can be flat. */
const GROWTH_MAX_MB = 20;
/** A multiple of it is `STEADY_S`. */
const SAMPLE_EVERY_S = 10;
/** Timer J: from here on as many transactions end as begin. */
const STEADY_S = 40;

const server = await startProgram<{ port: number }>(
  'sip-server-process',
  { phones: PHONES, gatewayPort: 9 },
  run.profile,
);
const socket = await openSocket();
const phones = Array.from({ length: PHONES }, (_, index) => new RegisteringPhone(index, socket));
const load = new RegisterLoad(socket, server.ready.port, phones);
const { counts } = load;

load.begin(ON_THEIR_WAY);
stayAwake(() => load.isOver);
for (let waited = 0; counts.served < WARM_UP_REGISTERS && waited < WARM_UP_MAX_MS; waited += 100)
  await pause(100);
const steadyFrom = seconds > STEADY_S ? STEADY_S : 0;
const before = await server.usage();
const startedAt = performance.now();
const first = counts.served;
const samples: { readonly atS: number; readonly served: number; readonly usage: Usage }[] = [];
let steady = before;
for (let atS = 0; atS < seconds; ) {
  const nextS = Math.min(atS + SAMPLE_EVERY_S, seconds);
  await pause(1_000 * (nextS - atS));
  atS = nextS;
  const usage = await server.usage();
  samples.push({ atS, served: counts.served - first, usage });
  if (atS === steadyFrom) steady = usage;
}
const wallS = (performance.now() - startedAt) / 1_000;
const served = counts.served - first;
const after = samples.at(-1)?.usage ?? before;
load.end();
await pause(100);
socket.close();
await server.stop();
const { request: requestBytes, answer: answerBytes } = load.bytes;
const echo = await measureEcho({ seconds: Math.min(seconds, 5), requestBytes, answerBytes });

const perSecond = served / wallS;
const perCpuSecond = served / ((after.cpuMs - before.cpuMs) / 1_000);
const isLong = steadyFrom > 0;
const growthMB = after.heapMB - steady.heapMB;
const ratio = perSecond / echo.pairsPerSecond;
const cpuRatio = perCpuSecond / echo.pairsPerCpuSecond;
const judged = verdict({
  [`cpuRatio is ${round(cpuRatio, 3)}, at least ${round(leastRatio, 3)} is needed`]: cpuRatio >= leastRatio,
  [`${counts.refused} were refused`]: counts.refused === 0,
  [`the heap grew by ${round(growthMB)} MB`]: !isLong || growthMB < GROWTH_MAX_MB,
});
const result = {
  version: 1,
  what: 'authorised REGISTER, SHA-256, nonce in hand, over UDP',
  seconds,
  phones: PHONES,
  bytes: load.bytes,
  perSecond: round(perSecond),
  perCpuSecond: round(perCpuSecond),
  ...counts,
  echo,
  ratio: round(ratio, 3),
  cpuRatio: round(cpuRatio, 3),
  least: round(leastRatio, 3),
  memory: {
    heapMB: [before, steady, after].map(({ heapMB }) => round(heapMB)),
    rssMB: [before, steady, after].map(({ rssMB }) => round(rssMB)),
    /** Between the moment from which as many transactions end as begin and the end; null in short runs. */
    growthMB: isLong ? round(growthMB, 1) : null,
  },
  /** The run in pieces: whether it keeps its speed, and whether it grows. */
  curve: samples.map(({ atS, served: upTo, usage }, index) => {
    const former = samples[index - 1] ?? { served: 0, usage: before };
    const rate = (1_000 * (upTo - former.served)) / (usage.cpuMs - former.usage.cpuMs);
    return {
      atS,
      perCpuSecond: round(rate),
      cpuRatio: round(rate / echo.pairsPerCpuSecond, 3),
      heapMB: round(usage.heapMB),
      rssMB: round(usage.rssMB),
      transactions: usage.figures.transactions,
    };
  }),
  transactions: after.figures.transactions,
  host: { cpus: cpus().length, node: process.version },
  ...judged,
};
run.tell(result);
