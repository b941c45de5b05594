/**
 * Who speaks over REST: a token is shown with each request, and what it opens is kept for the next one, so that a client that asks a hundred
 * times is let in once. What ends a log-in elsewhere (a revocation, a disabled Person) ends it here in the same moment, by the node.
 */
import type { Attach } from './inner-clients.ts';
import { NodeSession, type Question } from './node-session.ts';
import { Problem } from './problem.ts';

/** Of tokens and addresses; of more the one that has been silent longest gives way. */
export const SESSIONS_MAX = 1_000;
/** As the link takes them. */
const TOKEN_CHARS_MAX = 4_096;

interface Admitted {
  readonly session: NodeSession;
  /** Of the token; wall clock. */
  readonly expiresAt: number;
}

export interface IssuedToken {
  readonly token: string;
  /** Wall clock, ms since 1970. */
  readonly expiresAt: number;
}

export class Sessions {
  readonly #attach: Attach;
  /** By address and token, those used last at the end. */
  readonly #open = new Map<string, Promise<Admitted>>();
  readonly #settled = new Map<string, Admitted>();

  constructor(attach: Attach) {
    this.#attach = attach;
  }

  /** Rejects with a Problem. `gone`: whoever asks does not wait any more. */
  async logIn(user: string, password: string, from: string, gone: AbortSignal): Promise<IssuedToken> {
    const session = new NodeSession(this.#attach, from);
    gone.addEventListener('abort', () => session.end());
    try {
      const { token, expiresAt } = await session.ask({ type: 'LogIn', user, password }, 'LoggedIn');
      return { token, expiresAt };
    } finally {
      session.end();
    }
  }

  /** The own one. Rejects with a Problem; otherwise as `logIn`. */
  async setPassword(
    own: Omit<Extract<Question, { type: 'SetPassword' }>, 'type'>,
    from: string,
    gone: AbortSignal,
  ) {
    const session = new NodeSession(this.#attach, from);
    gone.addEventListener('abort', () => session.end());
    try {
      return await session.ask({ type: 'SetPassword', ...own }, 'Edited', 'NotEdited');
    } finally {
      session.end();
    }
  }

  /** Of the bearer of that token. Rejects with a Problem. */
  async of(authorization: string | undefined, from: string): Promise<NodeSession> {
    const token = tokenOf(authorization);
    const key = `${from} ${token}`;
    for (let former = this.#open.get(key); former !== undefined; former = this.#open.get(key)) {
      const { session, expiresAt } = await former;
      if (!session.isOver && Date.now() < expiresAt) {
        this.#touch(key, former);
        return session;
      }
      this.#drop(key, former);
    }
    this.#makeRoom();
    const admitted = admit(this.#attach, token, from);
    this.#open.set(key, admitted);
    try {
      const found = await admitted;
      this.#settled.set(key, found);
      return found.session;
    } catch (problem) {
      // The token lets nobody in: the next request with it asks anew.
      this.#drop(key, admitted);
      throw problem;
    }
  }

  /** One of its own for somebody who stays, as a subscriber does. */
  async ownOf(
    authorization: string | undefined,
    from: string,
    handlers: ConstructorParameters<typeof NodeSession>[2],
  ): Promise<NodeSession> {
    return (await admit(this.#attach, tokenOf(authorization), from, handlers)).session;
  }

  stop(): void {
    for (const { session } of this.#settled.values()) session.end();
    this.#open.clear();
    this.#settled.clear();
  }

  #touch(key: string, admitted: Promise<Admitted>): void {
    if (this.#open.get(key) !== admitted) return;
    this.#open.delete(key);
    this.#open.set(key, admitted);
  }

  #drop(key: string, admitted: Promise<Admitted>): void {
    if (this.#open.get(key) !== admitted) return;
    this.#open.delete(key);
    // Its last edit may be on its way to the disk.
    this.#settled.get(key)?.session.retire();
    this.#settled.delete(key);
  }

  #makeRoom(): void {
    if (this.#open.size < SESSIONS_MAX) return;
    for (const [key, admitted] of this.#open) {
      if (this.#settled.get(key)?.session.isIdle !== true) continue;
      return this.#drop(key, admitted);
    }
    const detail = `${SESSIONS_MAX} log-ins are in use at once. Try again in a second.`;
    throw new Problem({ code: 'overloaded', detail, retryAfterMs: 1_000 });
  }
}

async function admit(
  attach: Attach,
  token: string,
  from: string,
  handlers: ConstructorParameters<typeof NodeSession>[2] = {},
): Promise<Admitted> {
  const session = new NodeSession(attach, from, handlers);
  try {
    const { expiresAt } = await session.ask({ type: 'LogInByToken', token }, 'LoggedIn');
    return { session, expiresAt };
  } catch (problem) {
    session.end();
    throw problem;
  }
}

function tokenOf(authorization: string | undefined): string {
  const token = /^Bearer +([A-Za-z0-9._~+/=-]+) *$/i.exec(authorization ?? '')?.[1];
  if (token !== undefined && token.length <= TOKEN_CHARS_MAX) return token;
  const detail =
    authorization === undefined
      ? 'There is no token. Log in (POST /v1/log-in) and send it as Authorization: Bearer TOKEN.'
      : 'The header Authorization is not Bearer TOKEN.';
  throw new Problem({ code: 'no-token', detail });
}
