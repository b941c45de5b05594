/** What a Configuration Server process is told and what it asks of its shell. */
import type { Changes, Configuration } from '@holdfast/centre';
import type { LogLine, Millis, Random } from '@holdfast/kernel';
import type { Branch, ConfigReply, ConfigRequest, Entry, Person, Revision } from '@holdfast/protocol';
import type { Hashes } from '@holdfast/sip';
import type { BranchFileAnswer, BranchFileRequest } from './branch-line.ts';
import type { EditingReply, EditingRequest } from './editing.ts';
import type { FreshKeys } from './rotated-keys.ts';
import type { StoreAnswer, StoreRequest } from './store-session.ts';

export type ConfigServerInput =
  /** A new revision, checked. */
  | {
      readonly type: 'configuration';
      readonly configuration: Configuration;
      /** From the one before, where they are known; and the entries that they came from. */
      readonly changes?: Changes;
      readonly entries?: readonly Entry[];
    }
  /**
   * `from`: a person's client within this process, and the address of whoever speaks through it (CS16). `remote`: of a link, the
   * address of its other end (CS18).
   */
  | {
      readonly type: 'opened';
      readonly connection: string;
      readonly from?: string;
      readonly remote?: string;
    }
  | { readonly type: 'message'; readonly connection: string; readonly message: ConfigRequest }
  | { readonly type: 'closed'; readonly connection: string }
  /** Answer to `store`. */
  | { readonly type: 'stored'; readonly id: number; readonly answer: StoreAnswer }
  /** Answer to `branch` with `keep`. */
  | { readonly type: 'branchKept'; readonly answer: BranchFileAnswer }
  /** Answer to `passOn`. */
  | { readonly type: 'passedOn'; readonly id: number; readonly reply: EditingReply }
  /** None will come. `ageMs`: for how long no writing Configuration Server has been heard. */
  | {
      readonly type: 'notPassedOn';
      readonly id: number;
      readonly wasSent: boolean;
      readonly ageMs: Millis;
      readonly why: string;
    }
  /** Answer to `verifyPassword`. */
  | { readonly type: 'passwordVerified'; readonly id: number; readonly ok: boolean }
  /** Answer to `hashPassword`. */
  | { readonly type: 'passwordHashed'; readonly id: number; readonly hash: string }
  /** Answer to `makeKeys`. */
  | { readonly type: 'keysMade'; readonly id: number; readonly fresh: Required<FreshKeys> }
  /** The wall clock and the monotonic clock jumped apart. Wall = now + wallOffsetMs. */
  | { readonly type: 'clockJumped'; readonly wallOffsetMs: Millis };

export type ConfigServerEffect =
  | { readonly type: 'send'; readonly connection: string; readonly message: ConfigReply }
  | { readonly type: 'close'; readonly connection: string; readonly why: string }
  /** Where there is a store; answered in the order of the requests, each once. */
  | { readonly type: 'store'; readonly id: number; readonly request: StoreRequest }
  /** The file of this site's branch; only `keep` is answered, and the next comes after that. */
  | { readonly type: 'branch'; readonly request: BranchFileRequest }
  /** To the Configuration Server that this one follows; where it has a store, to that Application, which writes. */
  | { readonly type: 'passOn'; readonly id: number; readonly to?: string; readonly request: EditingRequest }
  /** Off the main thread. Without a hash there is no such user: the same work is done and the answer is no. */
  | {
      readonly type: 'verifyPassword';
      readonly id: number;
      readonly hash?: string;
      readonly password: string;
    }
  /** Off the main thread; argon2id in the PHC string form. */
  | { readonly type: 'hashPassword'; readonly id: number; readonly password: string }
  /** New ones of each kind, drawn by chance. */
  | { readonly type: 'makeKeys'; readonly id: number }
  /** With a `sender`, a client that can cause such lines at will: the shell writes them within a budget. */
  | { readonly type: 'log'; readonly line: LogLine; readonly sender?: string };

/** Who is behind a log-in token, and for how long; instants are wall clock, ms since 1970. */
export interface TokenContent {
  readonly person: string;
  readonly rank: Person['rank'];
  readonly issuedAt: Millis;
  readonly expiresAt: Millis;
}

/** By signature and time; wall clock, ms since 1970. */
export type TokenReading =
  | { readonly ok: true; readonly person: string; readonly issuedWall: Millis; readonly expiresAt: Millis }
  | { readonly ok: false; readonly code: 'token-invalid' | 'token-expired' };

export interface ConfigServerOptions {
  /** Name of the Application that the process runs as. */
  readonly application: string;
  readonly configuration: Configuration;
  /** With a store: the revision of the configuration there; without one nothing is edited here. */
  readonly stored?: Revision;
  /** The last entries that it came from, the oldest first, where a copy has them. */
  readonly recent?: readonly Entry[];
  /** Where edits can be kept while the store is out of reach (CW2), and what is there already. */
  readonly branchFile?: { readonly branch?: Branch | undefined };
  /** A proxy: what is edited here goes to the Configuration Server that it follows. */
  readonly passesOn?: boolean;
  readonly now: Millis;
  /** Wall clock minus monotonic clock, ms. */
  readonly wallOffsetMs: Millis;
  /** LK1. */
  readonly hashes: Pick<Hashes, 'hmacSha256' | 'sha256'>;
  readonly random: Random;
  /** Ed25519 with the first of the configuration's token keys; synchronous, about 0.1 ms. */
  signToken(content: TokenContent, configuration: Configuration): string;
  verifyToken(token: string, wall: Millis, configuration: Configuration): TokenReading;
}
