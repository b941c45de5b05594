/**
 * Whole calls through a SIP Server (INVITE to BYE, 13 messages, that is 6.5 pairs) with events on, one core, beside a
 * bare Node UDP echo in the same run.
 *
 *     npx tsx bench/b2bua.ts [--short] [--seconds 60] [--json FILE] [--profile FOLDER]
 *
 *     caller            server            phone
 *       ├── INVITE ──────▶├
 *       │◀────────── 100 ─┤── INVITE ──────▶│
 *       │◀────────── 180 ─┤◀────────── 180 ─┤
 *       │                 │◀────────── 200 ─┤
 *       │◀────────── 200 ─┤── ACK ─────────▶│
 *       ├── ACK ─────────▶│                 │
 *       ├── BYE ─────────▶│── BYE ─────────▶│
 *       │◀────────── 200 ─┤◀────────── 200 ─┤
 *
 * Caller and phone are two sockets of this process, their messages are made by hand. Prints one JSON object, whose
 * `compares` says what stands beside what. Three ratios to the echo's pairs ÷ 6.5: `ratio` by the clock, `cpuRatio`
 * by the CPU time of the serving thread, `coreRatio` by that of the whole serving process, with the threads that
 * collect garbage beside it. The last is what one core gives, also where other work shares the machine. Exit status 1
 * when it is below 8 %, or a call failed.
 */
import { cpus } from 'node:os';
import { benchRun, round, verdict } from './bench-run.ts';
import { measureEcho, openSocket, pause, stayAwake } from './echo-load.ts';
import { field, nonceIn, RegisteringPhone } from './phones-load.ts';
import { startProgram } from './two-processes.ts';

const run = benchRun({ short: 3, usual: 10 });
const { seconds } = run;
const PHONES = 1_000;
const ON_THEIR_WAY = 48;
const PAIRS_PER_CALL = 6.5;
/** Until then the server's code is still being optimized; on a busy machine it is measured all the same. */
const WARM_UP_CALLS = 6_000;
const WARM_UP_MAX_MS = 10_000;
const leastRatio = run.least(0.08);

const caller = await openSocket();
const callee = await openSocket();
const callerAt = `127.0.0.1:${caller.address().port}`;
const calleeAt = `127.0.0.1:${callee.address().port}`;
const server = await startProgram<{ port: number }>(
  'sip-server-process',
  { phones: PHONES, gatewayPort: caller.address().port },
  run.profile,
);
const serverPort = server.ready.port;
const sdpOf = (port: number) =>
  `v=0\r\no=- ${port} 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n` +
  `m=audio ${port} RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n` +
  'a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n';
const [offer, answer] = [sdpOf(4_000), sdpOf(5_000)];

let started = 0;
let done = 0;
let failed = 0;
let messages = 0;
let isOver = false;

