/**
 * Four parsers under one interface. Each is given the bytes of a datagram, makes a message of them and hands over
 * the fields that routing, transactions and dialogs read (Request-URI, Via, From, To, CSeq, Call-ID, Contact, Route,
 * Record-Route, Max-Forwards, Content-Length, Expires); and, if asked, gives the message back as bytes.
 */
import { createRequire } from 'node:module';
import {
  callIdOf,
  contactsOf,
  cseqOf,
  expiresOf,
  fromOf,
  maxForwardsOf,
  nameAddrs,
  parseMessage,
  parseUri,
  type SipMessage,
  serializeMessage,
  tagOf,
  toOf,
  vias,
} from '@holdfast/sip';

const require = createRequire(import.meta.url);

export interface Contestant {
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

export function parsedByUs(bytes: Uint8Array): SipMessage {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) throw new Error(`our parser refused the sample: ${parsed.reason}`);
  return parsed.message;
}

export const holdfast: Contestant = {
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

export async function contestants(): Promise<Contestant[]> {
  const jssip = require('jssip/lib/Parser') as {
    parseMessage(text: string, ua: unknown): BrowserMessage | undefined;
  };
  const sipJs = (await import('sip.js/lib/core/messages/parser.js')) as unknown as {
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
