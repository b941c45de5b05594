/**
 * Servers that want to be clients of this SIP Server, from RegisterClient to the proof that they hold the server secret (LK1):
 * a Stat Server, the other site's SIP Server, the probe of our own process. Nobody who cannot show it is admitted as one.
 */
import type { Random } from '@holdfast/kernel';
import type { DeskReply, DeskRequest } from '@holdfast/protocol';
import type { Hashes } from '@holdfast/sip';
import { isProof, type ProofOf, proofNonce, proofOf } from '../server-proof.ts';

type RegisterClient = Extract<DeskRequest, { type: 'RegisterClient' }>;

export interface ServerClientsOptions {
  readonly hashes: Pick<Hashes, 'hmacSha256'>;
  readonly random: Random;
  readonly secret: string | undefined;
}

export class ServerClients {
  readonly #options: ServerClientsOptions;
  /** One by connection, so that their number bounds it, and no stranger's takes the place of a server's. */
  readonly #challenged = new Map<string, { readonly request: RegisterClient; readonly of: ProofOf }>();

  constructor(options: ServerClientsOptions) {
    this.#options = options;
  }

  /** For checks: how many have to show something yet. */
  get size(): number {
    return this.#challenged.size;
  }

  challenge(
    connection: string,
    request: RegisterClient & { readonly nonce: string },
    own: { readonly application: string; readonly site: string },
  ): Extract<DeskReply, { type: 'Challenge' }> {
    const { application, session, nonce, ReferenceID } = request;
    const listener = {
      application: own.application,
      name: own.site,
      nonce: proofNonce(this.#options.random),
    };
    const of: ProofOf = { link: 'client', connector: { application, name: session, nonce }, listener };
    this.#challenged.set(connection, { request, of });
    return { type: 'Challenge', ReferenceID, ...own, nonce: listener.nonce };
  }

  /** The request that was challenged and our own proof, if theirs is good. Each challenge is answered once. */
  shown(
    connection: string,
    given: string,
  ): { readonly request: RegisterClient; readonly proof: string } | undefined {
    const { hashes, secret } = this.#options;
    const challenged = this.#challenged.get(connection);
    this.#challenged.delete(connection);
    if (challenged === undefined || secret === undefined) return undefined;
    const { request, of } = challenged;
    if (!isProof(hashes, secret, { given, by: 'connector', of })) return undefined;
    return { request, proof: proofOf(hashes, secret, 'listener', of) };
  }

  gone(connection: string): void {
    this.#challenged.delete(connection);
  }
}
