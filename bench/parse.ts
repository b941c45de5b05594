/**
 * Parsers side by side, in one run, on the same messages. Each is given the bytes of a datagram, makes a message
 * of them, hands over the fields that routing, transactions and dialogs read (Request-URI, Via, From, To, CSeq,
 * Call-ID, Contact, Route, Record-Route, Max-Forwards, Content-Length, Expires), and, in the second figure,
 * gives the message back as bytes. The rounds of all parsers are interleaved, so that a busy machine slows all
 * of them, and the best round of each counts.
 *
 *     npx tsx bench/parse.ts [--rounds N] [--json FILE]
 *
 * Exit status 1 when Holdfast is not at least twice as fast as the fastest of the others.
 */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import {
  callIdOf,
  contactsOf,
  cseqOf,
  expiresOf,
  fromOf,
  maxForwardsOf,
  messageSize,
  nameAddrs,
  parseMessage,
  parseUri,
  type SipMessage,
  serializeMessage,
  tagOf,
  toOf,
  vias,
} from '@holdfast/sip';
import { INVITE, REGISTER } from './sample-messages.ts';

const require = createRequire(import.meta.url);

interface Contestant {
  readonly name: string;
  /** Parses and reads; the number depends on what was read, so that nothing can be left out. */
  read(bytes: Buffer): number;
  /** The same, and the message as bytes again. */
  readAndWrite(bytes: Buffer): number;
}

function fieldsOfOurs(message: SipMessage): number {
  const uri = message.kind === 'request' ? parseUri(message.uri) : undefined;
  const contacts = contactsOf(message);
  const routes = nameAddrs(message, 'route');
  return (
    (uri?.host.length ?? 0) +
    (vias(message)?.[0]?.params.get('branch')?.length ?? 0) +
    (tagOf(fromOf(message))?.length ?? 0) +
    (toOf(message)?.uri.length ?? 0) +
    (cseqOf(message)?.number ?? 0) +
    (callIdOf(message)?.length ?? 0) +
    (contacts === undefined ? 0 : contacts.length) +
    (parseUri(routes?.[0]?.uri ?? '')?.host.length ?? 0) +
    (nameAddrs(message, 'record-route')?.length ?? 0) +
    (maxForwardsOf(message) ?? 0) +
    message.body.length +
    (expiresOf(message) ?? 0)
  );
}

function parsedByUs(bytes: Uint8Array): SipMessage {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) throw new Error(`our parser refused the sample: ${parsed.reason}`);
  return parsed.message;
}

const holdfast: Contestant = {
  name: 'holdfast',
  read: (bytes) => fieldsOfOurs(parsedByUs(bytes)),
  readAndWrite(bytes) {
    const message = parsedByUs(bytes);
    return fieldsOfOurs(message) + serializeMessage(message).length;
  },
};

interface Address {
  readonly uri: string;
  readonly params: Readonly<Record<string, string | null>>;
}

interface SipPackageMessage {
  readonly method: string;
  readonly uri: string;
  readonly content: string;
  readonly headers: Readonly<{
    via: readonly Address[];
    from: Address;
    to: Address;
    cseq: { seq: number };
    'call-id': string;
    contact?: readonly Address[];
    route?: readonly { uri: { host: string } }[];
    'record-route'?: readonly unknown[];
    'max-forwards': string;
    'content-length': number;
    expires?: string;
  }>;
}

interface SipPackage {
  parse(data: Buffer): SipPackageMessage | undefined;
  parseUri(uri: string): { host: string };
  stringify(message: SipPackageMessage): string;
}

function sipPackage(): Contestant {
  const sip = require('sip') as SipPackage;
  const fields = (message: SipPackageMessage): number => {
    const headers = message.headers;
    return (
      sip.parseUri(message.uri).host.length +
      (headers.via[0]?.params.branch?.length ?? 0) +
      (headers.from.params.tag?.length ?? 0) +
      headers.to.uri.length +
      headers.cseq.seq +
      headers['call-id'].length +
      (headers.contact?.length ?? 0) +
      (headers.route?.[0]?.uri.host.length ?? 0) +
      (headers['record-route']?.length ?? 0) +
      Number(headers['max-forwards']) +
      headers['content-length'] +
      Number(headers.expires ?? 0)
    );
  };
  const parsed = (bytes: Buffer): SipPackageMessage => {
    const message = sip.parse(bytes);
    if (message === undefined) throw new Error('sip refused the sample');
    return message;
  };
  return {
    name: 'sip',
    read: (bytes) => fields(parsed(bytes)),
    readAndWrite(bytes) {
      const message = parsed(bytes);
      return fields(message) + Buffer.from(sip.stringify(message), 'binary').length;
    },
  };
}

/** jssip and sip.js share their shape. Both print a received message by giving back the text that came. */
interface BrowserMessage {
  ruri: { host: string };
  readonly cseq: number;
  readonly body: string;
  parseHeader(name: string, index?: number): unknown;
  getHeaders(name: string): readonly string[];
  getHeader(name: string): string | undefined;
  toString(): string;
}

