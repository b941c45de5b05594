/** ME4: mistakes of a pair, planted in what its members tell each other and in what a new primary begins with. */

import type { Millis } from '@holdfast/kernel';
import type { MirrorMessage } from '@holdfast/protocol';
import type { SipServerNode } from '@holdfast/servers';
import { asHeld } from './line-defects.ts';
import type { WholeDefect } from './whole-defects.ts';

export const PAIR_WHOLE_DEFECTS = {
  /** LG2: what is new leaves before it is sent to the mate; the primary believes that it is held there. */
  'told-before-held': 'nothing-told-is-lost',
  /** LG6: a standby that misses entries neither minds nor compares. */
  'gaps-ignored': 'pair-at-rest',
  /** LG1: who comes back with a position does not get the first event after it. */
  'missed-event-lost': 'events-in-order',
  /** LL3: the leases of the former primary are taken for the new one's own. */
  'lease-carried-over': 'no-offer-before-answer',
  /** LG3: what was answered is not known to whoever goes on. */
  'answers-forgotten': 'done-once',
  /** AD9: that an end of a call of the other site has hung up here is forgotten. */
  'ended-forgotten': 'ended-stays-ended',
  /** FT3: the mate never hears that the role is offered. */
  'offer-untold': 'grey-is-replaced',
  /** SS53: legs do not come along. */
  'legs-left-behind': 'calls-survive-takeover',
  /** PR3: the arbiter takes any change, whatever revision it was asked on. */
  'no-compare-and-set': 'never-two-primaries',
} as const;

/** What a primary believes to hear of an entry that it has not even sent. */
export function asPrimary(
  defect: WholeDefect | undefined,
  message: MirrorMessage,
): MirrorMessage | undefined {
  if (defect !== 'told-before-held' || message.type !== 'entry') return undefined;
  return { type: 'ack', epoch: message.epoch, number: message.number };
}

/** What a member says to its mate. */
export function asTold(defect: WholeDefect | undefined, message: MirrorMessage): MirrorMessage {
  if (defect !== 'offer-untold' || message.type !== 'role' || message.message.type !== 'confirm')
    return message;
  return { ...message, message: { ...message.message, yields: false } };
}

/** What a standby makes of what its primary sends; undefined: nothing. */
export function asFollower(
  defect: WholeDefect | undefined,
  message: MirrorMessage,
  held: number,
): MirrorMessage | undefined {
  if (defect === 'past-for-future') return asHeld(message);
  if (defect !== 'gaps-ignored' && defect !== 'legs-left-behind') return message;
  if (message.type === 'digest') return undefined;
  if (defect === 'legs-left-behind' && (message.type === 'entry' || message.type === 'snapshot'))
    return { ...message, put: message.put.filter(([key]) => !key.startsWith('leg/')) };
  if (defect === 'legs-left-behind') return message;
  return message.type === 'entry' ? { ...message, from: held } : message;
}

/** What a server that has just taken over believes. */
export function plantAtTakeover(defect: WholeDefect | undefined, server: SipServerNode, now: Millis): void {
  const { centre, lease, peer } = server.parts;
  if (defect === 'other-site-forgotten') peer.standing.following.store.clear();
  if (defect !== 'lease-carried-over') return;
  for (const { agentId, epoch } of centre.agents()) lease.answered(agentId, epoch, lease.stamp(now), now);
}
