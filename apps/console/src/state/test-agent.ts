/** What the tests of this folder begin with: an agent at work in the north, and both sites up. */
import type { BoardAgent, BoardDecision, BoardDeskLink, BoardSite } from '@holdfast/protocol';

export const testLink = (
  kind: BoardDeskLink['kind'],
  site: string,
  more: Partial<BoardDeskLink> = {},
): BoardDeskLink => ({ kind, site, state: 'on', health: 'green', since: 0, move: null, ...more });

export const testAgent = (more: Partial<BoardAgent> = {}): BoardAgent => ({
  agent: 'agent7001',
  scheme: 'dual',
  dn: '7001',
  preferredSite: 'north',
  site: 'north',
  state: 'Ready',
  workMode: 'AutoIn',
  reason: '',
  onCall: false,
  since: 0,
  phoneAt: ['north'],
  wait: null,
  banner: '',
  family: 'interaction-workspace',
  links: [
    testLink('telephony', 'north'),
    testLink('telephony', 'south'),
    testLink('configuration', 'north'),
    testLink('statistics', 'north'),
  ],
  governing: null,
  warnings: [],
  alarms: [],
  ...more,
});

export const testSites = (north: BoardSite['state'] = 'up'): BoardSite[] => [
  { site: 'north', state: north, since: 0, processes: [], queues: [], calls: 0 },
  { site: 'south', state: 'up', since: 0, processes: [], queues: [], calls: 0 },
];

export const testDecision = (more: Partial<BoardDecision> = {}): BoardDecision => ({
  kind: 'decision',
  at: 1,
  who: 'agent7001',
  what: 'leave',
  because: 'No SIP Server of site north could be reached for 8 s.',
  rule: 'DS8a',
  option: { name: 'disaster-recovery.timeout', value: '8 s', source: 'Application/workspace' },
  site: 'north',
  ...more,
});

export const testAlarm = (name: string): BoardAgent['alarms'][number] => ({
  name,
  since: 0,
  text: 'The configuration of site north cannot be reached. Calls do not need it.',
  because: 'No server for configuration can be reached at site north.',
  rule: 'DS16',
});
