/**
 * SIP messages that somebody broke: from a seed, real requests and responses of every kind of dialog, each with one
 * to three wounds. A wound is what transports, careless programs and attackers do to a message; the seed makes a
 * message that did harm come again.
 */
import type { Random } from '@holdfast/kernel';

export interface Sender {
  readonly transport: 'UDP' | 'TCP';
  readonly host: string;
  readonly port: number;
  /** Where it is sent. */
  readonly to: string;
}

const SDP =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n';

const KINDS = [
  'REGISTER',
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'UPDATE',
  'INFO',
  '200',
  '180',
  '503',
];

const below = (random: Random, limit: number) => Math.floor(random() * limit);
const pick = <T>(random: Random, from: readonly T[]): T => from[below(random, from.length)] as T;

/** A whole message of that kind, of a dialog that nobody knows. */
export function soundMessage(random: Random, kind: string, sender: Sender): string {
  const id = Math.floor(random() * 2 ** 40).toString(36);
  const isResponse = /^\d/.test(kind);
  const method = isResponse ? 'INVITE' : kind;
  const user = pick(random, ['7001', '7999', '8000', '8500', '0049301234567', 'nobody']);
  const body = method === 'INVITE' ? SDP : '';
  const inDialog = ['ACK', 'BYE', 'UPDATE', 'INFO'].includes(method) || isResponse;
  return [
    isResponse ? `SIP/2.0 ${kind} Whatever` : `${method} sip:${user}@${sender.to} SIP/2.0`,
    `Via: SIP/2.0/${sender.transport} ${sender.host}:${sender.port};branch=z9hG4bK${id};rport`,
    `From: "A stranger" <sip:${user}@holdfast>;tag=f${id}`,
    `To: <sip:${user}@holdfast>${inDialog ? `;tag=t${id}` : ''}`,
    `Call-ID: ${id}@${sender.host}`,
    `CSeq: ${below(random, 1_000)} ${method}`,
    `Contact: <sip:${user}@${sender.host}:${sender.port}>;expires=60`,
    'Max-Forwards: 70',
    ...(body === '' ? [] : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

type Wound = (random: Random, text: string) => string;

const cut = (text: string, from: number, to: number, instead = '') =>
  text.slice(0, from) + instead + text.slice(to);
const somewhere = (random: Random, text: string) => below(random, text.length + 1);

/** Changes one header line, found by chance. */
function inLine(change: (random: Random, line: string) => string | readonly string[]): Wound {
  return (random, text) => {
    const lines = text.split('\r\n');
    const at = below(random, Math.max(1, lines.indexOf('')));
    const changed = change(random, lines[at] ?? '');
    lines.splice(at, 1, ...(typeof changed === 'string' ? [changed] : changed));
    return lines.join('\r\n');
  };
}

const NUMBERS = ['-1', '0', '4294967296', '99999999999999999999', '1e9', '0x10', ''];
const ODD = ['\u0000', '\r', '\n', '\t', '"', '<', '>', ';', ',', '%', '%zz', '\u00ff', '\ud83d\ude00', '\\'];

const WOUNDS: Readonly<Record<string, Wound>> = {
  'cut off': (random, text) => text.slice(0, somewhere(random, text)),
  'a piece lost': (random, text) => {
    const from = somewhere(random, text);
    return cut(text, from, from + below(random, 40));
  },
  'a byte changed': (random, text) => {
    const at = somewhere(random, text);
    return cut(text, at, at + 1, String.fromCharCode(below(random, 256)));
  },
  'something odd put in': (random, text) => {
    const at = somewhere(random, text);
    return cut(text, at, at, pick(random, ODD).repeat(1 + below(random, 50)));
  },
  'a number changed': (random, text) => {
    const numbers = [...text.matchAll(/\d+/g)];
    if (numbers.length === 0) return text;
    const found = pick(random, numbers);
    return cut(text, found.index, found.index + found[0].length, pick(random, NUMBERS));
  },
  'a line twice': inLine((_, line) => [line, line]),
  'a line lost': inLine(() => []),
  'a line many times': inLine((random, line) => Array(1 + below(random, 400)).fill(line)),
  'a long line': inLine((random, line) => line + 'x'.repeat(below(random, 20_000))),
  'a list without end': inLine((random, line) => line + ','.repeat(below(random, 2_000))),
  'parameters without end': inLine((random, line) => line + ';p=1'.repeat(below(random, 1_000))),
  'a folded line': inLine((_, line) => line.replace(/ /g, '\r\n ')),
  'a name without value': inLine((_, line) => line.replace(/:.*/, ':')),
  'no colon': inLine((_, line) => line.replace(':', ' ')),
  'another name': inLine((random, line) =>
    line.replace(
      /^[^:]*/,
      pick(random, ['Route', 'Record-Route', 'Authorization', 'Require', 'RAck', 'Replaces']),
    ),
  ),
  'bare line feeds': (_, text) => text.replaceAll('\r\n', '\n'),
  'another version': (random, text) =>
    text.replace('SIP/2.0', pick(random, ['SIP/7.0', 'HTTP/1.1', 'SIP/2', ''])),
  'a method that nobody knows': (_, text) => text.replace(/^[A-Z]+ /, `${'M'.repeat(300)} `),
  'another transport in the Via': (random, text) =>
    text.replace(/SIP\/2\.0\/\w+/, `SIP/2.0/${pick(random, ['SCTP', 'TLS', 'WS', ''])}`),
  'a body that is none': (random, text) =>
    text + Array.from({ length: below(random, 500) }, () => String.fromCharCode(below(random, 256))).join(''),
};

/** Names of all wounds, for a test that each occurs. */
export const WOUND_NAMES = Object.keys(WOUNDS);
const WOUNDS_MAX = 3;

export interface Mutated {
  readonly kind: string;
  readonly wounds: readonly string[];
  readonly bytes: Uint8Array;
}

export function mutatedMessage(random: Random, sender: Sender): Mutated {
  const kind = pick(random, KINDS);
  let text = soundMessage(random, kind, sender);
  const wounds: string[] = [];
  for (let n = 1 + below(random, WOUNDS_MAX); n > 0; n--) {
    const wound = pick(random, WOUND_NAMES);
    wounds.push(wound);
    text = (WOUNDS[wound] as Wound)(random, text);
  }
  // One byte a character, so that bytes above 127 are no UTF-8.
  return { kind, wounds, bytes: Buffer.from(text, random() < 0.5 ? 'latin1' : 'utf8') };
}
