/** LL5: a lease that is longer than the time-out of its site would rule the wait in the time-out's place. */
import { leaseWithMargin, type SiteTimeouts } from '@holdfast/continuity';
import type { Millis } from '@holdfast/kernel';

/** Why the terms of a site are worth a warning, if they are. */
export function leaseWarning({ siteTimeoutMs }: SiteTimeouts, leaseLengthMs: Millis): string | undefined {
  const { value, option } = siteTimeoutMs;
  if (value === 'never' || leaseWithMargin(leaseLengthMs) < value) return undefined;
  return `The login lease of ${leaseLengthMs} ms and its margin are not shorter than ${option.name} = ${option.value}; the lease will rule the wait.`;
}
