/**
 * Everything that the desk says to its agent, in one place: plain words, what happens next by itself and how long that
 * may take, with the option that says so for whoever has to change it. Nobody needs to know a rule to understand them.
 */
import {
  type Busy,
  type DeskSite,
  type DeskSiteReport,
  type GoverningOption,
  inSeconds,
  isReturnHeldUp,
  type LinkSite,
  type OutReason,
  type RunningWait,
} from '@holdfast/continuity';
import { unreachable } from '@holdfast/kernel';
import { LOGOUT_REASONS, type MoveRisk } from '@holdfast/protocol';
import type { Endpoint, MoveAsker } from './desk-types.ts';

/** A server that is at another site than the link for which it was tried. */
interface WrongSite extends Endpoint {
  readonly says: string;
  readonly site: string;
}

export const TEXTS = {
  connecting: 'Connecting to a Configuration Server.',
  placeMissing: 'Say at which place you sit: seats are shared here, so that it is asked at each start.',
  notLoggedIn: 'Not possible now: you are not logged in.',
  noDesk: 'You are no agent, so that there is nothing to work with at a desk. Ask the administrator.',

  notDialled: (text: string) =>
    `"${text.slice(0, 64)}" cannot be called: a number is 1 to 64 letters, digits or signs such as + * # . - _, without blanks.`,

  refused({ asked, site, text }: { readonly asked: string; readonly site: string; readonly text: string }) {
    return `Site ${site} has refused ${REQUESTS[asked] ?? 'what the desk asked for'}: ${text}`;
  },

  wrongSite({ host, port, says, site }: WrongSite): string {
    return `The server ${host}:${port} is not used: it says that it is of site ${says}, and the configuration has it at site ${site}. The next is tried. Ask the administrator to set its disaster-recovery.site right, or the connection to it.`;
  },

  otherType(application: string, said: string, is: string): string {
    return `The bootstrap file has Application "${application}" as a ${said}, and the configuration as a ${is}, by which the desk goes. Correct applicationType in the file; the appSettings form is for Workspace alone.`;
  },

  noExtension(place: string): string {
    return `The place ${place} has no Extension at any site. Ask the administrator.`;
  },

  noExtensionAt(place: string, site: string): string {
    return `The place ${place} has no Extension at your own site ${site}. Ask the administrator.`;
  },

  passwordExpired: 'Your password has expired. Set a new one, and you are let in with it.',
  passwordSet: 'Your new password counts from now on.',
  passwordNotSet: (text: string) => `Your password stays as it is: ${text}`,

  keptOut(text: string): string {
    return `You are not let in: ${text}`;
  },

  notLetIn(text: string): string {
    return `You are not let in yet, and it is tried again: ${text}`;
  },

  /** Who asks at the desk, as `by` below. */
  asker(by: MoveAsker): string {
    return `The ${by}`;
  },

  moveAskedBy(by: string): string {
    return `${by} asked for the move.`;
  },

  moveBegun(user: string, to: string): string {
    return `${user} moves to site ${to}.`;
  },

  askElsewhere(user: string, site: string): string {
    return `${user} works at site ${site}. Ask there.`;
  },

  /** For the agent, or of that user for whoever else has asked. */
  moveNotMade(to: string, desk: DeskSite | undefined, user?: string): string {
    const [is, works, waits] =
      user === undefined
        ? ['you are', 'You work', 'You wait']
        : [`${user} is`, `${user} works`, `${user} waits`];
    const no = `No move to site ${to} now`;
    if (desk === undefined || desk.situation.name === 'out') return `${no}: ${is} not logged in.`;
    const { situation, sites, busy } = desk;
    if (sites[to] === undefined)
      return `There is no site ${to} for ${user ?? 'you'}; there are ${Object.keys(sites).join(' and ')}.`;
    if (situation.name !== 'serving' && situation.name !== 'waiting')
      return `${no}: a log-in or a move is under way. Ask again when it is done.`;
    if (situation.site === to)
      return `${situation.name === 'serving' ? works : waits} at site ${to} already.`;
    const what = busyText(busy);
    return user === undefined
      ? `${no}: finish ${what} first, then ask again.`
      : `${no}: ${user} has to finish ${what} first. Ask again then.`;
  },
};

