/**
 * The option that governs the agent's next move: the one whose time is running, or else the one that would decide if
 * what the agent works with were lost now.
 */
import { type DeskSite, type RunningWait, timeoutsAt } from '@holdfast/continuity';
import type { GoverningView } from './desk-view.ts';

export function governingView(desk: DeskSite, wait: RunningWait | undefined): GoverningView | null {
  if (wait !== undefined) return { ...wait.option, waitsFor: wait.what, from: wait.from, until: wait.until };
  const { situation, policy } = desk;
  if (situation.name !== 'serving' && situation.name !== 'waiting') return null;
  const idle = { from: null, until: null };
  const { site } = situation;
  if (policy.autoRestore.value && site !== policy.preferredSite)
    return { ...policy.autoRestore.option, waitsFor: `the phone at site ${policy.preferredSite}`, ...idle };
  return { ...timeoutsAt(policy, site).siteTimeoutMs.option, waitsFor: `a loss of site ${site}`, ...idle };
}
