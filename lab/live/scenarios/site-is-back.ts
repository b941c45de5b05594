/**
 * What holds in either family when a site is back that had been lost (DS15): Workspace returns to it by auto-restore;
 * a third-party desktop stays where it went, unless its phone goes home by itself and takes it along (DS8b, DS9).
 */
import type { LiveLab, SiteName } from '../live-lab.ts';
import type { Robot } from '../robot.ts';
import { decidedBecause, decisionsOf, inWords } from './reasons.ts';
import { allWorkAt, home, MOVES } from './scenario.ts';

export interface SiteBack {
  readonly site: SiteName;
  /** Where those of that site have gone. */
  readonly from: SiteName;
  /** When it came back. */
  readonly at: number;
}

/** Third-party desktops whose phones are registered at both sites: nothing brings them back before the next start. */
export function settled(lab: LiveLab, site: SiteName): Robot[] {
  return lab.robots.filter(
    (robot) =>
      home(robot) === site && robot.options.family === 'agent-desktop' && robot.options.scheme === 'dual',
  );
}

/** Each ends where its family says, and whoever stays has decided nothing. */
export async function eachFamilyAsItShould(lab: LiveLab, back: SiteBack): Promise<void> {
  const ofSite = lab.robots.filter((robot) => home(robot) === back.site);
  const stays = settled(lab, back.site);
  const siteOf = (robot: Robot) => (stays.includes(robot) ? back.from : home(robot));
  await allWorkAt(lab, 'each-where-its-family-says', siteOf);
  // So long a phone may be missing, or a link: whoever had still to move would.
  const { siteTimeoutS, phoneTimeoutS } = lab.options.times;
  await lab.until(1000 * (Math.max(siteTimeoutS, phoneTimeoutS) + 1), () => false);
  await allWorkAt(lab, 'each-stays-there', siteOf);
  const moves = stays.flatMap((robot) =>
    decisionsOf(lab, robot, back.at).filter(({ what }) => MOVES.has(what)),
  );
  lab.check(
    'third-party-stays',
    stays.length > 0 && moves.length === 0,
    moves.map((decision) => `${decision.agent}: ${inWords(decision)}`).join('; ') ||
      `${stays.length} with phones at both sites stay at ${back.from}`,
  );
  const pulled = ofSite.filter((robot) => robot.options.family === 'agent-desktop' && !stays.includes(robot));
  // In the smallest runs each third-party desktop has its phone at both sites.
  if (pulled.length === 0) return;
  decidedBecause(
    lab,
    'third-party-pulled-by-phones',
    { robots: pulled, since: back.at, at: back.from },
    { what: 'leave', rule: 'DS8b', wait: 'phone' },
  );
}
