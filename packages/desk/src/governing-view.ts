/**
 * The option that governs the agent's next move: the one whose time is running; else the one that would decide, were
 * what the agent works with lost, or the agent's own site back. With the site for which it is set, and the object that
 * sets it: the same name may have another value at the other site (DS1).
 */
import {
  type DeskSite,
  type DeskSiteReport,
  type GoverningOption,
  isReturnHeldUp,
  timeoutsAt,
} from '@holdfast/continuity';
import type { GoverningView } from './desk-view.ts';
import { GOVERNS, waitFor } from './texts.ts';

export function governingView(desk: DeskSite, { wait, missing }: DeskSiteReport): GoverningView | null {
  if (wait !== undefined) {
    const { option, optionSite: site, from, until } = wait;
    return { ...option, site, waitsFor: waitFor(wait), from, until };
  }
  const { situation, policy } = desk;
  const { enabled, preferredSite, autoRestore } = policy;
  // DS2: no time-out counts where the move itself is switched off.
  if (!enabled.value && situation.name !== 'out')
    return idle(enabled.option, preferredSite, GOVERNS.switchedOn);
  if (missing.name !== 'nothing') {
    const { name, site, option } = missing;
    return idle(option, site, waitFor({ for: name, site }));
  }
  if (situation.name === 'seeking' || situation.name === 'withdrawing') {
    const { cause, from } = situation;
    const { option } = cause.because;
    const site = cause.name === 'return' ? preferredSite : from;
    return option === undefined ? null : idle(option, site, waitFor({ for: 'phone', site: from }));
  }
  if (situation.name !== 'serving' && situation.name !== 'waiting') return null;
  const { site } = situation;
  const restores = autoRestore.value && !desk.isKeptAway ? autoRestore.option : undefined;
  const returns = desk.rehoming?.option ?? restores;
  if (returns !== undefined && site !== preferredSite) {
    const waitsFor = isReturnHeldUp(desk) ? GOVERNS.free : GOVERNS.siteBack(preferredSite);
    return idle(returns, preferredSite, waitsFor);
  }
  return idle(timeoutsAt(policy, site).siteTimeoutMs.option, site, GOVERNS.siteLost(site));
}

/** No time is running. */
function idle(option: GoverningOption, site: string, waitsFor: string): GoverningView {
  return { ...option, site, waitsFor, from: null, until: null };
}
