/**
 * Everything that the desk says to its agent, in one place: plain words, what happens next by itself, and what the
 * agent can do. Nobody needs to know a rule or an option to understand them.
 */
import { type Busy, type DeskSite, isFree } from '@holdfast/continuity';
import type { AlarmView } from './desk-view.ts';

export const TEXTS = {
  connecting: 'Connecting to a Configuration Server.',
  placeMissing: 'Say at which place you sit: seats are shared here, so that it is asked at each start.',
  notLoggedIn: 'Not possible now: the desk is not logged in.',

  refused({ asked, site, text }: { readonly asked: string; readonly site: string; readonly text: string }) {
    return `${asked} was refused at site ${site}: ${text}`;
  },

  alarm({ because }: AlarmView): string {
    return because.text;
  },

  moveNotMade(to: string, { site, busy }: { readonly site: DeskSite | undefined; readonly busy: Busy }) {
    const situation = site?.situation;
    if (site === undefined || situation?.name !== 'serving')
      return `No move to site ${to} now: you are not logged in.`;
    if (situation.site === to) return `You work at site ${to} already.`;
    if (site.sites[to] === undefined)
      return `There is no site ${to} for you; yours are ${Object.keys(site.sites).join(' and ')}.`;
    const what = [
      ...(busy.calls > 0 ? ['the call'] : []),
      ...(busy.afterCallWork ? ['the after-call work'] : []),
      ...(busy.openWindows > 0 ? ['the open windows'] : []),
    ];
    if (!isFree(site))
      return `No move to site ${to} now: finish ${what.join(' and ')} first, then ask again.`;
    return `No move to site ${to} now.`;
  },
};
