/**
 * The words of each decision, in one place: what was seen, which option governed it. The administrator reads them in
 * the log, the stranger on the live page. What the agent is told stands with the desk.
 */
import type { Because, Millis } from '@holdfast/kernel';
import type {
  Cause,
  DeskSite,
  DeskSitePolicy,
  LoginRefusal,
  OutReason,
  SiteTimeouts,
} from './desk-site-types.ts';
import type { GoverningOption } from './governed.ts';

export function telephonyLost(site: string, timeouts: SiteTimeouts): Cause {
  const { value, option } = timeouts.siteTimeoutMs;
  const text = `No SIP Server of site ${site} could be reached for ${inSeconds(value)}.`;
  return { name: 'telephony', because: { rule: 'DS8a', text, option } };
}

export function phoneLost(site: string, timeouts: SiteTimeouts): Cause {
  const { value, option } = timeouts.phoneTimeoutMs;
  const text = `The phone has not been in service at site ${site} for ${inSeconds(value)}.`;
  return { name: 'phone', because: { rule: 'DS8b', text, option } };
}

export function shutdown(site: string): Cause {
  return { name: 'shutdown', because: { rule: 'DS8c', text: `Site ${site} is shutting down gracefully.` } };
}

export function returning({ policy, rehoming }: Pick<DeskSite, 'policy' | 'rehoming'>): Cause {
  if (rehoming !== undefined) return { name: 'return', because: rehoming };
  const text = `The phone is in service at the preferred site ${policy.preferredSite} again.`;
  return { name: 'return', because: { rule: 'DS15', text, option: policy.autoRestore.option } };
}

export function rehomed(former: string, { preferredSite, preference }: DeskSitePolicy): Because {
  const text = `The preferred site is now ${preferredSite}, and no more ${former}: the agent goes there when it is free.`;
  return { rule: 'DS25', text, ...(preference && { option: preference }) };
}

export function noSiteAnyMore(site: string, { preferredSite, enabled }: DeskSitePolicy): Because {
  const text = `Site ${site} is this agent's no more: the agent goes to site ${preferredSite} when it is free.`;
  return { rule: 'DS25', text, option: enabled.option };
}

/** Undefined: by then there was no end, or now there is none. */
export function judgedAnew(site: string, former?: GoverningOption, option?: GoverningOption): Because {
  const [was, is] = [former, option].map((one) => (one && `${one.value} (${one.name})`) ?? 'without an end');
  const text = `The wait at site ${site}: now ${is}, before ${was}.`;
  return { rule: 'DS24', text, ...(option && { option }) };
}

export function started(site: string): Because {
  return { rule: 'DS5', text: `Logging in at the preferred site ${site}.` };
}

export function phoneBack(site: string): Because {
  return { rule: 'DS11', text: `The phone is in service at site ${site} again; same site, same queues.` };
}

export function loginForgotten(site: string): Because {
  return { rule: 'LL3', text: `Site ${site} no longer knows the login; logging in there again.` };
}

export function causeEnded(site: string): Because {
  return { rule: 'LL4', text: `Site ${site} answers again and the login still stands there.` };
}

export function sitesWithPhone(site: string, cause: Cause): Because {
  const option = cause.because.option;
  const text = `${cause.because.text} The phone is in service at site ${site}.`;
  return { rule: 'DS9', text, ...(option === undefined ? {} : { option }) };
}

export function waitsForPhone(cause: Cause): Because {
  const option = cause.because.option;
  const text = `${cause.because.text} Waiting until a site has the phone in service.`;
  return { rule: 'DS9', text, ...(option === undefined ? {} : { option }) };
}

export function superseded(site: string): Because {
  return {
    rule: 'LL7',
    text: `Another desk has logged this agent in with a higher epoch (seen at site ${site}).`,
  };
}

export function unanswered(site: string, ms: Millis): Because {
  return {
    rule: 'DS5',
    text: `Site ${site} has not answered the log-in for ${inSeconds(ms)}; its connection is not trusted.`,
  };
}

export function loggedOutBy(why: OutReason, site: string): Because {
  const by = {
    agent: 'The agent has logged out',
    supervisor: 'A supervisor has logged the agent out',
    unknown: `Site ${site} has logged the agent out for a reason that is not known here`,
    superseded: 'Another desk has logged the agent in',
    notAsked: 'Nobody has asked to be logged in',
  }[why.name];
  const said = 'said' in why ? ` (${why.said})` : '';
  return { rule: 'DS12', text: `${by}${said}. The desk does nothing by itself.` };
}

/** RD3: with a time at which it may come again it is put off rather than refused. */
export function putOff(site: string, refusal: Extract<LoginRefusal, { name: 'later' }>): Because {
  const [rule, has] = refusal.retryAfterMs === undefined ? ['DS12', 'refused'] : ['RD3', 'put off'];
  return { rule, text: `Site ${site} has ${has} the log-in: ${refusal.text}` } as const;
}

export function notFree(text: string): Because {
  return { rule: 'DS15', text };
}

export function inSeconds(ms: Millis | 'never'): string {
  return ms === 'never' ? 'ever' : `${Number((ms / 1000).toFixed(1))} s`;
}
