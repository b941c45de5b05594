/**
 * A REFER as it is asked of us (RFC 3515, RFC 5589): where the other end of the call is to go, or which other call of the same
 * phone it is to be joined with (Replaces, RFC 3891), and whether the phone wants to hear of it (Refer-Sub, RFC 4488).
 */
import { cseqOf, headerValue, nameAddrs, parseUri, type SipRequest, type SipUri } from '@holdfast/sip';
import { numberIn } from './call-admission.ts';

export interface ReferRequest {
  /** The number, and where it is to be called; a telephone number names no place. */
  readonly to: string;
  readonly place: Pick<SipUri, 'host' | 'port'> | undefined;
  readonly replaces: Replaces | undefined;
  /** The phone wants no NOTIFY. */
  readonly isSilent: boolean;
  /** Tells the subscriptions of one dialog apart (RFC 3515 §2.4.6). */
  readonly id: number;
}

/** A dialog, as the side knows it that is asked to replace it: its own tag is `toTag`. */
export interface Replaces {
  readonly callId: string;
  readonly toTag: string;
  readonly fromTag: string;
}

/** Why it is refused: in words for whoever looks at the phone's trace. */
export interface ReferRefusal {
  readonly status: 400 | 403 | 603;
  readonly because: string;
}

export function readRefer(request: SipRequest): ReferRequest | ReferRefusal {
  const addresses = nameAddrs(request, 'refer-to');
  const [address] = addresses ?? [];
  if (address === undefined || addresses?.length !== 1) return refused(400, 'one Refer-To is needed');
  const uri = parseUri(address.uri);
  const to = numberIn(address.uri);
  if (uri === undefined || (uri.scheme !== 'sip' && uri.scheme !== 'tel'))
    return refused(400, 'Refer-To is no sip or tel URI');
  const method = uri.params.get('method');
  if (method !== undefined && method?.toUpperCase() !== 'INVITE')
    return refused(603, 'Refer-To asks for another method than INVITE');
  const replaces = replacesIn(uri);
  if (replaces === 'malformed') return refused(400, 'Replaces in Refer-To cannot be read');
  // Who is to be replaced is named by the dialog; our Contact, where that leads, has no user.
  if ((to === undefined || to === '') && replaces === undefined) return refused(400, 'Refer-To names nobody');
  return {
    to: to ?? '',
    place: uri.scheme === 'tel' ? undefined : uri,
    replaces,
    isSilent: headerValue(request, 'refer-sub')?.trim().toLowerCase().startsWith('false') === true,
    id: cseqOf(request)?.number ?? 0,
  };
}

function refused(status: ReferRefusal['status'], because: string): ReferRefusal {
  return { status, because };
}

function replacesIn({ headers }: SipUri): Replaces | undefined | 'malformed' {
  const line = headers?.split('&').find((each) => /^replaces=/i.test(each));
  if (line === undefined) return undefined;
  const value = unescaped(line.slice(line.indexOf('=') + 1));
  if (value === undefined) return 'malformed';
  const [callId = '', ...params] = value.split(';').map((part) => part.trim());
  const paramOf = (name: string) =>
    params.find((param) => param.toLowerCase().startsWith(`${name}=`))?.slice(name.length + 1);
  const [toTag, fromTag] = [paramOf('to-tag'), paramOf('from-tag')];
  return callId === '' || toTag === undefined || fromTag === undefined
    ? 'malformed'
    : { callId, toTag, fromTag };
}

/** Undefined where a phone has escaped what is no UTF-8: `decodeURIComponent` throws URIError then. */
function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
