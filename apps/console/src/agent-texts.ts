/** The words about one agent: marks, links, family, what decides next, and the time line. */
import type { BoardAgent, BoardDeskLink } from '@holdfast/protocol';
import { wholeDuration } from './state/durations.ts';
import type { LinkKind, LinkMark, MarkState } from './state/link-marks.ts';
import type { NextMove } from './state/next-move.ts';

const SCHEMES: Readonly<Record<BoardAgent['scheme'], string>> = {
  single: 'at the first site that answers',
  dual: 'at both sites at once',
  'active-backup': 'at the other site only while its own is lost',
  fixed: 'at one address for ever',
};
export const schemeWords = (scheme: BoardAgent['scheme']) => `${scheme}, ${SCHEMES[scheme]}`;

type Family = NonNullable<BoardAgent['family']>;

export const FAMILIES = ['interaction-workspace', 'agent-desktop'] as const;

/** On a card, where there is room for a letter or two. */
export const FAMILY_LETTERS: Readonly<Record<Family, string>> = {
  'interaction-workspace': 'W',
  'agent-desktop': '3P',
};
export const FAMILY_WORDS: Readonly<Record<Family, string>> = {
  'interaction-workspace': 'Workspace desktop',
  'agent-desktop': 'third-party desktop',
};

/** In the legend. */
export const FAMILY_SHORT: Readonly<Record<Family, string>> = {
  'interaction-workspace': 'Workspace',
  'agent-desktop': 'third-party',
};

export const KIND_WORDS: Readonly<Record<LinkKind, string>> = {
  telephony: 'Telephony',
  configuration: 'Configuration',
  statistics: 'Statistics',
};
/** In the legend. */
export const KIND_SHORT: Readonly<Record<LinkKind, string>> = {
  telephony: 'SIP',
  configuration: 'Config',
  statistics: 'Stat',
};
export const KIND_SERVERS: Readonly<Record<LinkKind, string>> = {
  telephony: 'SIP Server',
  configuration: 'Configuration Server',
  statistics: 'Stat Server',
};

export const MARK_WORDS: Readonly<Record<MarkState, string>> = {
  on: 'on',
  doubt: 'silent',
  trying: 'trying',
  lost: 'lost',
};
export const MARK_MEANINGS: Readonly<Record<MarkState, string>> = {
  on: 'it stands, and its server answers',
  doubt: 'it stands, but its server has gone silent',
  trying: 'it is being connected',
  lost: 'none of its servers answers',
};

/** "Telephony on, configuration lost, statistics on": for those who listen. */
export function marksInWords(marks: readonly LinkMark[]): string {
  return marks
    .map(
      ({ kind, state, site, towards }) =>
        `${KIND_WORDS[kind].toLowerCase()} ${MARK_WORDS[state]}${towards === null ? '' : ` at ${site}`}`,
    )
    .join(', ');
}

/** What the option that governs would do, in a sentence. */
export function nextMoveWords(move: NextMove): string {
  switch (move.name) {
    case 'siteLost':
      return move.after === null
        ? `Never leaves ${move.site} for want of a SIP Server.`
        : `Leaves ${move.site} after ${move.after} without a SIP Server.`;
    case 'phoneLost':
      return move.after === null
        ? `Never leaves ${move.site} for want of the phone.`
        : `Leaves ${move.site} after ${move.after} without the phone there.`;
    case 'return':
      return `Goes back to ${move.site} by itself; waits for ${selfless(move.when)}.`;
    case 'lease':
      return `Logs in when the lease of site ${move.site} has certainly ended, ${move.length} after it was last heard.`;
    case 'other':
      return `Waits for ${selfless(move.when)}.`;
  }
}

/** The desk speaks to its agent. */
const selfless = (words: string): string =>
  words.replaceAll('your own', 'its own').replaceAll('your ', 'the ');

export const DETAILS = {
  close: 'Close',
  name: (agent: string) => `Agent ${agent}`,
  links: 'Links',
  kind: 'Link',
  site: 'Site',
  state: 'State',
  since: 'Since',
  linkSince: ({ since }: BoardDeskLink, now: number) => wholeDuration(now - since),
  unknownSite: 'not known yet',
  noLinks: 'The desk has told of no link yet.',
  nowhere: 'nowhere',
  preferred: 'Prefers',
  phoneAt: 'Phone at',
  scheme: 'Registers',
  reason: 'Reason',
  told: 'Is told',
  next: 'What decides next',
  setFor: (site: string) => `set for site ${site}`,
  nextUnknown: 'No option governs a move of this agent now.',
  left: (seconds: number) => `${seconds} s more`,
  linkMoves: (kind: LinkKind, to: string) => `${KIND_WORDS[kind]} link goes to ${to} by itself`,
  waits: (what: string) => `Waits for ${selfless(what)}`,
  alarm: (name: string) => `Alarm: ${name}`,
  alarmMovesNobody: 'The agent stays and works on.',
  alarmOfSite: 'Part of the loss of the whole site.',
  warning: 'Warning',
  line: 'Time line of decisions',
  noDecisions: 'This agent has decided nothing yet.',
  dropped: (count: number) => `${count} older ones are no longer kept.`,
  now: 'Now',
  arrow: 'arrow',
  arrowMeaning: 'this link stands at the other site, alone',
  bell: 'alarm',
  bellMeaning: 'a link to configuration or statistics is lost; the agent stays and works on',
} as const;
