/** What `holdfast sip parse FILE` prints: one message as JSON, or what is wrong with it and where. */
import { checkMessage } from './check-message.ts';
import { parseMessage } from './parse-message.ts';

export interface ExplainedMessage {
  readonly ok: true;
  readonly kind: 'request' | 'response';
  /** null in a response. */
  readonly method: string | null;
  /** null in a response. */
  readonly uri: string | null;
  /** null in a request. */
  readonly status: number | null;
  /** null in a request. */
  readonly reason: string | null;
  /** In their order; names as written, values unfolded. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
  readonly body: { readonly length: number };
}

export interface ExplainedFailure {
  readonly ok: false;
  /** What a server answers to such a request; such a response is dropped. */
  readonly status: number;
  readonly field: string;
  /** In bytes from the start of the file. */
  readonly offset: number;
  readonly reason: string;
}

export function explainMessage(bytes: Uint8Array): ExplainedMessage | ExplainedFailure {
  const parsed = parseMessage(bytes);
  if (!parsed.ok) {
    const { status, field, offset, reason } = parsed;
    return { ok: false, status, field, offset, reason };
  }
  const message = parsed.message;
  const checked = checkMessage(message, { bytes, isStrict: true });
  if (!checked.ok) return checked;
  const isRequest = message.kind === 'request';
  return {
    ok: true,
    kind: message.kind,
    method: isRequest ? message.method : null,
    uri: isRequest ? message.uri : null,
    status: isRequest ? null : message.status,
    reason: isRequest ? null : message.reason,
    headers: message.headers.map(({ name, value }) => ({ name, value })),
    body: { length: message.body.length },
  };
}
