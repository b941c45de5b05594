/**
 * The same request again: with credentials, after a 401 or 407 (RFC 3261 §22.2, §22.3), or with a longer session, after
 * a 422 (RFC 4028 §7.3).
 */
import { dialogOf, keepDialog } from '../dialog/in-dialog.ts';
import type { Leg } from '../dialog/leg.ts';
import { SESSION_MAX_S, type SessionTimerOptions, secondsIn } from '../dialog/session-timer.ts';
import { replaceHeader } from '../message/edit-message.ts';
import { cseqOf, headerValues } from '../message/headers.ts';
import type { HeaderField, SipRequest, SipResponse } from '../message/message.ts';
import type { UserAgentOptions } from './user-agent-options.ts';
import type { Sent } from './user-agent-records.ts';

/** A first answer, and one more when the nonce had become stale. */
const CHALLENGES_MAX = 2;

export function answerTo(
  response: SipResponse,
  sent: Sent,
  answerChallenge: UserAgentOptions['answerChallenge'],
): SipRequest | undefined {
  if (response.status !== 401 && response.status !== 407) return undefined;
  const { credentials, request, answered } = sent;
  if (credentials === undefined || answerChallenge === undefined || answered >= CHALLENGES_MAX)
    return undefined;
  const leg = sent.held?.leg;
  if (leg?.state.name === 'over' || (leg?.state.name === 'calling' && leg.state.givenUp !== 'no'))
    return undefined;
  const isProxy = response.status === 407;
  const challenges = headerValues(response, isProxy ? 'proxy-authenticate' : 'www-authenticate');
  const { method, uri, body } = request;
  const value = answerChallenge(challenges, { ...credentials, method, uri, body, answered });
  if (value === undefined) return undefined;
  const name = isProxy ? 'Proxy-Authorization' : 'Authorization';
  const again = replaceHeader(renumbered(request, leg), name, value);
  if (leg !== undefined && sent.purpose === 'invite')
    leg.authorization = again.headers.filter(isAuthorization);
  return again;
}

/** Our first INVITE with the interval that the other side takes at least; once, for nobody is to lead us on and on. */
export function withLongerSession(
  response: SipResponse,
  { request, purpose, held }: Sent,
  own: SessionTimerOptions | undefined,
): SipRequest | undefined {
  const leg = held?.leg;
  if (response.status !== 422 || purpose !== 'invite') return undefined;
  if (leg?.state.name !== 'calling' || leg.state.givenUp !== 'no') return undefined;
  const asked = secondsIn(request, 'session-expires');
  const least = secondsIn(response, 'min-se');
  if (asked === undefined || least === undefined || least > SESSION_MAX_S || least <= asked) return undefined;
  // Lengthened before: only then is the least more than our own.
  if (own === undefined || secondsIn(request, 'min-se') !== own.minS) return undefined;
  const longer = replaceHeader(request, 'Session-Expires', String(least));
  return renumbered(replaceHeader(longer, 'Min-SE', String(least)), leg);
}

/** With the next CSeq of its dialog, or one more than it had. */
function renumbered(request: SipRequest, leg: Leg | undefined): SipRequest {
  const dialog = leg === undefined || leg.state.name === 'calling' ? undefined : dialogOf(leg);
  const seq = 1 + (dialog?.localSeq ?? cseqOf(request)?.number ?? 0);
  if (leg !== undefined && dialog !== undefined) keepDialog(leg, { ...dialog, localSeq: seq });
  return replaceHeader(request, 'CSeq', `${seq} ${request.method}`);
}

function isAuthorization(field: HeaderField): boolean {
  return field.key === 'authorization' || field.key === 'proxy-authorization';
}
