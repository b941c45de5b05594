import { PROTOCOL_VERSION_OLDEST } from '@holdfast/protocol';
import { expect, test } from 'vitest';
import { GREETING_MAX_MS } from '../sip-server/client-health.ts';
import { type CentreWorld, centreWorld } from '../sip-server/testing/centre-world.ts';
import { Desk } from '../sip-server/testing/desk.ts';
import { configurationOf, Site } from '../sip-server/testing/server-site.ts';
import { World } from '../sip-server/testing/server-world.ts';
import { SUBSCRIPTIONS_MAX } from './stat-clients.ts';
import { PUBLISH_EVERY_MS } from './stat-server-node.ts';
import { SECRET, StatDesk, StatSite, statConfiguration } from './testing/stat-world.ts';

interface StatWorld extends CentreWorld {
  readonly stat: StatSite;
  readonly desk: StatDesk;
}

/** A SIP Server with phones and agents, a Stat Server that follows it, and a board that has subscribed to all. */
function statWorld({ isFollowed = false } = {}): StatWorld {
  const centre = centreWorld({}, { serverSecret: SECRET, isFollowed });
  const stat = new StatSite(centre.world, { 'sip-north': centre.site });
  centre.world.run(100);
  const desk = new StatDesk(stat);
  expect(desk.open({ token: 'token sue' })).toBe('Opened');
  expect(desk.outcome({ type: 'Subscribe', objectType: 'Agent' })).toBe('Subscribed');
  expect(desk.outcome({ type: 'Subscribe', objectType: 'Queue' })).toBe('Subscribed');
  return { ...centre, stat, desk };
}

const current = { isCurrent: true };

test('[SV1] an agent who logs in, takes a break and leaves is seen so by whoever has subscribed', () => {
  const { world, desk, phone, agent } = statWorld();
  expect(desk.agent('ada')).toMatchObject({ status: 'LoggedOut', site: 'north', source: current });
  phone('7001');
  const ada = agent('ada', '7001');
  world.run(1_000);
  expect(desk.agent('ada')).toMatchObject({
    status: 'WaitForNextCall',
    login: { AgentID: '1001', dn: '7001', place: 'place 7001', queues: ['8000', '8001'] },
  });
  expect(desk.queue('8000@switch-north')).toMatchObject({ agentsLoggedIn: 1, agentsReady: 1 });
  ada.ask({ type: 'AgentNotReady', dn: '7001', reasons: { ReasonCode: 'lunch' } });
  world.run(5_000);
  expect(desk.agent('ada')).toMatchObject({
    status: 'NotReadyForNextCall',
    reasons: { ReasonCode: 'lunch' },
  });
  expect(desk.agent('ada').sinceMs).toBeGreaterThanOrEqual(5_000);
  expect(desk.agent('ada').sinceMs).toBeLessThan(5_100);
  expect(desk.queue('8000@switch-north')).toMatchObject({ agentsLoggedIn: 1, agentsReady: 0 });
  ada.ask({ type: 'AgentLogout', dn: '7001' });
  world.run(1_000);
  expect(desk.agent('ada').status).toBe('LoggedOut');
  expect(desk.agent('ada').login).toBeUndefined();
  expect(desk.queue('8000@switch-north')).toMatchObject({ agentsLoggedIn: 0 });
});

/** `CALLER_NUMBER` calls Sales, and nobody takes it. */
function callSales({ world, caller }: StatWorld): void {
  caller.tell({ name: 'call', to: '8000' });
  world.run(500);
}

test('[SV1] callers who wait are counted, with how long the first has waited', () => {
  const joined = statWorld();
  const { world, desk, caller } = joined;
  callSales(joined);
  world.run(41_000);
  expect(desk.queue('8000@switch-north')).toMatchObject({ callsWaiting: 1, source: current });
  const { longestWaitMs } = desk.queue('8000@switch-north');
  expect(longestWaitMs).toBeGreaterThan(41_000);
  expect(longestWaitMs).toBeLessThan(41_600);
  caller.tell({ name: 'hangup' });
  world.run(1_000);
  expect(desk.queue('8000@switch-north').callsWaiting).toBe(0);
  expect(desk.queue('8000@switch-north').longestWaitMs).toBeUndefined();
});

