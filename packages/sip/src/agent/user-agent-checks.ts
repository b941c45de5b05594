/** What any user agent server refuses before it looks further (RFC 3261 §8.2.2.1, §8.2.2.3, §8.2.3). */
import { SDP_TYPE, sdpOf } from '../dialog/in-dialog.ts';
import { type SessionTimerOptions, tooShort } from '../dialog/session-timer.ts';
import type { HeaderLines } from '../message/build-message.ts';
import { headerValue, tokensOf } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';

export interface Refusal {
  readonly status: number;
  readonly headers: HeaderLines;
}

/** Methods that are answered here and not by our owner. */
const OURS = new Set(['INVITE', 'UPDATE', 'PRACK', 'BYE']);

/** Our owner answers these, but what they require and where they go is looked at here. REGISTER is the registrar's. */
const LOOKED_AT = new Set([...OURS, 'OPTIONS', 'INFO']);

/** RFC 3261, RFC 3966. */
const KNOWN_SCHEME = /^(sips?|tel):/i;

export function refusalOf(
  request: SipRequest,
  known: readonly string[],
  sessionTimer: SessionTimerOptions | undefined,
): Refusal | undefined {
  if (!LOOKED_AT.has(request.method)) return undefined;
  if (!KNOWN_SCHEME.test(request.uri)) return { status: 416, headers: [] };
  if (headerValue(request, 'require') !== undefined) {
    const unknown = (tokensOf(request, 'require') ?? []).filter((tag) => !known.includes(tag.toLowerCase()));
    if (unknown.length > 0) return { status: 420, headers: [['Unsupported', unknown.join(', ')]] };
  }
  if (!OURS.has(request.method)) return undefined;
  const minS = tooShort(request, sessionTimer);
  if (minS !== undefined) return { status: 422, headers: [['Min-SE', String(minS)]] };
  if (request.body.length === 0 || request.method === 'BYE' || sdpOf(request) !== undefined) return undefined;
  const isOptional = /;\s*handling\s*=\s*optional/i.test(headerValue(request, 'content-disposition') ?? '');
  return isOptional ? undefined : { status: 415, headers: [['Accept', SDP_TYPE]] };
}
