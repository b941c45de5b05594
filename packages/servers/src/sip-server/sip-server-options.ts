/** What a SIP Server is made with. */
import type { Millis, Random } from '@holdfast/kernel';
import type { DigestSecrets, Hashes, TransportName } from '@holdfast/sip';
import type { ServerSecret } from '../server-proof.ts';
import type { SipServerConfiguration } from './configuration.ts';
import type { TokenCheck } from './desk-requests.ts';
import type { HeldPeer } from './peer-site.ts';

export interface SipServerOptions {
  readonly configuration: SipServerConfiguration;
  readonly random: Random;
  readonly hashes: Hashes;
  /** Wall clock minus monotonic clock at the start, ms. */
  readonly wallOffsetMs: Millis;
  readonly now: Millis;
  /** The address that Via names, and Contact and SDP of ours. */
  sentBy(transport: TransportName): { readonly host: string; readonly port: number };
  /**
   * What Contacts carry in place of the address: the name of a pair whose members have addresses of their own (PR10). Then
   * nobody whom this member's predecessor has called knows where this one is, until told.
   */
  readonly sipName?: string | undefined;
  verifyToken(token: string, wall: Millis): TokenCheck;
  /** What a Stat Server shows; without one nobody passes for a server. */
  readonly serverSecret?: ServerSecret | undefined;
  /** Entries kept for clients that come back; the default suits a site. */
  readonly logEntriesMax?: number;
  /** Of the pair's primary; that of the wall clock where there is no pair. */
  readonly epoch?: number;
  /** Somebody asks `takeChanges` after each input. */
  readonly isFollowed?: boolean;
  /** SS54: of the other site, by a member of a pair that was standby. */
  readonly heldPeer?: HeldPeer;
  /** Calls at once; the default suits a site. */
  readonly callsMax?: number;
  /** It tries whether it does its work (GF1): as whom. */
  readonly probe?: OwnProbe;
  /** OP1: a member of a pair can offer its role to its mate; why not, where it does not. */
  readonly offerRole?: (now: Millis, by: string) => string | undefined;
}

export interface OwnProbe {
  readonly credentials: DigestSecrets;
}
