/** The INVITE that starts a call of ours (RFC 3261 §13.2.1). */
import { createRequest, type HeaderLines } from '../message/build-message.ts';
import type { HeaderField, SipRequest } from '../message/message.ts';
import type { InviteOptions } from '../user-agent-types.ts';
import { SDP_TYPE } from './in-dialog.ts';
import { TIMER } from './session-timer.ts';

export function firstInvite(
  options: InviteOptions,
  own: {
    readonly tag: string;
    readonly callId: string;
    readonly allow: HeaderField;
    /** Session-Expires and Min-SE. */
    readonly session: HeaderLines;
  },
): SipRequest {
  const { uri, from, to, contact, sdp, reliableProvisionals } = options;
  const extra = options.headers ?? [];
  const headers: (readonly [string, string])[] = [
    ['From', `${from};tag=${own.tag}`],
    ['To', to],
    ['Call-ID', own.callId],
    ['CSeq', '1 INVITE'],
    ['Contact', `<${contact}>`],
    ['Allow', own.allow.value],
  ];
  if (!extra.some(([name]) => name.toLowerCase() === 'max-forwards')) headers.unshift(['Max-Forwards', '70']);
  const supported = [
    ...(reliableProvisionals === 'supported' ? ['100rel'] : []),
    ...(own.session.length > 0 ? [TIMER] : []),
  ];
  if (supported.length > 0) headers.push(['Supported', supported.join(', ')], ...own.session);
  if (reliableProvisionals === 'required') headers.push(['Require', '100rel']);
  headers.push(...extra);
  if (sdp !== undefined) headers.push(['Content-Type', SDP_TYPE]);
  return createRequest({ method: 'INVITE', uri, headers, ...(sdp !== undefined && { body: sdp }) });
}
