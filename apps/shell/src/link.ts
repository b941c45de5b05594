/**
 * A link carries one JSON object in each WebSocket message, both ways. This file holds what its two ends share:
 * the limits, the words for why a link ended, and the reading of one message.
 *
 * A message is measured before it is parsed and parsed before anyone acts on it. What is malformed never
 * reaches a node: the sender is told which field is wrong.
 */

/** The part of a schema that a link needs; every zod schema has it. */
export interface MessageSchema<Message> {
  safeParse(value: unknown):
    | { readonly success: true; readonly data: Message }
    | {
        readonly success: false;
        readonly error: {
          readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
        };
      };
}

/** Requests are small; a larger one closes the link with status 1009. */
export const REQUEST_BYTES_MAX = 256 * 1024;
/** Replies carry snapshots of a whole site with thousands of agents. */
export const REPLY_BYTES_MAX = 32 * 1024 * 1024;
/** What may wait in our memory for a reader; one who is further behind is cut off and comes back by resume (LG6). */
export const BUFFERED_BYTES_MAX = 16 * 1024 * 1024;
/** Malformed messages on one link: each is answered by an Error, with the last one the link is closed (status 1008). */
export const MALFORMED_MAX = 3;
/** Bytes of the reason in a closing frame: the protocol has room for 123, and a cut letter may grow by three. */
const REASON_BYTES_MAX = 117;
/** Of a field's name, which is the sender's own text where it is a key: more is left out. */
const FIELD_MAX = 100;
/** How long the other end may take to agree to a closing before the connection is cut. */
export const CLOSING_MAX_MS = 1_000;

/** Why a link ended. `text` is for the log. */
export interface LinkEnd {
  readonly kind: /** The other end closed it in order. */
    | 'closed'
    /** This end closed it. */
    | 'local'
    /** The transport failed: reset, refused, unreachable, gone without a word. */
    | 'reset'
    /** It did not open within the limit for connecting. */
    | 'timeout'
    /** The other end sent what it may not: too large, malformed too often, no WebSocket. */
    | 'protocol'
    /** The other end read too slowly. */
    | 'slow-reader';
  readonly text: string;
}

export type Reading<Message> =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly field: string; readonly text: string; readonly ReferenceID?: number };

/** One message as it came. Binary frames are not JSON. */
export function readMessage<Message>(
  schema: MessageSchema<Message>,
  data: string | undefined,
): Reading<Message> {
  if (data === undefined) return { ok: false, field: '', text: 'The message is binary; send JSON as text.' };
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    // Expected of anything that is no JSON; the sender is told.
    return { ok: false, field: '', text: 'The message is not JSON.' };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { ok: true, message: parsed.data };
  const issue = parsed.error.issues[0];
  const field = issue === undefined ? '' : issue.path.map(String).join('.').slice(0, FIELD_MAX);
  const text = `Field "${field}" is wrong: ${(issue?.message ?? 'malformed').slice(0, 2 * FIELD_MAX)}.`;
  const reference = referenceOf(value);
  return reference === undefined
    ? { ok: false, field, text }
    : { ok: false, field, text, ReferenceID: reference };
}

/** So that the sender can match the refusal to its request, where the request is that well formed. */
function referenceOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('ReferenceID' in value)) return undefined;
  const reference = value.ReferenceID;
  return typeof reference === 'number' && Number.isSafeInteger(reference) && reference >= 0
    ? reference
    : undefined;
}

/** What of a text fits into a closing frame. A longer one would be our own mistake, and thrown at us. */
export function closingReason(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= REASON_BYTES_MAX) return text;
  return bytes
    .subarray(0, REASON_BYTES_MAX)
    .toString()
    .replace(/\uFFFD+$/, '');
}

/** `host:port` as a URL wants it. */
export function linkUrl(host: string, port: number): string {
  return `ws://${host.includes(':') ? `[${host}]` : host}:${port}/`;
}

/** Paths begin with a slash, and addresses never do. */
export function isSocketPath(host: string): boolean {
  return host.startsWith('/');
}
