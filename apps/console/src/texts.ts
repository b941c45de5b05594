/**
 * Every word that the page says, in one place: plain, short, and the same word for the same thing everywhere
 * (GLOSSARY.md).
 */
import type { BoardDecision, BoardSite } from '@holdfast/protocol';
import type { Face } from './state/card-face.ts';
import { clockTime, exactDuration, wholeDuration } from './state/durations.ts';
import { entryLook } from './state/feed-groups.ts';
import type { Governor, Lane } from './state/recovery.ts';
import type { Command } from './state/site-buttons.ts';

export const FACE_WORDS: Readonly<Record<Face, string>> = {
  ready: 'Ready',
  talking: 'On a call',
  wrapUp: 'After call',
  notReady: 'Not ready',
  out: 'Logged out',
  cut: 'Cut off',
};

export const FACE_MEANINGS: Readonly<Record<Face, string>> = {
  ready: 'can take a call now',
  talking: 'speaks with a caller',
  wrapUp: 'finishes the work after a call',
  notReady: 'is at the desk and takes no calls',
  out: 'logged in nowhere: stands in the river',
  cut: 'was logged in at a site that no longer answers, and is not yet at the other',
};

export const SITE_WORDS: Readonly<Record<BoardSite['state'], string>> = {
  up: 'Running',
  down: 'Dead',
  hung: 'Hung',
  starting: 'Starting',
};

export const SITE_MEANINGS: Readonly<Record<BoardSite['state'], string>> = {
  up: 'all its servers answer',
  down: 'all its servers are killed',
  hung: 'connections stand, nothing answers',
  starting: 'its servers are being started',
};

export const COMMAND_WORDS: Readonly<Record<Command, string>> = {
  kill: 'Kill',
  hang: 'Hang',
  restore: 'Restore',
};

export const COMMAND_RUNNING: Readonly<Record<Command, string>> = {
  kill: 'Killing',
  hang: 'Stopping',
  restore: 'Restoring',
};

export const COMMAND_HELP: Readonly<Record<Command, string>> = {
  kill: 'End every process of this site at once (SIGKILL). Nothing can say good-bye.',
  hang: 'Stop every process of this site (SIGSTOP): connections stand, nothing answers.',
  restore: 'Start the site again, or let it run on if it hangs.',
};

export const LANE_WORDS: Readonly<Record<Lane, string>> = {
  detected: 'Loss noticed',
  decided: 'Move decided',
  loggedIn: 'Logged in again',
  ready: 'Ready again',
};

/** Of one agent, and of several. */
const DECISIONS: Readonly<Record<string, readonly [string, string]>> = {
  leave: ['leaves', 'leave'],
  logIn: ['logs in at', 'log in at'],
  return: ['goes back to', 'go back to'],
  stay: ['stays at', 'stay at'],
  waitForPhone: ['waits for the phone after losing', 'wait for their phones after losing'],
  loggedOut: ['was logged out at', 'were logged out at'],
  refused: ['was refused at', 'were refused at'],
  judgeAnew: ['waits by another time-out for', 'wait by another time-out for'],
  rehome: ['belongs from now on to', 'belong from now on to'],
  'move the configuration link': ['takes the configuration link to', 'take their configuration links to'],
  'move the statistics link': ['takes the statistics link to', 'take their statistics links to'],
};

const ALARMS: Readonly<Record<string, string>> = {
  'configuration-link-lost': 'configuration link lost',
  'statistics-link-lost': 'statistics link lost',
};
export const alarmName = (name: string): string => ALARMS[name] ?? name;

/** "logs in at south"; words of the lab that are not known here are shown as they are. */
export function decisionWords(
  { kind, what, site }: Pick<BoardDecision, 'kind' | 'what' | 'site'>,
  agents = 1,
): string {
  const report = agents === 1 ? 'reports' : 'report';
  if (kind === 'alarm') return `${report}: ${alarmName(what)}${site === null ? '' : ` at ${site}`}`;
  if (kind === 'alarmOver') return `${report} the end of: ${alarmName(what)}`;
  const known = DECISIONS[what]?.[agents === 1 ? 0 : 1];
  return known === undefined ? what : `${known} ${site ?? 'its site'}`;
}

/** "disaster-recovery.timeout = 8 s, from Application/workspace". */
export function optionWords({ name, value, source }: NonNullable<BoardDecision['option']>): string {
  return `${name} = ${value}, ${source === 'default' ? 'by default' : `from ${source}`}`;
}

/** "site-timeout = 8 s", "end of their calls, 9.1 s to 14.2 s". */
export function governorWords({ option, least, most, agents }: Governor): string {
  const name = option ?? (agents === 1 ? 'end of a call' : 'end of their calls');
  if (least === null || most === null) return name;
  const words = option === null ? exactDuration : optionDuration;
  const range = least === most ? words(least) : `${words(least)} to ${words(most)}`;
  return option === null ? `${name}, ${range}` : `${name} = ${range}`;
}

