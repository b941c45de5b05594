/** What a world says of itself so that disasters can happen to it: things to hit, and words to give. */
import type { Host, Process } from './process.ts';

/** What the disasters may hit. Lists may be empty where a world has no such thing. */
export interface FaultTargets {
  readonly sites: readonly SiteTargets[];
  readonly desks: readonly Process[];
  readonly phones: readonly Process[];
  /** Who is logged in where, those first whom a start anew leads elsewhere; asked when a fault wants the worst case. */
  loggedIn?(): readonly { readonly desk: Process; readonly site: string }[];
}

export interface SiteTargets {
  readonly name: string;
  readonly hosts: readonly Host[];
  readonly processes: readonly Process[];
  readonly sipServer: Process;
  /** Absent where the SIP Server is one process. */
  readonly pair?: PairTargets | undefined;
  /** Asks the SIP Server to send its agents away (DS8c). False: it cannot be asked now. */
  shutDown(): boolean;
  /** Asks it to let them in again. Absent: only a new start of the server ends the shutdown. */
  takeBack?(): void;
  /** Whatever desks need besides telephony, on a host of its own. */
  readonly lesser?: { readonly host: Host; readonly configServer: Process; readonly statServer: Process };
}

/** Where the SIP Server of a site is a pair: its members, each alone, and the third voice. */
export interface PairTargets {
  readonly members: readonly Process[];
  readonly arbiter: Process;
  /** Who serves, and the other; undefined while nobody does. */
  primary(): Process | undefined;
  standby(): Process | undefined;
  /** The standby is getting what it lacks. */
  isJoining(): boolean;
  /** The operator's word to the standby, or to the primary. False: it cannot be said now. */
  promote(): boolean;
  demote(): boolean;
  /** It answers and does no work; until what is returned is called. */
  makeGrey(process: Process, how: 'deaf' | 'disk'): () => void;
  /** One more reason (or, -1, one less) for the link between the members to lose entries. */
  loseEntries(more: number): void;
}
