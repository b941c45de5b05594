/**
 * What a SIP Server process is told and what it asks of its shell.
 */
import type { LogLine, Millis } from '@holdfast/kernel';
import type { DeskReply, DeskRequest } from '@holdfast/protocol';
import type {
  EndpointEffect,
  LookupAnswer,
  ParseFailure,
  SipMessage,
  Source,
  TransactionId,
} from '@holdfast/sip';
import type { SipServerConfiguration } from './configuration.ts';
import type { PeerEffect, PeerInput } from './peer-site.ts';

export type SipServerInput =
  | { readonly type: 'configuration'; readonly configuration: SipServerConfiguration }
  | { readonly type: 'sip'; readonly message: SipMessage; readonly source: Source }
  | { readonly type: 'sipMalformed'; readonly failure: ParseFailure; readonly source: Source }
  | { readonly type: 'sipFailed'; readonly transaction?: TransactionId; readonly flow?: string }
  | { readonly type: 'lookedUp'; readonly id: string; readonly answer: LookupAnswer }
  /** A client's connection: opened, one message, closed. `connection` is the shell's name for it. */
  | { readonly type: 'opened'; readonly connection: string }
  | { readonly type: 'message'; readonly connection: string; readonly message: DeskRequest }
  | { readonly type: 'closed'; readonly connection: string }
  /** The link to the other site's SIP Server. */
  | PeerInput
  /** The announcer: ready to send to the caller from the address in `sdp`, or not able to. */
  | { readonly type: 'treatmentReady'; readonly id: string; readonly sdp: Uint8Array }
  | { readonly type: 'treatmentFailed'; readonly id: string; readonly reason: string }
  /** Once a second: the share of it in which the process was at work, 0 to 1. */
  | { readonly type: 'load'; readonly busy: number }
  /** The wall clock and the monotonic clock jumped apart (LL6). Wall = now + wallOffsetMs. */
  | { readonly type: 'clockJumped'; readonly wallOffsetMs: Millis };

export type SipServerEffect =
  | EndpointEffect
  | PeerEffect
  | { readonly type: 'send'; readonly connection: string; readonly message: DeskReply }
  | { readonly type: 'close'; readonly connection: string; readonly why: string }
  /** Open an RTP source for this call and play; `remote` is the caller's SDP, when it is known already. */
  | {
      readonly type: 'treatmentStart';
      readonly id: string;
      readonly kind: 'music' | 'tone';
      readonly remote?: Uint8Array;
    }
  | { readonly type: 'treatmentRemote'; readonly id: string; readonly remote: Uint8Array }
  | { readonly type: 'treatmentStop'; readonly id: string }
  /** SS48: nothing is left here: the process ends, and nobody starts it again. */
  | { readonly type: 'end'; readonly because: string }
  /** With a `sender`, a client that can cause such lines at will: the shell writes them within a budget. */
  | { readonly type: 'log'; readonly line: LogLine; readonly sender?: string };