/** DS22: what the agent reads of a danger to the own move, one sentence for each kind; the rest is for the administrator. */
export const AT_RISK: Readonly<Record<MoveRisk['kind'] | 'server', string>> = {
  oneSite:
    'You have one site only at present: if it fails, you cannot go on at another. Tell your administrator.',
  sites:
    'Your sites are not all set up as they should be, so that you may be sent to another one than was meant. Tell your administrator.',
  phone:
    'Your phone knows one site only: if that fails, you cannot go on at the other. Tell your administrator.',
  lease:
    'If your site fails, it takes longer than was set until you can go on at the other. Tell your administrator.',
  options:
    'Some of your settings do not count, because they are wrong: a move may come at another time than was meant. Tell your administrator.',
  server:
    'A server of yours is not used, because it belongs to another site: while it is missing, less stands between you and a failure. Tell your administrator.',
};

const REQUESTS: Readonly<Record<string, string>> = {
  AgentLogin: 'your log-in',
  AgentLogout: 'your log-out',
  AgentReady: 'to make you Ready',
  AgentNotReady: 'to make you NotReady',
  MakeCall: 'your call',
  ReleaseCall: 'to end the call',
  AttachUserData: 'to attach data to the call',
};

/** What the agent reads at the top; empty when all is well. */
export function bannerText(desk: DeskSite, report: DeskSiteReport): string {
  const { situation } = desk;
  switch (situation.name) {
    case 'out':
      return outText(situation.why);
    case 'serving':
      return servingText(desk, situation.site, report);
    case 'waiting':
      return waitingText(desk, situation.site, report);
    case 'seeking': {
      const { wait } = report;
      const why = causeText(situation.cause, situation.from);
      if (wait === undefined) return `${why} Waiting until a site has your phone.`;
      return `${why} Going to site ${wait.site}, ${waitText(wait)}.`;
    }
    case 'entering':
      return `Logging in at site ${situation.site}.`;
    case 'withdrawing':
      return `${causeText(situation.cause, situation.from)} Moving to site ${situation.to}.`;
    default:
      return unreachable(situation);
  }
}

/** DS16: the link to configuration or statistics is lost, alone; the work goes on. */
export function lostText({ policy, site }: LinkSite): string {
  const { value: afterMs, option } = policy.moveAfterMs;
  const what = {
    configuration: `The configuration of site ${site} cannot be reached. Calls do not need it; what the administrator changes reaches you later.`,
    statistics: `The figures of site ${site} cannot be reached. Calls do not need it; what is shown of the queues is old.`,
  }[policy.link];
  if (afterMs === 'never' || policy.sites.length < 2) return `${what} It is tried again and again.`;
  return `${what} After ${inSeconds(afterMs)} your other site is asked instead (${optionText(option)}).`;
}

/** In a few words what a wait is for. */
export function waitFor({ for: what, site }: Pick<RunningWait, 'for' | 'site'>): string {
  switch (what) {
    case 'site':
      return `site ${site} to answer`;
    case 'phone':
      return `your phone at site ${site}`;
    case 'lease':
      return 'the other site to have let you go';
    case 'return':
      return `site ${site} to stay there for a while`;
    default:
      return unreachable(what);
  }
}

/** What would have to happen for the option to decide, in a few words. */
export const GOVERNS = {
  siteLost: (site: string) => `a loss of site ${site}`,
  siteBack: (site: string) => `your own site ${site} to be back`,
  switchedOn: 'a second site to go to',
  free: 'the end of the call, the after-call work and open windows',
};

function outText(why: OutReason): string {
  switch (why.name) {
    case 'notAsked':
      return 'You are not logged in.';
    case 'agent':
      return 'You have logged out. Log in when you want to work again.';
    case 'superseded':
      return 'Another desk has logged you in, so that this one is out. Log in here to work here instead.';
    case 'supervisor':
      return `A supervisor has logged you out (${why.said}). Log in when you may work again.`;
    case 'unknown':
      if (why.said === LOGOUT_REASONS.inactive)
        return 'You were logged out because nothing was done here for a while. Log in when you are back.';
      if (why.said === LOGOUT_REASONS.revoked)
        return 'You were logged out because your log-in was revoked. Log in again, or ask your administrator.';
      return `You were logged out, and the reason "${why.said}" is not known here. Log in again, or ask your supervisor.`;
    default:
      return unreachable(why);
  }
}