test('[SV1] a caller whom nobody answers comes back with the whole time waited', () => {
  const joined = statWorld();
  const { world, desk, phone, agent } = joined;
  phone('7001');
  callSales(joined);
  world.run(5_000);
  agent('ada', '7001');
  world.run(1_000);
  expect(desk.agent('ada').status).toBe('CallRinging');
  expect(desk.queue('8000@switch-north').callsWaiting).toBe(0);
  // The queue's ring time.
  world.run(10_000);
  expect(desk.queue('8000@switch-north').callsWaiting).toBe(1);
  expect(desk.queue('8000@switch-north').longestWaitMs).toBeGreaterThan(15_000);
  expect(desk.agent('ada').status).toBe('NotReadyForNextCall');
});

test('[SV1] who has subscribed to one object hears of that one alone, and of nothing after it has unsubscribed', () => {
  const { world, stat, phone, agent } = statWorld();
  const desk = new StatDesk(stat);
  desk.open({ token: 'token ada' });
  desk.ask({ type: 'Subscribe', objectType: 'Agent', name: 'ada' });
  phone('7001');
  phone('7002');
  agent('ada', '7001');
  const bob = agent('bob', '7002');
  world.run(1_000);
  expect(desk.names).toEqual(['ada']);
  expect(desk.agent('ada').status).toBe('WaitForNextCall');
  const { tellings } = desk;
  bob.ask({ type: 'AgentNotReady', dn: '7002' });
  world.run(1_000);
  expect(desk.tellings).toBe(tellings);
  expect(desk.outcome({ type: 'Unsubscribe', objectType: 'Agent', name: 'ada' })).toBe('Done');
  const ada = new StatDesk(stat);
  ada.open({ token: 'token ada' });
  bob.ask({ type: 'AgentReady', dn: '7002' });
  world.run(1_000);
  expect(desk.tellings).toBe(tellings);
});

test('[SV1] many changes in a second are few messages', () => {
  const { world, desk, phone, agent } = statWorld();
  phone('7001');
  const ada = agent('ada', '7001');
  world.run(1_000);
  const { tellings } = desk;
  for (let i = 0; i < 50; i++) {
    ada.ask({ type: i % 2 === 0 ? 'AgentNotReady' : 'AgentReady', dn: '7001' });
    world.run(10);
  }
  world.run(PUBLISH_EVERY_MS);
  expect(desk.tellings - tellings).toBeLessThanOrEqual(2 + (50 * 20) / PUBLISH_EVERY_MS);
  expect(desk.agent('ada').status).toBe('WaitForNextCall');
});

test('[SV1] a thousand clients are told once a second, and get the figures of then', () => {
  const { world, stat, desk, phone, agent } = statWorld();
  for (let n = 0; n < 1_000; n++) new StatDesk(stat).open({ token: 'token bob' });
  phone('7001');
  const ada = agent('ada', '7001');
  world.run(2_000);
  const { tellings } = desk;
  for (let i = 0; i < 30; i++) {
    ada.ask({ type: i % 2 === 0 ? 'AgentNotReady' : 'AgentReady', dn: '7001' });
    world.run(100);
  }
  // Three seconds of changes: at their beginning, and then once in each.
  expect(desk.tellings - tellings).toBeGreaterThanOrEqual(3);
  expect(desk.tellings - tellings).toBeLessThanOrEqual(4);
  world.run(1_000);
  expect(desk.agent('ada').status).toBe('WaitForNextCall');
});

test('[SV2] before Open only Ping is answered, and who does not open is sent away', () => {
  const { world, stat } = statWorld();
  const desk = new StatDesk(stat);
  expect(desk.outcome({ type: 'Subscribe', objectType: 'Queue' })).toBe('wrong-state');
  desk.send({ type: 'Ping', n: 7 });
  world.run(10);
  expect(desk.replies.at(-1)).toEqual({ type: 'Pong', n: 7 });
  world.run(GREETING_MAX_MS);
  expect(desk.closedBecause).toContain('No Open came within');
});

