/**
 * Where a response goes (RFC 3261 §18.2.2, RFC 3581 §4): back over the connection that the request came on, else
 * to where the request was seen to come from. If a connection fails, the sent-by of the Via is looked up (RFC 3263 §5). Over UDP
 * nothing is known but that this machine could not send just now: the sent-by of a phone behind NAT leads nowhere, and a
 * response that counts as lost is repeated.
 */

import { withBrackets, withoutBrackets } from '../locate/address-literal.ts';
import { defaultPort } from '../locate/locate.ts';
import { topVia } from '../message/headers.ts';
import type { SipRequest, SipUri } from '../message/message.ts';
import { isReliable, type Source, type Target } from '../target.ts';

export function replyTarget(request: SipRequest, source: Source): Target {
  const via = topVia(request);
  const { transport, flow } = source;
  const sentByPort = via?.port ?? defaultPort(transport);
  // The shell opens a new connection to this address if the flow is gone.
  if (isReliable(transport)) return { transport, host: source.host, port: sentByPort, flow };
  const maddr = via?.params.get('maddr');
  if (maddr) return { transport, host: withoutBrackets(maddr), port: sentByPort, flow };
  return { transport, host: source.host, port: via?.params.has('rport') ? source.port : sentByPort, flow };
}

/** The URI to look up when the reply target cannot be reached; undefined where there is none, or it would be the same place. */
export function replyFallback(request: SipRequest, source: Source): SipUri | undefined {
  const via = isReliable(source.transport) ? topVia(request) : undefined;
  if (!via || via.host === withBrackets(source.host) || via.host.endsWith('.invalid')) return undefined;
  const uri: SipUri = {
    scheme: source.transport === 'TLS' ? 'sips' : 'sip',
    host: via.host,
    params: new Map(),
  };
  return via.port === undefined ? uri : { ...uri, port: via.port };
}
