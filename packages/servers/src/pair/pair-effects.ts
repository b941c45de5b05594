/** What comes in to a member of a pair, and what it wants done, beside what its SIP Server does. */
import type { ArbiterAnswer, ArbiterRequest, KeySeen, PairRoleName } from '@holdfast/continuity';
import type { Because, Millis } from '@holdfast/kernel';
import type { MirrorMessage } from '@holdfast/protocol';
import type { SipServerEffect, SipServerInput } from '../sip-server/effects.ts';
import type { ProbeAsked, Probed } from './fitness-watch.ts';

export type PairInput =
  | SipServerInput
  /** The link to the mate stands: who it is has been checked. */
  | { readonly type: 'mateLinked' }
  | { readonly type: 'mateUnlinked'; readonly because: string }
  | { readonly type: 'mateMessage'; readonly message: MirrorMessage }
  | { readonly type: 'arbiterAnswer'; readonly answer: ArbiterAnswer }
  | { readonly type: 'keySeen'; readonly seen: KeySeen }
  | { readonly type: 'wroteEpoch'; readonly epoch: number }
  | { readonly type: 'writeFailed'; readonly epoch: number; readonly because: string }
  | { readonly type: 'mateEnded'; readonly process: string }
  /** What a probe has seen (GF1, GF2, GF6). */
  | Probed
  /** The operator's word (PR11). */
  | { readonly type: 'operator'; readonly word: 'promote' | 'demote' | 'actAlone' };

export type PairEffect =
  | SipServerEffect
  /** Answered by `probed`. */
  | ProbeAsked
  | { readonly type: 'sendToMate'; readonly message: MirrorMessage }
  | { readonly type: 'askArbiter'; readonly request: ArbiterRequest }
  /** To disk with fsync, answered by `wroteEpoch` or `writeFailed`. */
  | { readonly type: 'writeEpoch'; readonly epoch: number }
  /** It may act for so much longer: for the supervisor of its host (PR8). */
  | { readonly type: 'confirmed'; readonly remainsMs: Millis }
  /** It has offered its role, which its mate is to ask for within this time: for the supervisor of its host (PR7). */
  | { readonly type: 'yields'; readonly forMs: Millis }
  /** `serves`: the ports of SIP and of clients are open exactly while it is true. */
  | {
      readonly type: 'role';
      readonly role: PairRoleName;
      readonly epoch: number;
      readonly serves: boolean;
      readonly because: Because;
    };
