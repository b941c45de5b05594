/**
 * How a server that is client of another one shows that it holds the server secret, and sees that the other one does
 * (LK1): its first message names a nonce, it answers the challenge to that, and what admits it has to carry the other one's
 * proof. `server-clients.ts` is the other end.
 */
import type { Random } from '@holdfast/kernel';
import type { Hashes } from '@holdfast/sip';
import {
  type ClientLink,
  isProof,
  type ProofOf,
  proofNonce,
  proofOf,
  type ServerSecret,
} from './server-proof.ts';

export interface OwnProofOptions {
  readonly link: ClientLink;
  readonly application: string;
  /** Of the session, where the first message names one. */
  readonly session?: string;
  /** Without it nothing is shown and nobody is asked to: no server admits that. */
  readonly secret: ServerSecret | undefined;
  readonly hashes: Pick<Hashes, 'hmacSha256'>;
  readonly random: Random;
}

export interface Challenge {
  readonly application: string;
  readonly site: string;
  readonly nonce: string;
}

/** Why whoever listens at the address is left. */
export const SHOWS_NO_SECRET = 'it does not show the server secret';

export class OwnProof {
  readonly #options: OwnProofOptions;
  /** Of the present connection. */
  #nonce = '';
  /** What the other end has to show, once it has challenged us. */
  #of: ProofOf | undefined;

  constructor(options: OwnProofOptions) {
    this.#options = options;
  }

  /** A connection has opened: what its first message says for this. */
  open(): { readonly nonce?: string } {
    const { secret, random } = this.#options;
    this.#of = undefined;
    this.#nonce = proofNonce(random);
    return secret === undefined ? {} : { nonce: this.#nonce };
  }

  /** What is shown to whoever challenges; undefined where nothing is: there is one challenge on a connection. */
  answer({ application, site, nonce }: Challenge): string | undefined {
    const { link, application: own, session = '', secret, hashes } = this.#options;
    if (this.#of !== undefined || secret === undefined) return undefined;
    const connector = { application: own, name: session, nonce: this.#nonce };
    this.#of = { link, connector, listener: { application, name: site, nonce } };
    return proofOf(hashes, secret, 'connector', this.#of);
  }

  /** Whoever listens at the address of a server and does not hold the secret is none. */
  isMet(given = ''): boolean {
    const { secret, hashes } = this.#options;
    if (secret === undefined) return true;
    return this.#of !== undefined && isProof(hashes, secret, { given, by: 'listener', of: this.#of });
  }
}