test.each([
  ['a forged token', { token: 'forged' }, 'token-invalid', 'token'],
  ['an expired token', { token: 'expired ada' }, 'token-expired', 'token'],
  ['a person who is disabled', { token: 'token eve' }, 'account-disabled', 'token'],
  [
    'a version of the past',
    { token: 'token ada', version: PROTOCOL_VERSION_OLDEST - 1 },
    'bad-message',
    'version',
  ],
])('[SV2] %s is refused with the field, and the connection stays', (_, open, code, field) => {
  const { stat } = statWorld();
  const desk = new StatDesk(stat);
  expect(desk.open(open)).toBe(code);
  expect(desk.replies.at(-1)).toMatchObject({ type: 'Error', field });
  expect(desk.outcome({ type: 'Subscribe', objectType: 'Queue' })).toBe('wrong-state');
  expect(desk.closedBecause).toBeUndefined();
  expect(desk.open({ token: 'token ada' })).toBe('Opened');
});

test('[SV2] who shows nothing may subscribe to nothing; a server shows the secret', () => {
  const { stat } = statWorld();
  const stranger = new StatDesk(stat);
  expect(stranger.open()).toBe('Opened');
  expect(stranger.outcome({ type: 'Subscribe', objectType: 'Queue' })).toBe('not-allowed');
  const server = new StatDesk(stat);
  expect(server.openAsServer(SECRET)).toMatchObject({ type: 'Opened', proof: expect.any(String) });
  expect(server.outcome({ type: 'Subscribe', objectType: 'Agent' })).toBe('Subscribed');
});

test('[LK1] at a Stat Server a wrong answer, and the secret itself, end the connection, and are told', () => {
  const { stat, world } = statWorld();
  const { clients } = stat.node.sizes();
  const stranger = new StatDesk(stat);
  expect(stranger.openAsServer('a guess')).toMatchObject({ type: 'Error', code: 'not-allowed' });
  const unasked = new StatDesk(stat);
  expect(unasked.outcome({ type: 'Proof', proof: 'anything' })).toBe('not-allowed');
  const old = new StatDesk(stat);
  expect(old.open({ version: 1, secret: SECRET })).toBe('not-allowed');
  expect(old.replies.at(-1)).toMatchObject({ text: expect.stringContaining('the oldest version between') });
  world.run(10);
  for (const { closedBecause } of [stranger, unasked, old]) expect(closedBecause).toContain('server secret');
  const lines = stat.logs.filter(({ what }) => what === 'server refused');
  expect(lines.map(({ because }) => because?.slice(0, 5))).toEqual(['LK1: ', 'LK1: ', 'LK1: ']);
  expect(stat.node.sizes().clients).toBe(clients);
});

test('[SV3] an agent sees any one agent and all queues, but not all agents', () => {
  const { stat } = statWorld();
  const desk = new StatDesk(stat);
  desk.open({ token: 'token ada' });
  expect(desk.outcome({ type: 'Subscribe', objectType: 'Agent', name: 'bob' })).toBe('Subscribed');
  expect(desk.outcome({ type: 'Subscribe', objectType: 'Queue' })).toBe('Subscribed');
  expect(desk.outcome({ type: 'Subscribe', objectType: 'Agent' })).toBe('not-allowed');
});

test('[SV3] who is no supervisor any more sees all agents no longer, and who is disabled is sent away', () => {
  const { world, stat, desk, phone, agent } = statWorld();
  const persons = new Map([
    ['sue', { rank: 'agent' }],
    ['ada', { rank: 'agent' }],
  ] as const);
  const bob = new StatDesk(stat);
  bob.open({ token: 'token bob' });
  stat.input({ type: 'configuration', configuration: statConfiguration({ revision: 'r2', persons }) });
  world.run(1_000);
  expect(desk.replies.at(-1)).toMatchObject({ type: 'Error', code: 'not-allowed' });
  expect(bob.closedBecause).toContain('bob is disabled');
  phone('7001');
  agent('ada', '7001');
  world.run(1_000);
  expect(desk.agent('ada').status).toBe('LoggedOut');
  // The queues it still sees.
  expect(desk.queue('8000@switch-north').agentsReady).toBe(1);
});

