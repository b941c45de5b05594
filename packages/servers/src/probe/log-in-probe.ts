/**
 * A log-in of a SIP Server to itself (GF2): a client that shows the server secret at its own port for clients, and has to get
 * what every desk waits for before it can log an agent in, ServerInfo and a stamp. It registers for no DN, and nobody
 * hears of it.
 */
import { type DeskReply, type DeskRequest, PROTOCOL_VERSION } from '@holdfast/protocol';
import type { Seen } from '../sip-server/phone-watch.ts';

export const PROBE_APPLICATION = 'holdfast-probe';
/** Always the same, so that nothing grows. */
const SESSION = 'holdfast-probe';
const ADDP_TIMEOUT_MS = 60_000;

export function openingOfProbe(secret: string): DeskRequest {
  return {
    type: 'RegisterClient',
    ReferenceID: 1,
    ...{ application: PROBE_APPLICATION, session: SESSION, version: PROTOCOL_VERSION, secret },
    addpTimeoutMs: ADDP_TIMEOUT_MS,
  };
}

/** What a reply says; undefined while there is more to come. */
export function seenIn(reply: DeskReply): Seen | undefined {
  if (reply.type === 'Stamp') return { ok: true, because: 'a stamp came' };
  if (reply.type === 'Error') return { ok: false, because: `refused: ${reply.code}` };
  return undefined;
}
