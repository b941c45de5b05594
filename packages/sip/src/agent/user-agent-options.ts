/** What a user agent is made of, and what its methods take beside a leg. */
import type { Dialog } from '../dialog/dialog.ts';
import type { LegState } from '../dialog/leg.ts';
import type { SessionTimerOptions } from '../dialog/session-timer.ts';
import type { EndpointOptions } from '../endpoint.ts';
import type { EndpointEffect } from '../endpoint-types.ts';
import type { HeaderLines } from '../message/build-message.ts';
import type { Source, TransportName } from '../target.ts';
import type { LegId, UserAgentEvent } from '../user-agent-types.ts';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export interface ChallengedRequest extends Credentials {
  readonly method: string;
  /** The Request-URI as text. */
  readonly uri: string;
  readonly body: Uint8Array;
  /** How many challenges to this request have been answered before: then only a stale nonce is worth another try. */
  readonly answered: number;
}

export interface UserAgentOptions extends EndpointOptions {
  /** Our Contact as URI text, for each transport, or one for all. */
  readonly contact: string | ((transport: TransportName) => string);
  /** Answers the challenges of a 401 or 407: the value of (Proxy-)Authorization, or undefined to give up. */
  readonly answerChallenge?: (
    challenges: readonly string[],
    request: ChallengedRequest,
  ) => string | undefined;
  /** Methods for Allow. */
  readonly allow?: readonly string[];
  /** Option tags that our owner understands beside 100rel: an INVITE that requires another is refused with 420. */
  readonly extensions?: readonly string[];
  /** Requests in dialogs that nobody knows here are our owner's to answer (`stray`); else they get 481. */
  readonly tellsStrays?: boolean;
  /** Session timers (RFC 4028), asked for each message; absent or undefined: none. */
  readonly sessionTimer?: () => SessionTimerOptions | undefined;
  /** An INVITE that may travel no further (Max-Forwards 0) is refused with 483. True unless set: right for a B2BUA. */
  readonly forwards?: boolean;
  /**
   * We are a phone: where the other end of a WebSocket is known by a name, its successor is found by that when it is gone.
   * Else it is a phone that has connected to us, and there is no other way to it.
   */
  readonly connects?: boolean;
  /** Legs at once; one more is answered 503. */
  readonly legsMax?: number;
  /** Somebody asks `takeTouched` again and again, and so which legs have changed is noted. */
  readonly isFollowed?: boolean;
}

export const ALLOW_DEFAULT: readonly string[] = [
  'INVITE',
  'ACK',
  'CANCEL',
  'BYE',
  'PRACK',
  'UPDATE',
  'OPTIONS',
  'INFO',
];

/** Two for each of 20,000 calls; about 5 KB each. */
export const LEGS_MAX = 40_000;

export interface UserAgentOutput {
  readonly effects: EndpointEffect[];
  readonly events: UserAgentEvent[];
}

export interface AnswerOptions {
  readonly sdp?: Uint8Array;
  readonly headers?: HeaderLines;
  /** Our Contact as URI text; that of the transport when absent. */
  readonly contact?: string;
}

export interface RespondOptions {
  readonly reason?: string;
  readonly headers?: HeaderLines;
  readonly body?: Uint8Array | string;
  /** For a request outside a dialog; a random one when absent. */
  readonly toTag?: string;
}

export interface RequestOutsideOptions {
  readonly credentials?: Credentials;
  /** The limit of each attempt, ms; 64*T1 when absent. */
  readonly giveUpMs?: number;
}

/** What is known of a leg: for mirroring, for logs, for tests. */
export interface LegInfo {
  readonly leg: LegId;
  readonly side: 'caller' | 'callee';
  readonly state: LegState['name'];
  /** Undefined while nobody has answered our INVITE with a To tag. */
  readonly dialog: Dialog | undefined;
  readonly remoteTarget: string | undefined;
  readonly remoteUri: string | undefined;
  readonly localSdp: Uint8Array | undefined;
  readonly remoteSdp: Uint8Array | undefined;
  readonly allows: readonly string[] | undefined;
  /** Where the last message of the other side came from. */
  readonly source: Source | undefined;
}
