/**
 * Servers that want to be clients of this one, from their first message to the proof that they hold the server secret (LK1):
 * a Stat Server or the other site's SIP Server at a SIP Server, both at a Configuration Server, the probe of our own
 * process. Nobody who cannot show it is admitted as one. `own-proof.ts` is the other end.
 */
import type { LogLine, Random } from '@holdfast/kernel';
import { PROTOCOL_VERSION_OLDEST } from '@holdfast/protocol';
import type { Hashes } from '@holdfast/sip';
import {
  type ClientLink,
  isProof,
  type ProofOf,
  proofNonce,
  proofOf,
  type ServerSecret,
} from './server-proof.ts';

export interface ServerClientsOptions {
  readonly link: ClientLink;
  readonly hashes: Pick<Hashes, 'hmacSha256'>;
  readonly random: Random;
  secret(): ServerSecret | undefined;
}

export const WRONG_SECRET = 'The server secret is wrong. Have that of the Keys object on both servers.';

/** To a client of `version` that says the secret instead of showing it. */
export function saysSecret(version: number): string {
  return `A server of version ${version} says the server secret, which none may any more; the oldest version between servers is ${PROTOCOL_VERSION_OLDEST}. Update it.`;
}

/** Whoever is no server has one guess a connection, and each leaves this. */
export function serverRefused(text: string): LogLine {
  return { level: 'warn', what: 'server refused', because: `LK1: ${text}` };
}

/** A first message that names a nonce. */
interface Naming {
  readonly application: string;
  readonly nonce: string;
  readonly ReferenceID: number;
  readonly session?: string;
}

export class ServerClients<Request extends Omit<Naming, 'nonce'>> {
  readonly #options: ServerClientsOptions;
  /** One by connection, so that their number bounds it, and no stranger's takes the place of a server's. */
  readonly #challenged = new Map<string, { readonly request: Request; readonly of: ProofOf }>();

  constructor(options: ServerClientsOptions) {
    this.#options = options;
  }

  /** For checks: how many have to show something yet. */
  get size(): number {
    return this.#challenged.size;
  }

  challenge(
    connection: string,
    request: Request & { readonly nonce: string },
    own: { readonly application: string; readonly site: string },
  ) {
    const { application, session = '', nonce, ReferenceID }: Naming = request;
    const { link, random } = this.#options;
    const listener = { application: own.application, name: own.site, nonce: proofNonce(random) };
    const of: ProofOf = { link, connector: { application, name: session, nonce }, listener };
    this.#challenged.set(connection, { request, of });
    return { type: 'Challenge', ReferenceID, ...own, nonce: listener.nonce } as const;
  }

  /**
   * The request that was challenged, and our own proof if theirs is good; undefined where nobody was challenged. Each
   * challenge is answered once.
   */
  shown(
    connection: string,
    given: string,
  ): { readonly request: Request; readonly proof: string | undefined } | undefined {
    const { hashes, secret: secretNow } = this.#options;
    const secret = secretNow();
    const challenged = this.#challenged.get(connection);
    this.#challenged.delete(connection);
    if (challenged === undefined) return undefined;
    const { request, of } = challenged;
    const isGood = secret !== undefined && isProof(hashes, secret, { given, by: 'connector', of });
    return { request, proof: isGood ? proofOf(hashes, secret, 'listener', of) : undefined };
  }

  gone(connection: string): void {
    this.#challenged.delete(connection);
  }
}