const optionDuration = (ms: number) => (ms % 1000 === 0 ? `${ms / 1000} s` : `${ms} ms`);

/** "+2 links, 1 alarm over": each link and alarm once, however many agents it is of. */
function followerWords(entries: readonly Pick<BoardDecision, 'kind' | 'what'>[]): string {
  const count = (look: string) =>
    new Set(entries.filter((entry) => entryLook(entry) === look).map(({ what }) => what)).size;
  const [links, alarms] = [count('link'), count('alarmOver')];
  return [
    ...(links === 0 ? [] : [`+${links} ${links === 1 ? 'link' : 'links'}`]),
    ...(alarms === 0 ? [] : [`${alarms} ${alarms === 1 ? 'alarm' : 'alarms'} over`]),
  ].join(', ');
}

export const TEXTS = {
  product: 'Holdfast',
  tagline: 'two sites, one contact centre',
  bank: (site: string) => `Site ${site}`,
  river: 'The river',
  riverEmpty: 'nobody is logged out',
  riverCount: (count: number) => (count === 1 ? '1 agent logged out' : `${count} agents logged out`),
  noCard: (count: number) => `and ${count} more agents, without a card`,
  since: (ms: number) => wholeDuration(ms),
  talkingHere: (count: number) => (count === 1 ? '1 call' : `${count} calls`),
  agentsHere: (atWork: number, here: number) => `${atWork} of ${here} at work`,
  siteAlarms: (agents: number) => String(agents),
  siteAlarmsMeaning: (agents: number, names: readonly string[]) =>
    `Alarm at ${agents === 1 ? '1 agent' : `${agents} agents`} (${names.map(alarmName).join(', ')}). Nobody moves because of it.`,
  processes: 'Processes',
  process: (name: string, state: string, pid: number | null) =>
    `${name}: ${state}${pid === null ? '' : `, process ${pid}`}`,

  figures: {
    label: 'Right now',
    atWork: 'at work',
    waiting: 'callers waiting',
    withoutSign: 'no answer yet',
    withoutSignMeaning: 'Callers who have dialled, and to whom no site has given a sign yet.',
    talking: 'in calls',
    answered: 'answered',
    lost: 'calls lost',
    lostMeaning: (talking: number, inLine: number) =>
      `${talking} in which two people talked, ${inLine} in a line that went with its site`,
    of: (number: number, all: number) => `${number}/${all}`,
  },

  agents: 'Agents',
  agent: (name: string) => (name.startsWith('agent') ? name : `Agent ${name}`),
  /** Said after number and state. */
  cardMore: (facts: {
    place: string;
    wait: string | undefined;
    links: string;
    family: string | undefined;
    alarms: readonly string[];
  }) =>
    [
      `, ${facts.place}`,
      ...(facts.wait === undefined ? [] : [facts.wait]),
      ...(facts.alarms.length === 0 ? [] : [`Alarm: ${facts.alarms.join(', ')}`]),
      ...(facts.links === '' ? [] : [`Links: ${facts.links}`]),
      ...(facts.family === undefined ? [] : [facts.family]),
    ].join('. '),
  atSite: (site: string) => `at site ${site}`,
  /** Speech goes on directly between the phones. */
  talkingCutOff: 'Call, cut off',
  cutOffAt: (site: string) => `nowhere, cut off from site ${site}`,
  inRiver: 'in the river',
  waitsFor: (what: string, seconds: number) => `Waits for ${what}: ${seconds} s`,
  legend: 'What the cards mean',
  markLegend: 'Which link a mark is',
  stateLegend: 'How a link is',
  familyLegend: 'Desktops',
  waiting: 'Waits',
  waitMeaning: 'the ring closes while a wait runs; the number counts its seconds down',

  queues: (site: string) => `Queues at site ${site}`,
  queuesGone: 'No word from the queues of this site.',
  queueEmpty: 'nobody waits',
  queueWaiting: (count: number) => (count === 1 ? '1 caller waits' : `${count} callers wait`),
  moreWaiting: (count: number) => `+${count}`,
  queueAgents: (free: number, inCall: number) => `${free} free, ${inCall} in calls`,
  queueAgentsMeaning: (free: number, inCall: number, loggedIn: number) =>
    `Of ${loggedIn} agents who serve this queue here, ${free} can be given the next caller, ${inCall} are in calls, and ${Math.max(0, loggedIn - free - inCall)} take no calls now.`,
  queueGone: 'not reachable',
  callerWaits: (ani: string, ms: number) => `${ani || 'number withheld'} waits ${wholeDuration(ms)}`,

  disaster: {
    title: 'The disaster',
    none: 'No disaster yet',
    noneHelp:
      'Kill or hang a site above. Here you will see when each agent noticed it, decided, logged in at the other site and was Ready again, and how long that took.',
    fault: (site: string, what: string) => `Site ${site}: ${what}`,
    ago: (ms: number) => `${wholeDuration(ms)} ago`,
    nth: (index: number, count: number) => `${index} of ${count}`,
    older: 'Earlier disaster',
    newer: 'Later disaster',
    readyAgain: (ready: number, all: number) => `${ready} of ${all} Ready again`,
    stillWaiting: (count: number) => (count === 1 ? '1 still waits' : `${count} still wait`),
    nobody: 'Nobody was at work there: no agent had to move.',
    curve: 'agents Ready again',
    caption:
      'Every agent counts from the fault. Who was in a call goes on talking; the end of that call is part of the wait.',
    allowed: 'allowed wait',
    governedBy: 'governed by',
    governor: governorWords,
    times: (agents: number) => `${agents} ×`,
    governs: (agents: number) => (agents === 1 ? '1 agent' : `${agents} agents`),
    figures: 'Time unable to take calls',
    total: 'in all',
    totalSoFar: 'in all, so far',
    totalMeaning: 'Who still waits counts with the time so far.',
    afterWait: 'past the wait',
    afterWaitOf: (ready: number) => `past the wait (of\u00a0${ready})`,
    afterWaitMeaning: 'Of those who are Ready again: what was allowed is known only then.',
    none_yet: '–',
    summary: (facts: { site: string; ready: number; all: number; p50: string; p99: string }) =>
      `Site ${facts.site}: ${facts.ready} of ${facts.all} agents are Ready again; half of them within ${facts.p50}, 99 % within ${facts.p99}.`,
  },

  feed: {
    title: 'Decisions',
    list: 'All decisions, newest first',
    empty: 'Agents decide by themselves when to move. Each decision appears here, with its reason.',
    who: (agents: readonly string[]) =>
      agents.length < 3 ? agents.join(' and ') : `${agents[0]} and ${agents.length - 1} more`,
    followers: followerWords,
    alarms: (entries: readonly Pick<BoardDecision, 'what'>[], site: string | null) =>
      `${[...new Set(entries.map(({ what }) => alarmName(what)))].join(', ')}${site === null ? '' : ` at ${site}`}`,
    alarm: 'Alarm, no move',
    rule: (rule: string) => `Rule ${rule}`,
  },

  join: {
    button: 'Join by phone',
    title: 'Join with your own phone',
    lead: 'Any SIP phone or softphone can take part: register with this account, then call the queue. One of the robot agents answers. Kill the site while you speak, and listen.',
    server: 'Server',
    user: 'Account',
    password: 'Password',
    queue: 'Number to call',
    copy: 'Copy',
    copied: 'Copied',
    absent: 'The lab has no account to offer at the moment.',
  },

  help: {
    button: 'What is this?',
    title: 'What am I looking at?',
    points: [
      'Two sites of one contact centre, each on its own bank. Each has its own servers, which really run on this machine, with real SIP calls.',
      'Every card is an agent with a phone and a desk. A card stands on the bank where the agent is logged in, or is cut off while that site is away. Who is logged out of a living site stands in the river.',
      'Press Kill on a site. Its agents notice, wait as long as their options say (the ring on the card closes), and log in at the other site by themselves: their cards cross the river.',
      'Underneath is the account of the disaster: when each agent noticed, decided, logged in and was Ready again. The shaded part is the wait that the options ask for, or that a call at the lost site takes to end; the white between it and the green curve is what we added.',
      'Hang is nastier than Kill: connections stand but nothing answers, so that only silence tells. Restore brings a site back: agents with Workspace desktops return by themselves, those with third-party desktops when their phone has gone back.',
      'Nobody is told what to do from here. Each desk decides by itself, and says why under Decisions. Press a card to see one agent alone: links, the option that decides next, and all decisions so far.',
    ],
    states: 'The cards',
    links: 'The marks on a card',
  },

  link: {
    live: 'Live',
    connecting: 'Connecting',
    gone: 'Lab gone',
    silent: (seconds: number) => `No data for ${seconds} s`,
    silentTitle: 'The lab says nothing.',
    silentSince: (seconds: number) => `Its connection stands, but no data have come for ${seconds} s.`,
    lostTitle: 'The lab is gone.',
    lost: (seenAt: number) => `What you see is how it was at ${clockTime(seenAt)}.`,
    never: 'It has not answered yet. Is it running? Start it with: npm start',
    retrying: (seconds: number) => (seconds > 0 ? `Next attempt in ${seconds} s.` : 'Trying now …'),
    waiting: 'Waiting for the first picture from the lab …',
  },

  scheme: { label: 'Colours', light: 'Light', dark: 'Dark', auto: 'As the system' },
  dismiss: 'Dismiss',
  announce: (site: string, state: BoardSite['state']) =>
    `Site ${site}: ${SITE_WORDS[state]}, ${SITE_MEANINGS[state]}.`,
} as const;
