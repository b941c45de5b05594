/**
 * Where a request within a dialog goes (RFC 3261 §12.2.1.1, §18.2.2 in spirit): to the first proxy of the route set,
 * else to the remote target. If the other side has just spoken from that very address, the same flow carries the
 * answer too: behind a NAT, and for a browser, there is no other way. A dialog that began with sips stays protected.
 */
import type { Destination } from '../endpoint-types.ts';
import { isAddressLiteral, withoutBrackets } from '../locate/address-literal.ts';
import { defaultPort } from '../locate/locate.ts';
import type { SipUri } from '../message/message.ts';
import { parseUri } from '../message/uri.ts';
import { isReliable, type Source } from '../target.ts';

export interface Reach {
  /** Where the last message of the other side came from. */
  readonly source: Source | undefined;
  /** Where our INVITE went, and the Request-URI that it had. */
  readonly invited: { readonly uri: string; readonly destination: Destination } | undefined;
}

/** `connects`: of two ends with a WebSocket between them we are the one that has connected, and may again. */
export function destinationOf(nextHop: string, reach: Reach, connects = false): Destination {
  const { source, invited } = reach;
  const byName: Destination = { type: 'uri', uri: nextHop };
  // A registered phone answers with the Contact that it registered: what led there once leads there again.
  if (invited !== undefined && invited.destination.type === 'target' && invited.uri === nextHop) {
    return invited.destination;
  }
  if (source === undefined) return byName;
  const uri = parseUri(nextHop);
  if (uri === undefined || !isAt(uri, source, connects)) return byName;
  return { type: 'target', target: source };
}

function isAt(uri: SipUri, source: Source, connects: boolean): boolean {
  const isSecure = source.transport === 'TLS' || source.transport === 'WSS';
  if (uri.scheme === 'sips' && !isSecure) return false;
  const named = uri.params.get('transport')?.toUpperCase();
  if (source.transport === 'WS' || source.transport === 'WSS') {
    if (named !== undefined && named !== 'WS' && named !== 'WSS') return false;
    // RFC 7118 §5: a browser can be reached over its own connection only, whatever its Contact says; `ws` means both.
    return !connects || withoutBrackets(uri.params.get('maddr') ?? uri.host) === source.host;
  }
  const isNamed = named === source.transport || (uri.scheme === 'sips' && named === WITHIN[source.transport]);
  if (named !== undefined && !isNamed) return false;
  const host = withoutBrackets(uri.params.get('maddr') ?? uri.host);
  if (host !== source.host || (!isAddressLiteral(host) && uri.port === undefined)) return false;
  // A connection comes from any port; a datagram from the one that answers are sent to.
  return isReliable(source.transport) || (uri.port ?? defaultPort(source.transport)) === source.port;
}

/** How a sips URI names the transport under the protection (RFC 3261 §26.2.2). */
const WITHIN: Readonly<Record<string, string>> = { TLS: 'TCP' };
