/**
 * What the transaction layer costs, alone and in one process: whole B2BUA calls (INVITE to BYE, 13 messages, as
 * bytes in and bytes out) through one endpoint, whose owner does nothing but pass each message on. Virtual time runs
 * at a fixed rate of calls, so that as many transactions linger (32 s each) as they would at that rate.
 *
 *   npx tsx bench/endpoint.ts [--rate 2000] [--seconds 60]
 *
 * Prints one line of JSON. `cpu_us_per_call` counts the endpoint with parsing and writing; making the load is not
 * counted.
 */
import { randomFillSync } from 'node:crypto';
import { parseArgs } from 'node:util';
import {
  createRequest,
  createResponse,
  type EndpointEvent,
  type EndpointOutput,
  parseMessage,
  SipEndpoint,
  type SipRequest,
  type SipResponse,
  type Source,
  serializeMessage,
} from '@holdfast/sip';

const { values } = parseArgs({
  options: { rate: { type: 'string', default: '2000' }, seconds: { type: 'string', default: '60' } },
});
const rate = Number(values.rate);
const seconds = Number(values.seconds);

const block = new Uint32Array(1_024);
let used = block.length;
function random(): number {
  if (used === block.length) {
    randomFillSync(block);
    used = 0;
  }
  return (block[used++] as number) / 4_294_967_296;
}

const SDP =
  'v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0 8 101\r\n';
const CALLER: Source = { transport: 'UDP', host: '10.0.0.1', port: 5060, flow: 'UDP 10.0.0.2 5060' };
const CALLEE: Source = { transport: 'UDP', host: '10.0.0.3', port: 5060, flow: 'UDP 10.0.0.2 5060' };

const endpoint = new SipEndpoint({ random, sentBy: () => ({ host: '10.0.0.2', port: 5060 }) });
const target = { type: 'target', target: { transport: 'UDP', host: '10.0.0.3', port: 5060 } } as const;

let now = 0;
let countedNs = 0n;
let messages = 0;
/** Bytes that the endpoint has sent and that the load has not answered. */
let sent: { bytes: Uint8Array; host: string }[] = [];

/** Counts the time of the work alone. */
function counted(work: () => void): void {
  const before = process.hrtime.bigint();
  work();
  countedNs += process.hrtime.bigint() - before;
}

function deliver(bytes: Uint8Array, source: Source): void {
  messages++;
  counted(() => {
    const parsed = parseMessage(bytes);
    if (!parsed.ok) throw new Error(parsed.reason);
    perform(endpoint.receive(now, parsed.message, source));
  });
}

/** What each of our requests answers, by its transaction. */
const incoming = new Map<string, { id: string; request: SipRequest }>();

function perform(output: EndpointOutput): void {
  for (const effect of output.effects) {
    if (effect.type !== 'transmit') continue;
    messages++;
    sent.push({ bytes: effect.bytes ?? serializeMessage(effect.message), host: effect.target.host });
  }
  for (const event of output.events) pass(event);
}

/** The least that a B2BUA does: a request becomes one of ours, a response answers the other side. */
function pass(event: EndpointEvent): void {
  if (event.type === 'request') {
    const { id, output } = forward(event.request);
    incoming.set(id, { id: event.transaction, request: event.request });
    perform(output);
  } else if (event.type === 'response') {
    const back = incoming.get(event.transaction);
    if (back === undefined || event.response.status === 100) return;
    const response = createResponse(back.request, event.response.status, {
      toTag: 'us',
      headers: [['Contact', '<sip:10.0.0.2>']],
      body: event.response.body,
    });
    if (event.response.status >= 200) incoming.delete(event.transaction);
    perform(endpoint.sendResponse(now, back.id, response));
  } else if (event.type === 'ack') {
    const ack = own(event.request);
    perform(endpoint.sendAck(now, ack, target));
  }
}

