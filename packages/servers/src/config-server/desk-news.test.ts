import { makeConfiguration } from '@holdfast/centre';
import { type ConfigObject, nameOf } from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { expect, test } from 'vitest';
import { DESKS_A_TURN, TURN_PAUSE_MS } from './desk-news.ts';
import { configWorld, person, revision, sent } from './testing/config-world.ts';

type World = ReturnType<typeof configWorld>;
type Change = (list: ConfigObject[]) => void;

const token = (user: string) => `token ${user} ${8e15}`;

/** A desk for each of these users, whose connection has the name of the user; `more` beside it. */
function atWork(users: readonly string[], world: World = configWorld()): World {
  for (const user of users) enter(world, user, user);
  return world;
}

function enter(world: World, connection: string, user: string): void {
  world.open(connection);
  const reply = world.ask(connection, { type: 'LogInByToken', ReferenceID: 2, token: token(user) });
  expect(reply.type).toBe('LoggedIn');
}

function edit(world: World, change: Change) {
  const configuration = makeConfiguration(revision(change).objects, portableHashes.sha256);
  return world.input({ type: 'configuration', configuration });
}

function find(list: ConfigObject[], type: ConfigObject['objectType'], name: string): ConfigObject {
  const found = list.find((one) => one.objectType === type && nameOf(one).split('@')[0] === name);
  if (found === undefined) throw new Error(`no ${type} ${name}`);
  return found;
}

const timeout =
  (value: string, type: ConfigObject['objectType'], name: string): Change =>
  (list) => {
    const { options } = find(list, type, name);
    options['interaction-workspace'] = {
      ...options['interaction-workspace'],
      'disaster-recovery.timeout': value,
    };
  };

function told(world: World, change: Change): string[] {
  return edit(world, change).flatMap((effect) =>
    effect.type === 'send' && effect.message.type === 'DeskConfiguration' ? [effect.connection] : [],
  );
}

test('[CS17] whose option has changed is told at once, with the value and the object that sets it', () => {
  const world = atWork(['agent7001', 'agent7002']);
  const effects = edit(world, timeout('17', 'Person', 'agent7001'));
  expect(sent(effects, 'agent7002')).toEqual([]);
  expect(sent(effects, 'agent7001')).toMatchObject([
    {
      type: 'DeskConfiguration',
      configuration: {
        person: { name: 'agent7001' },
        options: { 'disaster-recovery.timeout': { value: '17', source: 'Person/agent7001' } },
      },
    },
  ]);
  expect(world.expire()).toEqual([]);
});

test('[CS17] what concerns all is told all; what makes no difference to a desk, nobody', () => {
  const world = atWork(['agent7001', 'agent7002']);
  expect(told(world, timeout('18', 'Application', 'workspace'))).toEqual(['agent7001', 'agent7002']);
  const withColour: Change = (list) => {
    timeout('18', 'Application', 'workspace')(list);
    person(list, 'agent7001').passwordChangedAt = 5;
  };
  expect(told(world.at(1_000), withColour)).toEqual([]);
});

test('[CS17] a group, a place, a queue and a log-in code concern those who have them', () => {
  const world = atWork(['agent7001', 'agent7002']);
  let at = 0;
  const after = (change: Change) => {
    at += 1_000;
    return told(world.at(at), change);
  };
  const group = (list: ConfigObject[]) => {
    const found = list.find((one) => one.objectType === 'AgentGroup' && one.originationDNs.length > 0);
    if (found?.objectType !== 'AgentGroup') throw new Error('no group');
    return found;
  };
  const without: Change = (list) => {
    group(list).members = ['agent7002'];
  };
  expect(after(without)).toEqual(['agent7001']);
  // The one who was put in again, and nobody else.
  expect(after(() => {})).toEqual(['agent7001']);
  const fixed: Change = (list) => {
    const { defaultPlace = '' } = person(list, 'agent7002');
    find(list, 'Place', defaultPlace).options.holdfast = { 'registration-scheme': 'fixed' };
  };
  expect(after(fixed)).toEqual(['agent7002']);
  expect(after(() => {})).toEqual(['agent7002']);
  const queue: Change = (list) => {
    const [reference = ''] = group(list).originationDNs;
    const [number = '', name] = reference.split('@');
    const dn = list.find((one) => one.objectType === 'DN' && one.number === number && one.switch === name);
    if (dn === undefined) throw new Error('no queue');
    dn.enabled = false;
  };
  expect(after(queue)).toEqual(['agent7001', 'agent7002']);
  expect(after(() => {})).toEqual(['agent7001', 'agent7002']);
  const code: Change = (list) => {
    const [login = ''] = person(list, 'agent7001').agentLogins;
    find(list, 'AgentLogin', login.split('@')[0] ?? '').enabled = false;
  };
  expect(after(code)).toEqual(['agent7001']);
});

test('[CS17] two thousand desks on one change are told by turns, all within a second; the newest counts', () => {
  const world = configWorld();
  const desks = Array.from({ length: 2_000 }, (_, n) => `desk-${n}`);
  for (const desk of desks) enter(world, desk, 'agent7001');
  const first = told(world, timeout('18', 'Application', 'workspace'));
  expect(first).toHaveLength(DESKS_A_TURN);
  expect(world.node.nextDeadline()).toBe(TURN_PAUSE_MS);
  // A second revision while most wait: it keeps the pace, and nobody is told the first one any more.
  expect(told(world.at(1), timeout('19', 'Application', 'workspace'))).toEqual([]);
  const heard = new Map(first.map((desk) => [desk, '18']));
  for (let at = world.node.nextDeadline() ?? 0; at < 1_000; at = world.node.nextDeadline() ?? 1_000) {
    const turn = world.at(at).expire();
    let told = 0;
    for (const effect of turn) {
      if (effect.type !== 'send' || effect.message.type !== 'DeskConfiguration') continue;
      told += 1;
      const { options } = effect.message.configuration;
      heard.set(effect.connection, options['disaster-recovery.timeout']?.value ?? '');
    }
    expect(told).toBeLessThanOrEqual(DESKS_A_TURN);
  }
  expect(desks.filter((desk) => heard.get(desk) !== '19')).toEqual([]);
});

test('[CS17] a desk that cannot work by the new revision keeps what it has, and the log says why', () => {
  const world = atWork(['agent7001', 'agent7002']);
  const effects = edit(world, (list) => {
    find(list, 'Application', 'workspace').enabled = true;
    person(list, 'agent7001').agentLogins = [];
  });
  expect(sent(effects)).toEqual([]);
  const lines = effects.flatMap((effect) => (effect.type === 'log' ? [effect.line] : []));
  expect(lines).toMatchObject([
    { what: 'configuration changed' },
    { level: 'warn', what: 'desk configuration not made', because: expect.stringContaining('agent7001') },
  ]);
  // Mended, there is no difference to what it has.
  expect(told(world.at(1_000), () => {})).toEqual([]);
});

test('[CS17] who has gone is told nothing, and who comes again is told by the log-in', () => {
  const world = atWork(['agent7001']);
  world.input({ type: 'closed', connection: 'agent7001' });
  expect(told(world, timeout('18', 'Person', 'agent7001'))).toEqual([]);
  enter(world.at(500), 'again', 'agent7001');
  expect(told(world, timeout('18', 'Person', 'agent7001'))).toEqual([]);
  expect(told(world.at(1_000), timeout('20', 'Person', 'agent7001'))).toEqual(['again']);
});
