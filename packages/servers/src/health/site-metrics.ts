/** What a SIP Server that acts holds at this moment, as figures. */

import type { Following } from '../mirror/following.ts';
import { NOT_ADOPTED } from '../sip-server/peer-legs.ts';
import type { SipServerNode } from '../sip-server/sip-server-node.ts';
import { STRAY_CAUSES } from '../sip-server/stray-requests.ts';
import { followingMetrics } from './mirror-metrics.ts';
import { counters, gauge, type Metric } from './server-report.ts';

/** All 0 where no server acts: a standby has no call. What it holds of the other site, it holds as the primary does (SS54). */
export function siteMetrics(server: SipServerNode | undefined, held?: Following): Metric[] {
  const parts = server?.parts;
  const ofPeer = parts?.peer.standing.following ?? held;
  return [
    gauge('holdfast_calls', 'Calls that are not over.', parts?.centre.callCount ?? 0),
    gauge('holdfast_waiting', 'Callers who wait in queues.', parts?.centre.waitingCount ?? 0),
    gauge('holdfast_logins', 'Agents who are logged in.', parts?.centre.agentCount ?? 0),
    gauge('holdfast_registrations', 'DNs whose phone is registered.', parts?.registrations.size ?? 0),
    gauge(
      'holdfast_clients',
      'Clients that are connected: desks, boards, servers.',
      parts?.clients.size ?? 0,
    ),
    gauge(
      'holdfast_peer_answers',
      'Whether the SIP Server of the other site answers in time (SS73).',
      parts?.peer.standing.answers ? 1 : 0,
    ),
    gauge('holdfast_peer_records', 'Records of the other site that are held here.', ofPeer?.store.size ?? 0),
    ...(ofPeer === undefined ? [] : [followingMetrics(ofPeer, 'site')]),
    counters(
      'holdfast_peer_calls_total',
      'Calls of the other site that could have gone on here, by what became of them (LG4).',
      'cause',
      (['adopted', ...NOT_ADOPTED] as const).map((cause) => [cause, parts?.account.counts.get(cause) ?? 0]),
    ),
    counters(
      'holdfast_peer_unknown_requests_total',
      'Requests in dialogs that nobody knows here, answered 481 while the other site did not answer: of calls whose records never came, perhaps (LG4).',
      'cause',
      STRAY_CAUSES.map((cause) => [cause, parts?.strays.unknown.get(cause) ?? 0] as const),
    ),
    gauge('holdfast_draining', 'Whether a graceful shutdown goes on.', parts?.centre.isShuttingDown ? 1 : 0),
  ];
}
