/**
 * Whether other people's parsers take a message that we send: those of jssip (a strict grammar) and of `sip`.
 * tshark is too tolerant to be a judge.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

interface JssipMessage {
  readonly via: unknown;
  readonly from: unknown;
  readonly to: unknown;
  readonly cseq: number;
  parseHeader(name: string, index?: number): unknown;
  getHeaders(name: string): readonly string[];
}

interface SipMessage {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly content: string;
}

const jssip = require('jssip/lib/Parser') as {
  parseMessage(text: string, ua: unknown): JssipMessage | undefined;
};
const sip = require('sip') as { parse(data: Buffer): SipMessage | undefined };

/** Fields that jssip parses only when it is asked. */
const ASKED = [
  'contact',
  'route',
  'record-route',
  'refer-to',
  'replaces',
  'session-expires',
  'www-authenticate',
  'proxy-authenticate',
  'event',
];

/** What the others object to, one sentence each; empty when both accept the message. */
export function objectionsOfOthers(bytes: Uint8Array): string[] {
  return [...objectionsOfJssip(bytes), ...objectionsOfSip(bytes)];
}

export function acceptedByOthers(bytes: Uint8Array): boolean {
  return objectionsOfOthers(bytes).length === 0;
}

function objectionsOfJssip(bytes: Uint8Array): string[] {
  const message = jssip.parseMessage(Buffer.from(bytes).toString('utf8'), {});
  if (message === undefined) return ['jssip does not parse the message'];
  const objections: string[] = [];
  for (const name of ['via', 'from', 'to', 'cseq'] as const) {
    if (message[name] === undefined) objections.push(`jssip does not parse ${name}`);
  }
  for (const name of ASKED) {
    for (let index = 0; index < message.getHeaders(name).length; index++) {
      if (message.parseHeader(name, index) === undefined) objections.push(`jssip does not parse ${name}`);
    }
  }
  return objections;
}

function objectionsOfSip(bytes: Uint8Array): string[] {
  const message = sip.parse(Buffer.from(bytes));
  if (message === undefined) return ['sip does not parse the message'];
  const objections: string[] = [];
  // It leaves a field out silently when its parser throws.
  for (const name of ['via', 'from', 'to', 'cseq', 'call-id', 'content-length']) {
    if (message.headers[name] === undefined) objections.push(`sip does not parse ${name}`);
  }
  const length = message.headers['content-length'];
  if (length !== Buffer.byteLength(message.content, 'binary'))
    objections.push('sip reads another Content-Length');
  return objections;
}