test('[SV4] an object that does not exist is refused by name, and the rest goes on', () => {
  const { world, desk, phone, agent } = statWorld();
  const refused = desk.ask({ type: 'Subscribe', objectType: 'Queue', name: '8000@switch-south' });
  expect(refused).toMatchObject({ type: 'Error', code: 'not-found', field: 'name' });
  expect(refused.type === 'Error' && refused.text).toContain('"8000@switch-south"');
  expect(refused.type === 'Error' && refused.text).toContain('number@switch, as 8000@switch-north');
  const person = desk.ask({ type: 'Subscribe', objectType: 'Agent', name: '1001' });
  expect(person.type === 'Error' && person.text).toContain('Subscribe by user name');
  phone('7001');
  agent('ada', '7001');
  world.run(1_000);
  expect(desk.agent('ada').status).toBe('WaitForNextCall');
});

test('[SV4] subscriptions have a limit', () => {
  const world = new World();
  const queues = new Set(Array.from({ length: SUBSCRIPTIONS_MAX + 1 }, (_, i) => `q${i}`));
  const objects = { ...statConfiguration().objects, queues };
  const stat = new StatSite(world, {}, statConfiguration({ objects }));
  const desk = new StatDesk(stat);
  desk.open({ token: 'token ada' });
  const outcomes = [...queues].map((queue) =>
    desk.outcome({ type: 'Subscribe', objectType: 'Queue', name: `${queue}@switch-north` }),
  );
  expect(outcomes.lastIndexOf('Subscribed')).toBe(SUBSCRIPTIONS_MAX - 1);
  expect(outcomes.at(-1)).toBe('overloaded');
  expect(desk.outcome({ type: 'Subscribe', objectType: 'Queue', name: 'q0@switch-north' })).toBe(
    'Subscribed',
  );
});

const PAIR = {
  members: [
    { host: 'sip-north', port: 1 },
    { host: 'sip-north-b', port: 1 },
  ],
  ...{ addpTimeoutMs: 5_000, pauseMs: 500 },
};

test('[SV5] the primary is tried, then the backup, then there is a pause', () => {
  const world = new World();
  const stat = new StatSite(world, {}, statConfiguration({ sipServer: PAIR }));
  world.run(100);
  expect(stat.tried).toEqual(['sip-north', 'sip-north-b']);
  world.run(800);
  expect(stat.tried).toEqual(['sip-north', 'sip-north-b', 'sip-north', 'sip-north-b']);
  stat.servers.set('sip-north-b', new Site(world, configurationOf(), { serverSecret: SECRET }));
  world.run(2_000);
  const desk = new StatDesk(stat);
  desk.open({ token: 'token ada' });
  desk.ask({ type: 'Subscribe', objectType: 'Agent', name: 'ada' });
  expect(desk.agent('ada')).toMatchObject({ status: 'LoggedOut', source: current });
  expect(stat.logs.filter(({ what }) => what.startsWith('SIP Server'))).toMatchObject([
    { what: 'SIP Server lost', because: 'ECONNREFUSED' },
    { what: 'SIP Server back' },
  ]);
});

test('[SV5] a SIP Server that hangs is polled and left, and its figures are stale from then on', () => {
  const { world, site, stat, desk } = statWorld();
  world.run(30_000);
  // Idle lines are polled and answered.
  expect(desk.agent('ada').source).toEqual(current);
  world.remove(site.host);
  site.fromDesk = () => undefined;
  world.run(5_000 * 2 + 2_000);
  expect(desk.agent('ada').source).toMatchObject({ isCurrent: false });
  expect(stat.logs.at(-1)?.because).toContain('No answer to a ping');
});

test('[SV5] a SIP Server that knows another secret is no source', () => {
  const world = new World();
  const site = new Site(world, configurationOf(), { serverSecret: 'the secret of another installation' });
  const stat = new StatSite(world, { 'sip-north': site });
  world.run(5_000);
  expect(stat.logs[0]?.because).toContain('The server secret is wrong');
  const desk = new StatDesk(stat);
  desk.openAsServer(SECRET);
  desk.ask({ type: 'Subscribe', objectType: 'Agent', name: 'ada' });
  expect(desk.agent('ada')).toMatchObject({ status: 'NotMonitored', source: { isCurrent: false } });
});

