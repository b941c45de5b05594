/** Options by which the servers and sites of a desk are chosen: changing one changes what it is told at log-in. */
import {
  type ConfigObject,
  type DeskConfiguration,
  type OptionSections,
  objectKey,
} from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { makeConfiguration } from './configuration.ts';
import { type DeskAnswer, deskConfiguration } from './desk-configuration.ts';
import { generateConfiguration } from './generate-configuration.ts';
import { REQUEST, sha256 } from './test-configuration.ts';

interface Asked {
  readonly options?: Readonly<Record<string, OptionSections>>;
  readonly more?: readonly ConfigObject[];
  readonly application?: string;
}

/** The answer to agent7001. */
function ask({ options = {}, more = [], application = 'workspace' }: Asked): DeskAnswer {
  const objects = new Map(
    [...generateConfiguration({ ...REQUEST, options }).objects, ...more].map((one) => [objectKey(one), one]),
  );
  const configuration = makeConfiguration([...objects.values()], sha256);
  const person = configuration.get('Person', 'agent7001');
  const app = configuration.get('Application', application);
  if (person === undefined || app === undefined) throw new Error('missing');
  return deskConfiguration(configuration, { person, application: app, places: [] });
}

function desk(asked: Asked = {}): DeskConfiguration {
  const answer = ask(asked);
  if (!answer.ok) throw new Error(answer.text);
  return answer.configuration;
}

const sitesOf = (asked: Asked = {}) => desk(asked).sites.map(({ site }) => site);
const workspace = (key: string, values: Record<string, string>) => ({
  [key]: { 'interaction-workspace': values },
});

test('[option interaction-workspace/disaster-recovery.preferred-site] the agent works there first', () => {
  expect(sitesOf()).toEqual(['north', 'south']);
  const options = workspace('Person/agent7001', {
    'disaster-recovery.preferred-site': 'south',
    'disaster-recovery.peer-site': 'north',
  });
  expect(desk({ options })).toMatchObject({
    preferredSite: 'south',
    sites: [{ site: 'south' }, { site: 'north' }],
  });
});

test('[option interaction-workspace/disaster-recovery.peer-site] the agent goes there, of several others', () => {
  const goesTo = (peer: string) =>
    sitesOf({ more: thirdSite({ 'interaction-workspace': { 'disaster-recovery.peer-site': peer } }) });
  expect(goesTo('south')).toEqual(['north', 'south']);
  expect(goesTo('west')).toEqual(['north', 'west']);
});

test('[option interaction-workspace/disaster-recovery.site] a server belongs to that site', () => {
  const options = workspace('Application/sip-south', { 'disaster-recovery.site': 'west' });
  expect(sitesOf({ options })).toEqual(['north']);
});

test('[option interaction-workspace/disaster-recovery.name] two pairs of one name are peers, of two names none', () => {
  const named = (north: string, south: string) => ({
    ...workspace('Application/sip-north', { 'disaster-recovery.name': north }),
    ...workspace('Application/sip-south', { 'disaster-recovery.name': south }),
  });
  expect(sitesOf({ options: named('one', 'one') })).toEqual(['north', 'south']);
  const answer = ask({ options: named('one', 'two') });
  expect(answer.ok ? '' : answer.text).toContain('"sip-north" (one), "sip-south" (two)');
});

test('[option interaction-workspace/warm-standby.retry-delay] is the pause of a link, the server going before the desk', () => {
  const pauses = (options: Asked['options'] = {}) =>
    desk({ options }).sites.map(({ telephony }) => telephony.reconnectPauseMs);
  const sources = (options: Asked['options'] = {}) =>
    desk({ options }).sites.map(({ telephony }) => telephony.reconnectPauseSource);
  expect(pauses()).toEqual([2_000, 2_000]);
  expect(sources()).toEqual(['Application/workspace', 'Application/workspace']);
  const person = workspace('Person/agent7001', { 'warm-standby.retry-delay': '6' });
  expect(pauses(person)).toEqual([6_000, 6_000]);
  const server = workspace('Application/sip-south', { 'warm-standby.retry-delay': '9' });
  expect(pauses({ ...person, ...server })).toEqual([6_000, 9_000]);
  expect(sources({ ...person, ...server })).toEqual(['Person/agent7001', 'Application/sip-south']);
});

test('[DS5] a pause that nobody has set is told without a source, so that the bootstrap file can stand in', () => {
  const [north] = desk(sites('desktop-north', 'desktop-south')).sites;
  expect(north?.telephony.reconnectPauseMs).toBe(10_000);
  expect(north?.telephony).not.toHaveProperty('reconnectPauseSource');
});

const sites = (first: string, second: string): Asked => ({
  options: { 'Person/agent7001': { 'agent-desktop': { 'site-1': first, 'site-2': second } } },
  application: 'desktop-north',
});

test('[option agent-desktop/site-1] the agent works at the site of that Application', () => {
  expect(desk(sites('desktop-north', 'desktop-south')).preferredSite).toBe('north');
  expect(desk(sites('desktop-south', 'desktop-north')).preferredSite).toBe('south');
});

