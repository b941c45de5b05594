/**
 * What the agent is told: one sentence, and the wait that is running, if any.
 */
import { type Because, type Millis, unreachable } from '@holdfast/kernel';
import { inSeconds } from './causes.ts';
import { factsOf, isReady, leaseBarAt, leaveAt, timeoutsAt } from './desk-site-judge.ts';
import type { DeskSite } from './desk-site-types.ts';
import type { GoverningOption } from './governed.ts';
import { leaseWithMargin } from './login-lease.ts';

export interface RunningWait {
  readonly what: string;
  readonly from: Millis;
  readonly until: Millis;
  /** What sets its length. The lease is governed by the site that granted it. */
  readonly option: GoverningOption;
}

export interface DeskSiteReport {
  readonly banner: string;
  readonly because: Because | undefined;
  readonly wait: RunningWait | undefined;
}

export function reportOf(desk: DeskSite): DeskSiteReport {
  const { situation } = desk;
  switch (situation.name) {
    case 'out':
      return { banner: situation.because.text, because: situation.because, wait: undefined };
    case 'serving':
      return reportServing(desk, situation.site);
    case 'waiting':
      return reportWaiting(desk, situation.site);
    case 'seeking': {
      const wait = leaseWait(desk, Object.keys(desk.sites));
      const then =
        wait === undefined ? 'Waiting until a site has the phone in service.' : `Waiting for ${wait.what}.`;
      return { banner: `${situation.cause.because.text} ${then}`, because: situation.cause.because, wait };
    }
    case 'entering':
      return {
        banner: `Logging in at site ${situation.site}.`,
        because:
          situation.origin.name === 'seeking' ? situation.origin.cause.because : situation.origin.because,
        wait: undefined,
      };
    case 'withdrawing':
      return {
        banner: `${situation.cause.because.text} Moving to site ${situation.to}.`,
        because: situation.cause.because,
        wait: undefined,
      };
    default:
      return unreachable(situation);
  }
}

function reportServing(desk: DeskSite, site: string): DeskSiteReport {
  const { preferredSite, autoRestore } = desk.policy;
  let banner = '';
  if (site !== preferredSite) {
    banner = `Working at site ${site}.`;
    if (autoRestore.value && isReady(factsOf(desk, preferredSite), desk.seenAt)) {
      banner += ` The preferred site ${preferredSite} is back; the move waits until calls, after-call work and windows are finished.`;
    }
  }
  return { banner, because: undefined, wait: undefined };
}

function reportWaiting(desk: DeskSite, site: string): DeskSiteReport {
  const facts = factsOf(desk, site);
  const { telephonyAt, phoneAt } = leaveAt(desk, site);
  const { siteTimeoutMs, phoneTimeoutMs } = timeoutsAt(desk.policy, site);
  if (facts.telephony.name === 'off' && telephonyAt <= phoneAt) {
    const wait = {
      what: `site ${site} to answer`,
      from: facts.telephony.since,
      until: telephonyAt,
      option: siteTimeoutMs.option,
    };
    return waitingFor(`Site ${site} cannot be reached.`, wait);
  }
  if (facts.phone.name === 'outOfService') {
    const wait = {
      what: `the phone at site ${site}`,
      from: facts.phone.since,
      until: phoneAt,
      option: phoneTimeoutMs.option,
    };
    return waitingFor(`The phone is not in service at site ${site}.`, wait);
  }
  return waitingFor(`Connecting to site ${site}.`, leaseWait(desk, [site]));
}

function waitingFor(banner: string, wait: RunningWait | undefined): DeskSiteReport {
  if (wait === undefined) return { banner, because: undefined, wait };
  // A cause that can never be complete is waited for without an end.
  if (wait.until === Number.POSITIVE_INFINITY)
    return { banner: `${banner} Waiting for ${wait.what}.`, because: undefined, wait: undefined };
  return {
    banner: `${banner} Waiting ${inSeconds(wait.until - wait.from)} for ${wait.what}.`,
    because: undefined,
    wait,
  };
}

/** The wait for another site's lease to end, where that is all that is missing. */
function leaseWait(desk: DeskSite, sites: readonly string[]): RunningWait | undefined {
  const ready = sites.filter(
    (site) => isReady(factsOf(desk, site), desk.seenAt) && leaseBarAt(desk, site) > desk.seenAt,
  );
  const site = ready.sort((a, b) => leaseBarAt(desk, a) - leaseBarAt(desk, b))[0];
  if (site === undefined) return undefined;
  const until = leaseBarAt(desk, site);
  const { leaseLengthMs } = factsOf(desk, site);
  const option = { name: 'lease-length', value: inSeconds(leaseLengthMs), source: 'the SIP Servers' };
  return {
    what: 'the former login lease to end',
    from: until - leaseWithMargin(leaseLengthMs),
    until,
    option,
  };
}
