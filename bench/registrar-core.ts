/**
 * Authorised REGISTERs a second through parser, challenger (SHA-256, nonce in hand), registrar and serialiser, without
 * sockets: what the core leaves for the rest of the path. Prints one line of JSON.
 *
 *     node --import tsx bench/registrar-core.ts [seconds]
 */
import {
  answerAgain,
  answerChallenge,
  Challenger,
  createRequest,
  createResponse,
  digestSecret,
  parseMessage,
  Registrar,
  type Source,
  serializeMessage,
} from '@holdfast/sip';
import { nodeHashes as hashes } from '../apps/server/src/crypto.ts';

const SECONDS = Number(process.argv[2] ?? 5);
const PHONES = 1000;
/** Messages are made beforehand in batches, so that the client's own hashing is not in the figure. */
const BATCH = 20_000;
const realm = 'holdfast';
const sha256 = digestSecret(hashes, 'SHA-256', { user: '7001', realm, password: 'secret' });
const source: Source = { transport: 'UDP', host: '127.0.0.1', port: 5062, flow: 'udp' };

const challenger = new Challenger({
  realm,
  hashes,
  keys: { current: 'key' },
  maker: 'bench',
  credentials: () => ({ sha256 }),
});
const registrar = new Registrar();

function register(n: number, cseq: number, authorization?: string): Uint8Array {
  const user = 7000 + n;
  return serializeMessage(
    createRequest({
      method: 'REGISTER',
      uri: 'sip:north.example',
      headers: [
        ['Via', `SIP/2.0/UDP 127.0.0.1:5062;branch=z9hG4bK-${n}-${cseq};rport`],
        ['Max-Forwards', '70'],
        ['From', `<sip:${user}@north.example>;tag=${n}a`],
        ['To', `<sip:${user}@north.example>`],
        ['Call-ID', `call-${n}@127.0.0.1`],
        ['CSeq', `${cseq} REGISTER`],
        ['Contact', `<sip:${user}@127.0.0.1:5062>;+sip.instance="<urn:uuid:00000000-0000-1000-8000-${n}>"`],
        ['Expires', '60'],
        ['User-Agent', 'Holdfast bench'],
        ...(authorization === undefined ? [] : [['Authorization', authorization] as const]),
      ],
    }),
  );
}

const account = {
  user: '7001',
  password: 'secret',
  hashes,
  cnonce: '0a4f113b',
  method: 'REGISTER',
  uri: 'sip:north.example',
};
let cseq = 0;

function batch(): Uint8Array[] {
  const first = parseMessage(register(0, ++cseq));
  if (!first.ok || first.message.kind !== 'request') throw new Error('not parsed');
  const verdict = challenger.check(Date.now(), first.message);
  const offers = verdict.name === 'challenge' ? verdict.headers.map(([, value]) => value) : [];
  let answer = answerChallenge(offers, { ...account, answered: 0 });
  return Array.from({ length: BATCH }, (_, i) => {
    if (answer.name !== 'answer') throw new Error(answer.because);
    const bytes = register(i % PHONES, ++cseq, answer.value);
    answer = answerAgain(answer.memory, account);
    return bytes;
  });
}

function serve(bytes: Uint8Array): boolean {
  const parsed = parseMessage(bytes);
  if (!parsed.ok || parsed.message.kind !== 'request') return false;
  const verdict = challenger.check(Date.now(), parsed.message);
  if (verdict.name !== 'authentic') {
    const headers = verdict.name === 'challenge' ? verdict.headers : [];
    serializeMessage(createResponse(parsed.message, verdict.status, { headers }));
    return false;
  }
  const { response } = registrar.handle(performance.now(), parsed.message, source);
  return serializeMessage(response).length > 0 && response.status === 200;
}

let served = 0;
let refused = 0;
let busyMs = 0;
/** User and system time: what counts when other work shares the machine. */
let cpuMs = 0;
let heapAtStart = 0;
while (busyMs < SECONDS * 1000) {
  const messages = batch();
  if (heapAtStart === 0) heapAtStart = process.memoryUsage().heapUsed;
  const from = performance.now();
  const cpuFrom = process.cpuUsage();
  for (const bytes of messages)
    if (serve(bytes)) served++;
    else refused++;
  busyMs += performance.now() - from;
  const { user, system } = process.cpuUsage(cpuFrom);
  cpuMs += (user + system) / 1000;
}
console.log(
  JSON.stringify({
    what: 'authorised REGISTER, SHA-256, in-process',
    perSecond: Math.round(served / (busyMs / 1000)),
    perCpuSecond: Math.round(served / (cpuMs / 1000)),
    served,
    refused,
    phones: registrar.size,
    bytes: register(1, cseq, 'x'.repeat(320)).length,
    heapMB: [heapAtStart, process.memoryUsage().heapUsed].map((bytes) => Math.round(bytes / 1e6)),
  }),
);
