/** What a Stat Server process is told and what it asks of its shell. */
import type { LogLine, Millis } from '@holdfast/kernel';
import type { StatReply, StatRequest } from '@holdfast/protocol';
import type { SipLinkEffect, SipLinkInput } from '../sip-server-follower.ts';
import type { StatServerConfiguration } from './configuration.ts';

export type StatServerInput =
  | SipLinkInput
  | { readonly type: 'configuration'; readonly configuration: StatServerConfiguration }
  /** A client's connection: opened, one message, closed. `connection` is the shell's name for it. */
  | { readonly type: 'opened'; readonly connection: string }
  | { readonly type: 'message'; readonly connection: string; readonly message: StatRequest }
  | { readonly type: 'closed'; readonly connection: string }
  /** The wall clock and the monotonic clock jumped apart. Wall = now + wallOffsetMs. */
  | { readonly type: 'clockJumped'; readonly wallOffsetMs: Millis };

export type StatServerEffect =
  | SipLinkEffect
  | { readonly type: 'send'; readonly connection: string; readonly message: StatReply }
  | { readonly type: 'close'; readonly connection: string; readonly why: string }
  /** With a `sender`, a client that can cause such lines at will: the shell writes them within a budget. */
  | { readonly type: 'log'; readonly line: LogLine; readonly sender?: string };