test('[option agent-desktop/site-2] and goes to that of this one', () => {
  expect(desk(sites('desktop-north', 'desktop-south')).peerSite).toBe('south');
  expect(desk(sites('desktop-north', 'desktop-west')).peerSite).toBeUndefined();
});

test('[option holdfast/registration-scheme] [DS22] a phone that knows one address is warned of, where there are two sites', () => {
  const fixed = { 'Place/place-7001': { holdfast: { 'registration-scheme': 'fixed' } } };
  expect(desk().warnings).toEqual([]);
  const text = expect.stringContaining('holdfast/registration-scheme of Place "place-7001" is fixed');
  expect(desk({ options: fixed }).warnings).toEqual([{ kind: 'phone', text }]);
  const off = workspace('Application/workspace', { 'disaster-recovery.enabled': 'false' });
  expect(desk({ options: { ...fixed, ...off } }).warnings).toEqual([]);
});

test.each<[string, NonNullable<Asked['options']>, string, string]>([
  [
    'the Person',
    workspace('Person/agent7001', { 'disaster-recovery.timeout': '0' }),
    '10',
    'Application/workspace',
  ],
  [
    'the Person, with one of the group',
    {
      ...workspace('Person/agent7001', { 'disaster-recovery.timeout': '-1' }),
      ...workspace('AgentGroup/team-north', { 'disaster-recovery.timeout': '40' }),
    },
    '40',
    'AgentGroup/team-north',
  ],
  [
    'the Tenant',
    workspace('Tenant/holdfast', { 'disaster-recovery.timeout': '0' }),
    '10',
    'Application/workspace',
  ],
])(
  '[CF20] a time-out out of range on %s: the next source counts, and the agent is told',
  (_, options, value, source) => {
    const { options: resolved, warnings, sites } = desk({ options });
    expect(resolved['disaster-recovery.timeout']).toEqual({ value, source });
    expect(sites).toHaveLength(2);
    expect(warnings).toEqual([
      {
        kind: 'options',
        text: expect.stringMatching(
          /^(Person\/agent7001|Tenant\/holdfast): interaction-workspace\/disaster-recovery\.timeout: "(0|-1)" is not allowed: .* Until then it counts as not set\.$/,
        ),
      },
    ]);
  },
);

test('[CF20] [DS22] so is what is wrong on the place, the Agent Login and the desktop of either site; others are not told', () => {
  const wrong = { holdfast: { 'registration-scheme': 'triple' } };
  const options = {
    'Place/place-7001': wrong,
    'Place/place-7002': wrong,
    'AgentLogin/7001@south': { TServer: { 'wrap-up-time': 'long' } },
    'Application/desktop-south': { 'agent-desktop': { 'site-timeout': 'soon' } },
  };
  const both = { 'agent-desktop': { 'site-1': 'desktop-north', 'site-2': 'desktop-south' } };
  const told = desk({ options: { ...options, 'Person/agent7001': both }, application: 'desktop-north' });
  expect(told.warnings.map(({ text }) => text.slice(0, text.indexOf(': "')))).toEqual([
    'Application/desktop-south: agent-desktop/site-timeout',
    'Place/place-7001: holdfast/registration-scheme',
    'AgentLogin/7001@south: TServer/wrap-up-time',
  ]);
  expect(told.sites[1]?.options).not.toHaveProperty('site-timeout');
  // Unset, it is never (DS2).
  expect(told.sites[0]?.options['site-timeout']?.value).toBe('30');
});

test('[DS1] a pause of the other family on a third-party desktop is read by nobody', () => {
  const options = workspace('Application/desktop-north', { 'warm-standby.retry-delay': '99' });
  const { options: own } = sites('desktop-north', 'desktop-south');
  const told = desk({ options: { ...options, ...own }, application: 'desktop-north' });
  expect(told.sites[0]?.telephony.reconnectPauseMs).toBe(10_000);
  const text = expect.stringContaining('Nobody reads this option here');
  expect(told.warnings).toEqual([{ kind: 'options', text }]);
});

/** The site west, made from south, and the seat and person of agent7001 with `options`. */
function thirdSite(options: OptionSections): ConfigObject[] {
  const { objects } = generateConfiguration(REQUEST);
  const west = objects.flatMap((object): ConfigObject[] => {
    const name = objectKey(object);
    if (!/south/.test(name)) return [];
    return [JSON.parse(JSON.stringify(object).replaceAll('south', 'west'))];
  });
  const changed = objects.flatMap((object): ConfigObject[] => {
    if (object.objectType === 'Place' && object.name === 'place-7001')
      return [{ ...object, dns: [...object.dns, '7001@west'] }];
    if (object.objectType === 'Person' && object.name === 'agent7001')
      return [{ ...object, options, agentLogins: [...object.agentLogins, '7001@west'] }];
    if (object.objectType !== 'Application' || object.name !== 'workspace') return [];
    const more = object.connections
      .filter(({ server }) => server.endsWith('south'))
      .map((one) => ({ ...one, server: one.server.replace('south', 'west') }));
    return [{ ...object, connections: [...object.connections, ...more] }];
  });
  return [...west, ...changed];
}