function servingText(desk: DeskSite, site: string, { because, wait }: DeskSiteReport): string {
  const { preferredSite, autoRestore } = desk.policy;
  if (site === preferredSite) return '';
  const here = `You work at site ${site}.`;
  const isNew = desk.rehoming !== undefined;
  const own = isNew ? `Your own site is ${preferredSite} now` : `Your own site ${preferredSite} is back`;
  if (wait !== undefined) {
    const why = because?.rule === 'RD2' ? ' It has come and gone too often of late, so that you wait.' : '';
    const length = inSeconds(wait.until - wait.from);
    return `${here} ${own}: you go there by yourself when it has been there for ${length} (${optionText(wait.option)}).${why}`;
  }
  if (isReturnHeldUp(desk))
    return `${here} ${own}: you go there by yourself when ${busyText(desk.busy)} is finished.`;
  if (isNew) return `${here} ${own}: you go there by yourself when your phone is there.`;
  if (desk.isKeptAway) return `${here} You stay here until you ask to move back.`;
  if (autoRestore.value)
    return `${here} You go back to site ${preferredSite} by yourself when your phone is there again.`;
  return `${here} You stay here until your next start, or until your phone or this site sends you back.`;
}

function waitingText(desk: DeskSite, site: string, { missing, wait }: DeskSiteReport): string {
  if (missing.name === 'nothing')
    return wait === undefined
      ? `Connecting to site ${site}.`
      : `Connecting to site ${site}, ${waitText(wait)}.`;
  const what =
    missing.name === 'site'
      ? `Site ${site} does not answer.`
      : `Your phone is not registered at site ${site}.`;
  const other = Object.keys(desk.sites).find((one) => one !== site);
  if (wait === undefined) {
    const why = other === undefined ? 'there is no other site for you' : optionText(missing.option);
    return `${what} You stay here and go on when it is back (${why}).${phoneText(desk, other)}`;
  }
  const length = inSeconds(wait.until - wait.from);
  return `${what} If it is not back after ${length}, you go to site ${other} (${optionText(wait.option)}).`;
}

/** DS2: whom no time-out takes along goes when asked to. */
function phoneText({ sites }: DeskSite, site: string | undefined): string {
  const facts = site === undefined ? undefined : sites[site];
  if (facts?.telephony.name !== 'on' || facts.phone.name !== 'inService') return '';
  return ` Your phone is at site ${site}: ask to move there, and you can work.`;
}

type Cause = Extract<DeskSite['situation'], { name: 'seeking' }>['cause'];

function causeText({ name, because }: Cause, from: string): string {
  switch (name) {
    case 'telephony':
      return `Site ${from} has not answered for ${because.option?.value ?? 'too long'}.`;
    case 'phone':
      return `Your phone has not been at site ${from} for ${because.option?.value ?? 'too long'}.`;
    case 'shutdown':
      return `Site ${from} is shutting down.`;
    case 'return':
      return because.rule === 'DS25'
        ? 'Your own site is another now.'
        : 'Your phone is at your own site again.';
    case 'asked':
      return because.text;
    default:
      return unreachable(name);
  }
}

function waitText({ from, until }: RunningWait): string {
  return `at the latest ${inSeconds(until - from)} after the other site was last heard, so that it has let you go`;
}

function busyText({ calls, afterCallWork, openWindows }: Busy): string {
  const what = [
    ...(calls > 0 ? ['the call'] : []),
    ...(afterCallWork ? ['the after-call work'] : []),
    ...(openWindows > 0 ? ['the work in open windows'] : []),
  ];
  return what.join(' and ');
}

function optionText({ name, value }: GoverningOption): string {
  return `${name} is ${value}`;
}
