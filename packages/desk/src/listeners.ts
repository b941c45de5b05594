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

export type ListenerCall = Extract<DeskEffect, { type: 'link' | 'calls' }>;

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
  if (!isSameView(before?.calls ?? [], after.calls)) calls.push({ type: 'calls', calls: after.calls });
  return calls;
}

function attended(links: readonly LinkView[]): LinkView[] {
  return links.filter(({ isBasic }) => !isBasic);
}
