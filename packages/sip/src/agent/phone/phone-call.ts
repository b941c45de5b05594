/** One call of a phone, as plain data, and what follows from it for RTP and for SDP. */
import type { Millis } from '@holdfast/kernel';
import type { LegId } from '../../user-agent-types.ts';
import type { PhoneEffect, PhoneSite } from './phone-types.ts';
import {
  type AudioDescription,
  answeringDirection,
  type MediaDirection,
  maySend,
  readSdp,
  writeSdp,
} from './sdp.ts';

export interface PhoneCall {
  leg: LegId;
  readonly direction: 'in' | 'out';
  state: 'dialing' | 'ringing' | 'established';
  /** The line it occupies: which of our RTP ports. */
  readonly line: number;
  readonly local: { readonly host: string; readonly port: number };
  readonly sdpSession: number;
  sdpVersion: number;
  /** As we last described it. */
  described: MediaDirection;
  /** What the user wants: `sendonly` is hold. */
  wanted: MediaDirection;
  remote: AudioDescription | undefined;
  /** A change of ours that waits for its answer. */
  changing: 'hold' | 'retrieve' | undefined;
  /** An incoming call without an offer: our answer is the offer. */
  readonly offersInAnswer: boolean;
  answerAt: Millis | undefined;
  /** Incoming: refused then. Outgoing: the next site is tried then, unless a sign of life came. */
  giveUpAt: Millis | undefined;
  checkAt: Millis | undefined;
  /** Outgoing: where it goes to, and the sites that have not been tried. */
  readonly dialled:
    | { readonly to: string; readonly headers: readonly (readonly [string, string])[] }
    | undefined;
  sitesLeft: readonly PhoneSite[];
  /** Who hung up, when we did and wait for the end. */
  isHungUp: boolean;
}

/** Our description as it stands, one version higher when it has changed. */
export function describe(call: PhoneCall, direction: MediaDirection): Uint8Array {
  if (call.sdpVersion === 0 || call.described !== direction) call.sdpVersion++;
  call.described = direction;
  const payloads = call.remote?.payloads;
  return writeSdp({
    ...call.local,
    direction,
    session: call.sdpSession,
    version: call.sdpVersion,
    ...(payloads !== undefined && { payloads }),
  });
}

/** Takes their offer in; our answer, or undefined when it holds no audio that we could take part in. */
export function answerTo(call: PhoneCall, sdp: Uint8Array): Uint8Array | undefined {
  const remote = readSdp(sdp);
  if (remote === undefined) return undefined;
  call.remote = remote;
  return describe(call, answeringDirection(remote.direction, call.wanted));
}

/** Takes their answer to an offer of ours in. */
export function takeAnswer(call: PhoneCall, sdp: Uint8Array | undefined): void {
  const remote = readSdp(sdp);
  if (remote !== undefined) call.remote = remote;
}

export function isHeldByRemote(call: PhoneCall): boolean {
  return call.remote?.direction === 'sendonly' || call.remote?.direction === 'inactive';
}

/** What the shell does with RTP now. */
export function mediaOf(call: PhoneCall): PhoneEffect {
  const { leg, local, remote } = call;
  const direction = remote === undefined ? call.described : answeringDirection(remote.direction, call.wanted);
  const isSent = remote !== undefined && maySend(direction);
  return {
    type: 'media',
    leg,
    local,
    remote: isSent ? { host: remote.host, port: remote.port, payload: remote.payloads[0] ?? 0 } : null,
    direction,
  };
}
