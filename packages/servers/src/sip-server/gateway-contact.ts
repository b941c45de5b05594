/**
 * Where a number behind a gateway is called. An address needs no look-up; a name is left to the user agent, which looks
 * it up anew for each request and goes from one of its targets to the next (RFC 3263 §4, SS46).
 */
import {
  type Destination,
  formatUri,
  isAddressLiteral,
  type TransportName,
  withBrackets,
} from '@holdfast/sip';
import type { Gateway } from './configuration.ts';

/** RFC 3261 §19.1.2, where neither the configuration nor DNS says another. */
export const SIP_PORT = 5060;

/** Where a phone or gateway is called. */
export interface Contact {
  readonly uri: string;
  readonly destination: Destination;
  /** The transport that our own Contact names. */
  readonly transport: TransportName;
}

/** `number` absent: the gateway itself. */
export function contactAt(gateway: Gateway, number?: string): Contact {
  const { host, port, transport } = gateway;
  const isName = !isAddressLiteral(host);
  const shownPort = port ?? (isName ? undefined : SIP_PORT);
  // A name without a transport leaves it to NAPTR (RFC 3263 §4.1), and UDP is what a URI without one means.
  const isPlain = transport === undefined || (transport === 'UDP' && !isName);
  const uri = formatUri({
    scheme: 'sip',
    host: withBrackets(host),
    params: new Map(isPlain ? [] : [['transport', transport.toLowerCase()]]),
    ...(number !== undefined && { user: number }),
    ...(shownPort !== undefined && { port: shownPort }),
  });
  const used = transport ?? 'UDP';
  const target = { host, port: port ?? SIP_PORT, transport: used };
  return {
    uri,
    destination: isName ? { type: 'uri', uri } : { type: 'target', target },
    transport: used,
  };
}

/** Whoever has that number, as From and To name a party: no text of a number ends the user, the URI or the field. */
export function partyAt(number: string, realm: string): string {
  return `<${formatUri({ scheme: 'sip', user: number, host: realm, params: new Map() })}>`;
}

/** Where we are reached ourselves; by a name without a port, which DNS SRV gives (RFC 3263 §4.2). */
export function ownContact(
  { host, port }: { readonly host: string; readonly port?: number },
  transport: TransportName,
): string {
  const address = port === undefined ? `sip:${host}` : `sip:${withBrackets(host)}:${port}`;
  return transport === 'UDP' ? address : `${address};transport=${transport.toLowerCase()}`;
}