function own(request: SipRequest): SipRequest {
  const number = request.method === 'BYE' ? 2 : 1;
  return createRequest({
    method: request.method,
    uri: 'sip:7001@10.0.0.3',
    headers: [
      ['Max-Forwards', '69'],
      ['From', '<sip:7000@10.0.0.2>;tag=us'],
      ['To', request.method === 'INVITE' ? '<sip:7001@10.0.0.3>' : '<sip:7001@10.0.0.3>;tag=callee'],
      ['Call-ID', `b-${request.headers.find((field) => field.key === 'call-id')?.value}`],
      ['CSeq', `${number} ${request.method}`],
      ['Contact', '<sip:10.0.0.2>'],
      ...(request.body.length === 0 ? [] : [['Content-Type', 'application/sdp'] as const]),
    ],
    body: request.body,
  });
}

function forward(request: SipRequest): { id: string; output: EndpointOutput } {
  const { transaction, output } = endpoint.sendRequest(now, own(request), target);
  return { id: transaction, output };
}

function fromCaller(method: string, call: number, body = ''): Uint8Array {
  return serializeMessage(
    createRequest({
      method,
      uri: 'sip:7001@10.0.0.2',
      headers: [
        ['Via', `SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK${method}${call};rport`],
        ['Max-Forwards', '70'],
        ['From', `<sip:7000@10.0.0.1>;tag=${call}`],
        ['To', method === 'INVITE' ? '<sip:7001@10.0.0.2>' : '<sip:7001@10.0.0.2>;tag=us'],
        ['Call-ID', `call-${call}@10.0.0.1`],
        ['CSeq', `${method === 'BYE' ? 2 : 1} ${method}`],
        ['Contact', '<sip:7000@10.0.0.1>'],
        ['User-Agent', 'bench'],
        ['Allow', 'INVITE, ACK, CANCEL, BYE, OPTIONS'],
        ...(body === '' ? [] : [['Content-Type', 'application/sdp'] as const]),
      ],
      body,
    }),
  );
}

/** The callee's answers to what has been sent to it, and everything to the caller taken away. */
function take(method: string): SipRequest | undefined {
  let found: SipRequest | undefined;
  for (const { bytes, host } of sent) {
    if (host !== CALLEE.host) continue;
    const parsed = parseMessage(bytes);
    if (parsed.ok && parsed.message.kind === 'request' && parsed.message.method === method)
      found = parsed.message;
  }
  sent = [];
  return found;
}

function answer(request: SipRequest, status: number, body = ''): Uint8Array {
  const headers: [string, string][] = [['Contact', '<sip:7001@10.0.0.3>']];
  if (body !== '') headers.push(['Content-Type', 'application/sdp']);
  const response: SipResponse = createResponse(request, status, { toTag: 'callee', headers, body });
  return serializeMessage(response);
}

function call(number: number): void {
  deliver(fromCaller('INVITE', number, SDP), CALLER);
  const invite = take('INVITE');
  if (invite === undefined) throw new Error('the call did not reach the callee');
  deliver(answer(invite, 180), CALLEE);
  deliver(answer(invite, 200, SDP), CALLEE);
  deliver(fromCaller('ACK', number), CALLER);
  deliver(fromCaller('BYE', number), CALLER);
  const bye = take('BYE');
  if (bye === undefined) throw new Error('the BYE did not reach the callee');
  deliver(answer(bye, 200), CALLEE);
  sent = [];
}

const calls = rate * seconds;
const startedAt = process.hrtime.bigint();
let peak = 0;
for (let number = 0; number < calls; number++) {
  now = (number * 1_000) / rate;
  const due = endpoint.nextDeadline();
  if (due !== undefined && due <= now) counted(() => perform(endpoint.expire(now)));
  call(number);
  if (number % 1_000 === 0) peak = Math.max(peak, process.memoryUsage().rss);
}
const status = endpoint.status();
const us = Number(countedNs) / 1_000 / calls;
console.log(
  JSON.stringify({
    bench: 'endpoint',
    rate,
    seconds,
    calls,
    messages_per_call: messages / calls,
    cpu_us_per_call: Math.round(us * 10) / 10,
    calls_per_core_second: Math.round(1e6 / us),
    transactions_lingering: status.clientTransactions + status.serverTransactions,
    rss_peak_mb: Math.round(peak / 1e6),
    refused: status.refusedBusy,
    open: incoming.size,
    wall_s: Number(process.hrtime.bigint() - startedAt) / 1e9,
  }),
);
