/**
 * The parsers of two other SIP libraries judge what ours has written: `sip` (a server's) and `jssip` (a browser's).
 * Both read header fields only when asked, so they are asked for all that routing, transactions and dialogs need.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

interface Address {
  readonly uri: string;
  readonly params: Record<string, string | undefined>;
}

interface PackageMessage {
  readonly method?: string;
  readonly uri?: string;
  readonly status?: number;
  readonly headers: {
    readonly via?: readonly { readonly host?: string; readonly params: Record<string, string | undefined> }[];
    readonly from?: Address;
    readonly to?: Address;
    readonly contact?: readonly Address[] | '*';
    readonly route?: readonly Address[];
    readonly cseq?: { readonly seq: number; readonly method: string };
    readonly 'call-id'?: string;
    readonly 'content-length'?: number;
  };
  readonly content: string;
}

interface SipPackage {
  parse(text: string): PackageMessage | undefined;
  parseUri(uri: string): { readonly host?: string } | undefined;
}

interface JssipMessage {
  readonly method?: string;
  readonly status_code?: number;
  readonly ruri?: unknown;
  readonly call_id: string | undefined;
  readonly via_branch: string | undefined;
  readonly from: unknown;
  readonly to: unknown;
  readonly cseq: number | undefined;
  readonly body: string | null;
  /** As they came. */
  getHeaders(name: string): readonly string[];
  parseHeader(name: string, index: number): unknown;
}

/** What is wrong with a message in the eyes of others; empty when both take it. */
export function complaints(message: Uint8Array): string[] {
  const bytes = Buffer.from(message);
  // As each gets it at home: `sip` one character for each byte, jssip as UTF-8.
  return [...bySip(bytes.toString('latin1')), ...byJssip(bytes.toString('utf8'))];
}

function bySip(text: string): string[] {
  const sip = require('sip') as SipPackage;
  const wrong: string[] = [];
  const need = (what: string, isThere: boolean) => {
    if (!isThere) wrong.push(`sip: ${what}`);
  };
  let message: PackageMessage | undefined;
  try {
    message = sip.parse(text);
  } catch (error) {
    // Its way to refuse.
    return [`sip: ${(error as Error).message}`];
  }
  if (message === undefined) return ['sip: not taken'];
  const { headers } = message;
  const isUri = (uri: string | undefined) => uri !== undefined && (sip.parseUri(uri)?.host ?? '') !== '';
  need('start line', message.status !== undefined || (message.method !== undefined && isUri(message.uri)));
  need(
    'Via',
    (headers.via?.length ?? 0) > 0 && headers.via?.every((via) => via.params.branch !== undefined) === true,
  );
  need('From', isUri(headers.from?.uri) && headers.from?.params.tag !== undefined);
  need('To', isUri(headers.to?.uri));
  need('CSeq', Number.isInteger(headers.cseq?.seq) && headers.cseq?.method !== undefined);
  need('Call-ID', (headers['call-id'] ?? '') !== '');
  if (headers.contact !== '*')
    need(
      'Contact',
      (headers.contact ?? []).every(({ uri }) => isUri(uri)),
    );
  need(
    'Route',
    (headers.route ?? []).every(({ uri }) => isUri(uri)),
  );
  need('body', message.content === bodyOf(text));
  need('Content-Length', headers['content-length'] === Buffer.byteLength(message.content, 'latin1'));
  return wrong;
}

/** Fields that jssip's grammar knows, and that may stand more than once or be missing. */
const GRAMMAR_FIELDS = [
  'Via',
  'Contact',
  'Route',
  'Record-Route',
  'Content-Type',
  'WWW-Authenticate',
  'Proxy-Authenticate',
  'Max-Forwards',
  'Require',
  'Expires',
  'Reason',
  'Event',
  'Subscription-State',
  'Refer-To',
  'Replaces',
  'Session-Expires',
];

function byJssip(text: string): string[] {
  const { parseMessage } = require('jssip/lib/Parser') as {
    parseMessage(text: string, agent: unknown): JssipMessage | undefined;
  };
  const wrong: string[] = [];
  const message = parseMessage(text, {});
  if (message === undefined) return ['jssip: not taken'];
  const need = (what: string, isThere: boolean) => {
    if (!isThere) wrong.push(`jssip: ${what}`);
  };
  need('start line', message.status_code != null || (message.method !== undefined && message.ruri != null));
  need('Call-ID', message.call_id !== undefined);
  need('Via branch', message.via_branch !== undefined);
  need('From, To', message.from != null && message.to != null);
  need('CSeq', message.cseq !== undefined);
  need('body', (message.body ?? '') === bodyOf(text));
  for (const name of GRAMMAR_FIELDS) {
    for (const [index, value] of message.getHeaders(name).entries())
      need(`${name}: ${value}`, message.parseHeader(name, index) !== undefined);
  }
  return wrong;
}

function bodyOf(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}
