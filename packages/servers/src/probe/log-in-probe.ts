/**
 * A log-in of a SIP Server to itself (GF2): a client that shows the server secret at its own port for clients, and has to get
 * what every desk waits for before it can log an agent in, ServerInfo and a stamp. It registers for no DN, and nobody
 * hears of it.
 */
import { type DeskReply, type DeskRequest, PROTOCOL_VERSION } from '@holdfast/protocol';
import type { Hashes } from '@holdfast/sip';
import { proofOf, type ServerSecret } from '../server-proof.ts';
import type { Seen } from '../sip-server/phone-watch.ts';

export const PROBE_APPLICATION = 'holdfast-probe';
/** Always the same, so that nothing grows. */
const SESSION = 'holdfast-probe';
const ADDP_TIMEOUT_MS = 60_000;

/** `nonce`: of this log-in alone. */
export function openingOfProbe(nonce: string): DeskRequest {
  return {
    type: 'RegisterClient',
    ReferenceID: 1,
    ...{ application: PROBE_APPLICATION, session: SESSION, version: PROTOCOL_VERSION, nonce },
    addpTimeoutMs: ADDP_TIMEOUT_MS,
  };
}

/** LK1: what it says to a challenge. That it is our own server that challenges shows in what comes of it. */
export function proofOfProbe(
  hashes: Pick<Hashes, 'hmacSha256'>,
  secret: ServerSecret,
  {
    nonce,
    challenge,
  }: { readonly nonce: string; readonly challenge: Extract<DeskReply, { type: 'Challenge' }> },
): DeskRequest {
  const { application, site } = challenge;
  const proof = proofOf(hashes, secret, 'connector', {
    link: 'client',
    connector: { application: PROBE_APPLICATION, name: SESSION, nonce },
    listener: { application, name: site, nonce: challenge.nonce },
  });
  return { type: 'Proof', ReferenceID: 1, proof };
}

/** What a reply says; undefined while there is more to come. */
export function seenIn(reply: DeskReply): Seen | undefined {
  if (reply.type === 'Stamp') return { ok: true, because: 'a stamp came' };
  if (reply.type === 'Error') return { ok: false, because: `refused: ${reply.code}` };
  return undefined;
}
