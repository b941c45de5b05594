/** The queues of one site as the live page draws them, from what that site's SIP Server says. */
import type { BoardSite } from '@holdfast/protocol';
import type { SiteSnapshot } from './site-observer.ts';

const QUEUE_NAMES: Readonly<Record<string, string>> = {
  '8000': 'Sales',
  '8001': 'Support',
  '8009': 'Overflow',
};

/** `now`: wall clock, ms. */
export function boardQueuesOf({ dns, queues }: SiteSnapshot, now: number): BoardSite['queues'] {
  return queues.map(({ dn, waiting, agentsLoggedIn }) => {
    const here = dns.filter(({ agent }) => agent?.queues.includes(dn) === true);
    return {
      dn,
      name: QUEUE_NAMES[dn] ?? dn,
      waiting: waiting.map(({ ANI, waitedMs }) => ({ ani: ANI ?? '', since: now - waitedMs })),
      agentsLoggedIn,
      agentsFree: here.filter(isFree).length,
      agentsInCall: here.filter(({ calls }) => calls.length > 0).length,
    };
  });
}

/** Could be given the next caller: an agent in a call stays Ready, and one whose lease has ended too (LL3). */
function isFree({ inService, agent, calls }: SiteSnapshot['dns'][number]): boolean {
  return inService && agent?.state === 'Ready' && agent.routable && calls.length === 0;
}
