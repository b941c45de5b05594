/**
 * The option that governs the agent's next move: the one whose time is running; else the one that would decide, were
 * what the agent works with lost, or the agent's own site back.
 */
import { type DeskSite, type DeskSiteReport, isReturnHeldUp, timeoutsAt } from '@holdfast/continuity';
import type { GoverningView } from './desk-view.ts';
import { GOVERNS, waitFor } from './texts.ts';

export function governingView(desk: DeskSite, { wait, missing }: DeskSiteReport): GoverningView | null {
  if (wait !== undefined) {
    const { option, from, until } = wait;
    return { ...option, waitsFor: waitFor(wait), from, until };
  }
  const idle = { from: null, until: null };
  const { enabled } = desk.policy;
  // DS2: no time-out counts where the move itself is switched off.
  if (!enabled.value && desk.situation.name !== 'out')
    return { ...enabled.option, waitsFor: GOVERNS.switchedOn, ...idle };
  if (missing.name !== 'nothing')
    return { ...missing.option, waitsFor: waitFor({ for: missing.name, site: missing.site }), ...idle };
  const { situation, policy } = desk;
  if (situation.name === 'seeking' || situation.name === 'withdrawing') {
    const { option } = situation.cause.because;
    return option === undefined
      ? null
      : { ...option, waitsFor: waitFor({ for: 'phone', site: situation.from }), ...idle };
  }
  if (situation.name !== 'serving' && situation.name !== 'waiting') return null;
  const { site } = situation;
  const { preferredSite, autoRestore } = policy;
  if (autoRestore.value && site !== preferredSite && !desk.isKeptAway) {
    const waitsFor = isReturnHeldUp(desk) ? GOVERNS.free : GOVERNS.siteBack(preferredSite);
    return { ...autoRestore.option, waitsFor, ...idle };
  }
  return { ...timeoutsAt(policy, site).siteTimeoutMs.option, waitsFor: GOVERNS.siteLost(site), ...idle };
}