function request(method: string, call: number, to: string, cseq: number, body = ''): string {
  const number = 10_000 + (call % PHONES);
  const type = body === '' ? '' : 'Content-Type: application/sdp\r\n';
  return (
    `${method} sip:${number}@127.0.0.1:${serverPort} SIP/2.0\r\n` +
    `Via: SIP/2.0/UDP ${callerAt};branch=z9hG4bK${method}${call};rport\r\n` +
    `Max-Forwards: 70\r\nFrom: <sip:49301234@${callerAt}>;tag=c${call}\r\n` +
    `To: ${to === '' ? `<sip:${number}@127.0.0.1>` : to}\r\nCall-ID: call-${call}@127.0.0.1\r\n` +
    `CSeq: ${cseq} ${method}\r\nContact: <sip:49301234@${callerAt}>\r\n` +
    `User-Agent: bench\r\n${type}Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

function fromCaller(text: string): void {
  messages++;
  caller.send(text, serverPort, '127.0.0.1');
}

function start(): void {
  fromCaller(request('INVITE', started++, '', 1, offer));
}

/** The response to a request of the server, with what it must repeat. */
function respond(text: string, status: string, body = ''): void {
  const to = field(text, 'To:');
  const type = body === '' ? '' : 'Content-Type: application/sdp\r\n';
  messages++;
  callee.send(
    `SIP/2.0 ${status}\r\nVia: ${field(text, 'Via:')}\r\nFrom: ${field(text, 'From:')}\r\n` +
      `To: ${to.includes(';tag=') ? to : `${to};tag=p`}\r\nCall-ID: ${field(text, 'Call-ID:')}\r\n` +
      `CSeq: ${field(text, 'CSeq:')}\r\nContact: <sip:phone@${calleeAt}>\r\n` +
      `${type}Content-Length: ${body.length}\r\n\r\n${body}`,
    serverPort,
    '127.0.0.1',
  );
}

const phones = Array.from({ length: PHONES }, (_, index) => new RegisteringPhone(index, callee));
let registered = 0;

function registering(text: string): void {
  const at = text.indexOf('Call-ID: reg-') + 13;
  const phone = phones[Number(text.slice(at, at + 5)) - 10_000] as RegisteringPhone;
  if (text.startsWith('SIP/2.0 401')) {
    phone.take(nonceIn(text));
    callee.send(phone.register(), serverPort, '127.0.0.1');
  } else if (++registered < PHONES)
    callee.send((phones[registered] as RegisteringPhone).register(), serverPort, '127.0.0.1');
}

callee.on('message', (bytes) => {
  const text = bytes.toString('latin1');
  if (text.startsWith('SIP/2.0')) return registering(text);
  messages++;
  if (text.startsWith('INVITE')) {
    respond(text, '180 Ringing');
    respond(text, '200 OK', answer);
  } else if (text.startsWith('BYE')) respond(text, '200 OK');
});

caller.on('message', (bytes) => {
  const text = bytes.toString('latin1');
  messages++;
  if (!text.startsWith('SIP/2.0 200')) {
    if (text.charCodeAt(8) >= 0x33) {
      failed++;
      if (!isOver) start();
    }
    return;
  }
  const at = text.indexOf('Call-ID: call-') + 14;
  const call = Number(text.slice(at, text.indexOf('@', at)));
  if (text.includes('\r\nCSeq: 1 ')) {
    const to = field(text, 'To:');
    fromCaller(request('ACK', call, to, 1));
    fromCaller(request('BYE', call, to, 2));
    return;
  }
  done++;
  if (!isOver) start();
});

callee.send((phones[0] as RegisteringPhone).register(), serverPort, '127.0.0.1');
while (registered < PHONES) await pause(20);
stayAwake(() => isOver);
for (let i = 0; i < ON_THEIR_WAY; i++) start();
for (let waited = 0; done < WARM_UP_CALLS && waited < WARM_UP_MAX_MS; waited += 100) await pause(100);
const before = await server.usage();
const startedAt = performance.now();
const first = { done, messages };
await pause(1_000 * seconds);
const wallS = (performance.now() - startedAt) / 1_000;
const calls = done - first.done;
const messagesPerCall = (messages - first.messages) / calls;
const after = await server.usage();
isOver = true;
await pause(1_000);
const held = (await server.usage()).figures.callsHeld;
caller.close();
callee.close();
await server.stop();
const echo = await measureEcho({ seconds: Math.min(seconds, 5), requestBytes: 650, answerBytes: 450 });

const perSecond = calls / wallS;
const perCpuSecond = calls / ((after.cpuMs - before.cpuMs) / 1_000);
const ratio = perSecond / (echo.pairsPerSecond / PAIRS_PER_CALL);
const cpuRatio = perCpuSecond / (echo.pairsPerCpuSecond / PAIRS_PER_CALL);
const cores = (time: 'cpuMs' | 'processCpuMs') => round((after[time] - before[time]) / 1_000 / wallS, 2);
const coreRatio =
  calls /
  ((after.processCpuMs - before.processCpuMs) / 1_000) /
  (echo.pairsPerProcessCpuSecond / PAIRS_PER_CALL);
const judged = verdict({
  [`coreRatio is ${round(coreRatio, 3)}, at least ${round(leastRatio, 3)} is needed`]:
    coreRatio >= leastRatio,
  [`${failed} calls failed`]: failed === 0,
  [`${held} calls were left over`]: held === 0,
});
const result = {
  version: 1,
  what: 'whole B2BUA calls, INVITE to BYE, events on',
  compares: {
    server:
      'one process, one serving thread: real sockets, parser, transactions, both dialogs, call control, the contact centre; no DNS, no announcer',
    call: 'from a trunk to one of 1,000 registered extensions, 13 messages with SDP, not challenged, no queue, not retransmitted',
    events:
      'every event of every call made and written as JSON for one client of all DNs; no WebSocket behind it',
    load: 'our own generator in another process, 48 calls on their way, no time between answer and BYE',
    echo: 'a bare Node UDP echo under the same kind of load, 650 bytes there and 450 back; a call counts as 6.5 pairs',
  },
  seconds,
  callsPerSecond: round(perSecond),
  callsPerCpuSecond: round(perCpuSecond),
  calls,
  failed,
  /** Calls that were left over when nobody called any more. */
  held,
  messagesPerCall: round(messagesPerCall, 2),
  eventsPerCall: round(((after.figures.events ?? 0) - (before.figures.events ?? 0)) / calls, 2),
  echo,
  ratio: round(ratio, 3),
  cpuRatio: round(cpuRatio, 3),
  coreRatio: round(coreRatio, 3),
  coresBusy: { servingThread: cores('cpuMs'), wholeProcess: cores('processCpuMs') },
  least: round(leastRatio, 3),
  memory: {
    heapMB: [before, after].map(({ heapMB }) => round(heapMB)),
    rssMB: [before, after].map(({ rssMB }) => round(rssMB)),
  },
  transactions: after.figures.transactions,
  host: { cpus: cpus().length, node: process.version },
  ...judged,
};
run.tell(result);
