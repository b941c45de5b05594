/**
 * One Via value: `SIP/2.0/UDP host:port;branch=…;rport` (RFC 3261 §20.42, RFC 3581). White space may stand
 * around the slashes and the colon (§25.1).
 */
import { HOST, LWS, TOKEN_CHARS } from './grammar.ts';
import { isHost, isPort } from './host.ts';
import type { Via } from './message.ts';
import { formatParams, parseParams } from './params.ts';

/** Transport, host, port; the parameters follow. */
const SENT = new RegExp(
  `^[${TOKEN_CHARS}]+${LWS}*/${LWS}*[${TOKEN_CHARS}]+${LWS}*/${LWS}*([${TOKEN_CHARS}]+)` +
    `${LWS}+(${HOST})(?:${LWS}*:${LWS}*([0-9]{1,5}))?(?=${LWS}|;|$)`,
);

/** Undefined when malformed. */
export function parseVia(text: string): Via | undefined {
  const found = SENT.exec(text);
  if (found === null) return undefined;
  const [whole, transport, host, portText] = found as unknown as [string, string, string, string | undefined];
  const params = parseParams(text.substring(whole.length));
  if (params === undefined || !isHost(host)) return undefined;
  if (portText === undefined) return { transport: transport.toUpperCase(), host: host.toLowerCase(), params };
  const port = Number(portText);
  return isPort(port)
    ? { transport: transport.toUpperCase(), host: host.toLowerCase(), port, params }
    : undefined;
}

export function formatVia(via: Via): string {
  const port = via.port === undefined ? '' : `:${via.port}`;
  return `SIP/2.0/${via.transport} ${via.host}${port}${formatParams(via.params)}`;
}