test('[SV6] what was missed while the connection was away comes late, at the time at which it happened', () => {
  const { world, stat, site, desk, phone, agent } = statWorld();
  phone('7001');
  const ada = agent('ada', '7001');
  world.run(1_000);
  const { sizes } = { sizes: site.node.sizes() };
  stat.servers.delete('sip-north');
  stat.cutLink();
  world.run(3_000);
  ada.ask({ type: 'AgentNotReady', dn: '7001' });
  world.run(7_000);
  expect(desk.agent('ada').source).toMatchObject({ isCurrent: false });
  expect(desk.agent('ada').status).toBe('WaitForNextCall');
  stat.servers.set('sip-north', site);
  world.run(1_500);
  expect(desk.agent('ada')).toMatchObject({ status: 'NotReadyForNextCall', source: current });
  expect(desk.agent('ada').sinceMs).toBeGreaterThanOrEqual(8_400);
  expect(desk.agent('ada').sinceMs).toBeLessThanOrEqual(8_600);
  // It came back to its session: there is no second one.
  expect(site.node.sizes()).toMatchObject({ clients: sizes.clients, sessions: sizes.sessions });
});

test('[SV6] an event that is missing is noticed with the next one, and a snapshot mends it', () => {
  const { world, stat, desk, phone, agent } = statWorld();
  phone('7001');
  const ada = agent('ada', '7001');
  world.run(1_000);
  stat.loseNextEvent = true;
  ada.ask({ type: 'AgentNotReady', dn: '7001' });
  world.run(1_000);
  expect(desk.agent('ada').status).toBe('WaitForNextCall');
  phone('7002');
  world.run(1_000);
  expect(desk.agent('ada').status).toBe('NotReadyForNextCall');
  expect(desk.agent('ada').sinceMs).toBeGreaterThan(2_000);
  expect(stat.logs.map(({ what }) => what)).toContain('events of the SIP Server missed');
});

test('[SV6] a restarted SIP Server has another epoch: a snapshot, and nobody is logged in any more', () => {
  const { world, stat, site, desk, phone, agent } = statWorld();
  phone('7001');
  agent('ada', '7001');
  world.run(1_000);
  world.remove(site.host);
  stat.killServer('sip-north');
  world.run(2_000);
  stat.servers.set('sip-north', new Site(world, configurationOf(), { serverSecret: SECRET }));
  world.run(2_000);
  expect(desk.agent('ada')).toMatchObject({ status: 'LoggedOut', source: current, reasons: {} });
  expect(desk.agent('ada').sinceMs).toBeUndefined();
  expect(desk.queue('8000@switch-north')).toMatchObject({ agentsLoggedIn: 0, source: current });
});

test('[SV6] a SIP Server that goes on with the log of its dead mate is followed without a snapshot', () => {
  const { world, stat, site, desk, phone, agent } = statWorld({ isFollowed: true });
  phone('7001');
  agent('ada', '7001');
  world.run(1_000);
  stat.killServer('sip-north');
  site.takeOver();
  stat.servers.set('sip-north', site);
  world.run(2_000);
  expect(desk.agent('ada')).toMatchObject({ status: 'WaitForNextCall', source: current });
  phone('7002');
  world.run(1_000);
  expect(stat.logs.map(({ what }) => what)).not.toContain('events of the SIP Server missed');
  expect(desk.agent('ada').sinceMs).toBeGreaterThan(3_500);
});

test('[SV7] from the loss on every statistic says for how long it is stale', () => {
  const { world, stat, site, desk, phone, agent } = statWorld();
  phone('7001');
  agent('ada', '7001');
  world.run(1_000);
  stat.killServer('sip-north');
  world.run(500);
  // The last figures, marked.
  expect(desk.agent('ada')).toMatchObject({ status: 'WaitForNextCall', source: { isCurrent: false } });
  expect(desk.queue('8000@switch-north').source).toMatchObject({ isCurrent: false });
  world.run(10_000);
  const late = new StatDesk(stat);
  late.open({ token: 'token bob' });
  late.ask({ type: 'Subscribe', objectType: 'Agent', name: 'ada' });
  const { source } = late.agent('ada');
  expect(source.isCurrent === false && source.staleMs).toBeGreaterThan(10_500);
  stat.servers.set('sip-north', site);
  world.run(2_000);
  for (const one of [desk.agent('ada'), late.agent('ada'), desk.queue('8001@switch-north')])
    expect(one.source).toEqual(current);
});