function fieldsOfBrowserMessage(message: BrowserMessage): number {
  const text = (name: string): string => message.getHeader(name) ?? '';
  return (
    message.ruri.host.length +
    ((message.parseHeader('via') as { branch: string }).branch.length +
      (message.parseHeader('from') as { getParam(name: string): string }).getParam('tag').length +
      String((message.parseHeader('to') as { uri: unknown }).uri).length) +
    message.cseq +
    text('call-id').length +
    (message.parseHeader('contact') === undefined ? 0 : message.getHeaders('contact').length) +
    (message.parseHeader('route') === undefined ? 0 : 1) +
    (message.getHeaders('record-route').length > 0 && message.parseHeader('record-route') !== undefined
      ? 1
      : 0) +
    Number(text('max-forwards')) +
    Number(text('content-length')) +
    Number(text('expires'))
  );
}

function browserContestant(name: string, parse: (text: string) => BrowserMessage | undefined): Contestant {
  const parsed = (bytes: Buffer): BrowserMessage => {
    const message = parse(bytes.toString('utf8'));
    if (message === undefined) throw new Error(`${name} refused the sample`);
    return message;
  };
  return {
    name,
    read: (bytes) => fieldsOfBrowserMessage(parsed(bytes)),
    readAndWrite(bytes) {
      const message = parsed(bytes);
      return fieldsOfBrowserMessage(message) + Buffer.from(message.toString()).length;
    },
  };
}

async function contestants(): Promise<Contestant[]> {
  const jssip = require('jssip/lib/Parser') as {
    parseMessage(text: string, ua: unknown): BrowserMessage | undefined;
  };
  const sipJsPath = 'sip.js/lib/core/messages/parser.js';
  const sipJs = (await import(sipJsPath)) as {
    Parser: { parseMessage(text: string, logger: unknown): BrowserMessage | undefined };
  };
  const silent = { log: () => {}, warn: () => {}, debug: () => {}, error: () => {} };
  return [
    holdfast,
    sipPackage(),
    browserContestant('jssip', (text) => jssip.parseMessage(text, {})),
    browserContestant('sip.js', (text) => sipJs.Parser.parseMessage(text, silent)),
  ];
}

/** Messages a second in one round of about `roundMs`. */
function rate(work: (bytes: Buffer) => number, bytes: Buffer, roundMs: number): number {
  let count = 0;
  let sum = 0;
  const start = performance.now();
  let elapsed = 0;
  while (elapsed < roundMs) {
    for (let i = 0; i < 20; i++) sum += work(bytes);
    count += 20;
    elapsed = performance.now() - start;
  }
  if (!(sum > 0)) throw new Error('nothing was read');
  return (count * 1000) / elapsed;
}

/** Short rounds, and many of them: on a busy machine some of each contestant's then run undisturbed. */
const ROUND_MS = 40;
const WARM_UP_ROUNDS = 3;

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at === -1 ? undefined : process.argv[at + 1];
}

interface Row {
  readonly message: string;
  readonly bytes: number;
  readonly work: 'read' | 'readAndWrite';
  readonly perSecond: Record<string, number>;
  /** Ours by the fastest of the others. */
  readonly ratio: number;
  readonly fastestOther: string;
}

function measure(all: readonly Contestant[], rounds: number): Row[] {
  const rows: Row[] = [];
  for (const [message, sample] of [
    ['REGISTER', REGISTER],
    ['INVITE', INVITE],
  ] as const) {
    const bytes = Buffer.from(sample);
    for (const work of ['read', 'readAndWrite'] as const) {
      const best: Record<string, number> = {};
      for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
        for (const one of all) {
          const now = rate((given) => one[work](given), bytes, ROUND_MS);
          if (round >= 0) best[one.name] = Math.max(best[one.name] ?? 0, Math.round(now));
        }
      }
      const others = Object.entries(best).filter(([name]) => name !== holdfast.name);
      const [fastestOther, fastest] = others.reduce((a, b) => (b[1] > a[1] ? b : a));
      const ratio = Math.round(((best[holdfast.name] as number) / fastest) * 100) / 100;
      rows.push({ message, bytes: bytes.length, work, perSecond: best, ratio, fastestOther });
    }
  }
  return rows;
}

const TARGET = 2;
const rounds = Number(option('--rounds') ?? 25);
const rows = measure(await contestants(), rounds);
const ok = rows.every((row) => row.ratio >= TARGET);
const report = {
  version: 1,
  bench: 'parse',
  ok,
  target: TARGET,
  rows,
  sizeWithoutWriting: messageSize(parsedByUs(INVITE)) === INVITE.length,
  host: { cpus: cpus().length, model: cpus()[0]?.model ?? 'unknown', node: process.version },
};
const json = JSON.stringify(report, null, 2);
console.log(json);
const file = option('--json');
if (file !== undefined) writeFileSync(file, `${json}\n`);
process.exitCode = ok ? 0 : 1;
