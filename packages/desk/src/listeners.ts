/**
 * The listeners of S4: to the telephony, the configuration and the statistics link, and to the agent's DN. Those to
 * telephony and to the DN attend to one site, with which the desk works; a switchover lets go of the former site's
 * and sets up the new one's in the same instant, so that nothing of the former site is heard afterwards (DS17). The
 * basic connection to the other site (DS7) has no listener: it shows in the view.
 */
import type { DeskSite } from '@holdfast/continuity';
import { unreachable } from '@holdfast/kernel';
import type { DeskEffect } from './desk-types.ts';
import type { DeskView, LinkView } from './desk-view.ts';
import { isSameView } from './view.ts';

export type ListenerCall = Extract<DeskEffect, { type: 'link' | 'session' | 'calls' }>;

/** The site with which the desk works. `last` is where the agent worked last, or belongs before the first log-in. */
export function attendedSite(desk: DeskSite | undefined, last: string | undefined): string | undefined {
  if (desk === undefined) return last;
  const { situation } = desk;
  switch (situation.name) {
    case 'out':
      return last;
    case 'waiting':
    case 'serving':
    case 'entering':
      return situation.site;
    case 'seeking':
    case 'withdrawing':
      return situation.from;
    default:
      return unreachable(situation);
  }
}

/** What a new picture means for the listeners; a listener that has just been set up hears how its link stands. */
export function listenerCalls(before: DeskView | undefined, after: DeskView): ListenerCall[] {
  const known = attended(before?.links ?? []);
  const calls: ListenerCall[] = attended(after.links)
    .filter(({ kind, site, state }) => {
      const former = known.find((one) => one.kind === kind);
      return former?.site !== site || former.state !== state;
    })
    .map((link) => ({ type: 'link', link }));
  calls.push(...sessionCalls(connectedTo(known), connectedTo(attended(after.links))));
  if (!isSameView(before?.calls ?? [], after.calls)) calls.push({ type: 'calls', calls: after.calls });
  return calls;
}

/** DS7: a session that stands on as the basic connection of a desk that has moved is let go of, not lost. */
function sessionCalls(before: Sessions, after: Sessions): ListenerCall[] {
  const calls: ListenerCall[] = [];
  if (before.on !== undefined && before.on === after.site && after.on === undefined)
    calls.push({ type: 'session', name: 'EventLinkDisconnected', site: before.on });
  if (after.on !== undefined && after.on !== before.on)
    calls.push({ type: 'session', name: 'EventLinkConnected', site: after.on });
  return calls;
}

/** The site to whose telephony the desk attends, and the same where its session stands. */
interface Sessions {
  readonly site: string | undefined;
  readonly on: string | undefined;
}

function connectedTo(links: readonly LinkView[]): Sessions {
  const link = links.find(({ kind }) => kind === 'telephony');
  return { site: link?.site, on: link?.state === 'on' ? link.site : undefined };
}

function attended(links: readonly LinkView[]): LinkView[] {
  return links.filter(({ isBasic }) => !isBasic);
}