test('[SV8] a silent client is polled, and closed after as much again; nothing is held of who is gone', () => {
  const { world, stat, desk } = statWorld();
  const silent = new StatDesk(stat);
  silent.open({ token: 'token ada', addpTimeoutMs: 1_000 });
  silent.ask({ type: 'Subscribe', objectType: 'Queue' });
  world.run(1_500);
  expect(silent.pings).toBe(1);
  expect(silent.closedBecause).toBeUndefined();
  silent.answersPings = false;
  world.run(3_000);
  expect(silent.closedBecause).toContain('No answer to a ping');
  stat.input({ type: 'closed', connection: silent.connection });
  expect(stat.node.sizes()).toMatchObject({ clients: 1, subscriptions: 2, health: 1 });
  stat.input({ type: 'closed', connection: desk.connection });
  expect(stat.node.sizes()).toMatchObject({ clients: 0, subscriptions: 0, health: 0 });
});

test('[SV9] what is gone from the configuration is said, what is new is followed', () => {
  const { world, stat, desk, phone, agent } = statWorld();
  phone('7001');
  phone('7004');
  agent('ada', '7001');
  agent('dan', '7004');
  const { objects } = statConfiguration();
  const without = { ...objects, persons: new Set(['bob', 'cyd', 'dan']), queues: new Set(['8000']) };
  stat.input({
    type: 'configuration',
    configuration: statConfiguration({ revision: 'r2', objects: without }),
  });
  world.run(1_000);
  expect(desk.replies.filter(({ type }) => type === 'Removed')).toEqual([
    { type: 'Removed', objectType: 'Agent', name: 'ada' },
    { type: 'Removed', objectType: 'Queue', name: '8001@switch-north' },
  ]);
  expect(desk.outcome({ type: 'Subscribe', objectType: 'Agent', name: 'ada' })).toBe('not-found');
  stat.input({ type: 'configuration', configuration: statConfiguration({ revision: 'r3' }) });
  world.run(1_000);
  expect(desk.agent('ada').status).toBe('WaitForNextCall');
  expect(desk.queue('8001@switch-north').agentsReady).toBe(2);
});

test('[SS62] by the server secret a client follows everything, and may do nothing else', () => {
  const { site, stat, world, phone, agent } = statWorld();
  phone('7001');
  agent('ada', '7001');
  world.run(1_000);
  const stranger = new Desk(site, undefined, 'session-of-nobody');
  expect(stranger.outcome({ type: 'RegisterAll' })).toBe('wrong-state');
  expect(stranger.registerAsServer('not the secret')).toMatchObject({ type: 'Error', code: 'not-allowed' });
  const server = new Desk(site, undefined, 'session-of-a-server');
  expect(server.registerAsServer(SECRET)).toMatchObject({ type: 'ServerInfo' });
  expect(server.outcome({ type: 'AgentLogout', dn: '7001' })).toBe('not-allowed');
  expect(server.outcome({ type: 'RegisterAddress', dn: '7001' })).toBe('not-allowed');
  expect(server.outcome({ type: 'RegisterAll' })).toBe('RegisteredAll');
  world.run(100);
  expect(stat.node.sizes().dns).toBe(1);
});

test('[SV9] another SIP Server in the configuration is gone to, and the one that stays a member is kept', () => {
  const { world, stat, site, desk } = statWorld();
  const other = new Site(world, configurationOf(), { serverSecret: SECRET, host: '10.0.0.2' });
  stat.servers.set('sip-north-b', other);
  const { clients } = site.node.sizes();
  const configured = (sipServer: typeof PAIR) =>
    stat.input({ type: 'configuration', configuration: statConfiguration({ sipServer }) });
  configured({ ...PAIR, members: [...PAIR.members].reverse() });
  world.run(2_000);
  expect(site.node.sizes().clients).toBe(clients);
  configured({ ...PAIR, members: PAIR.members.slice(1) });
  world.run(2_000);
  expect(site.node.sizes().clients).toBe(clients - 1);
  expect(other.node.sizes().clients).toBe(1);
  expect(desk.agent('ada').source).toEqual(current);
});
