import { test } from 'vitest';
import { secondGroup, withClusters } from './good-worlds.ts';
import { all, connection, finds, generated, option, type Row } from './test-worlds.ts';

const DR = 'interaction-workspace/disaster-recovery';

test.each<Row>([
  [
    'a SIP Server has no site',
    option(generated(), 'Application/sip-south', `${DR}.site`, undefined),
    `Application/sip-south ${DR}.site`,
    { also: ['V3', 'V29', 'V75'] },
  ],
  [
    'a Stat Server has no site',
    option(generated(), 'Application/stat-south', `${DR}.site`, undefined),
    `Application/stat-south ${DR}.site`,
    { also: ['V5', 'V75'] },
  ],
  [
    'a cluster has no site and its nodes have',
    option(withClusters(generated()), 'Application/stats-south', `${DR}.site`, undefined),
    `Application/stats-south ${DR}.site`,
    { hasFix: true, also: ['V20'] },
  ],
])('[V1] %s', finds('V1'));

test.each<Row>([
  [
    'a node says another site than its cluster',
    option(withClusters(generated()), 'Application/proxy-south', `${DR}.site`, 'north'),
    `Application/proxy-south ${DR}.site`,
    { hasFix: true },
  ],
])('[V2] %s', finds('V2'));

test.each<Row>([
  [
    'a group prefers a site that nobody has',
    option(generated(), 'AgentGroup/team-north', `${DR}.preferred-site`, 'nrth'),
    `AgentGroup/team-north ${DR}.preferred-site`,
  ],
  [
    'a Person has a peer that nobody has',
    option(generated(), 'Person/agent7001', `${DR}.peer-site`, 'west'),
    `Person/agent7001 ${DR}.peer-site`,
  ],
])('[V3] %s', finds('V3'));

test.each<Row>([
  [
    'no Configuration Server at the peer site',
    all(generated(), (one) => option(one, 'Application/config-south', `${DR}.site`, 'west')),
    `AgentGroup/team-north ${DR}.peer-site`,
    { also: ['V19'] },
  ],
])('[V4] %s', finds('V4'));

test.each<Row>([
  [
    'no Stat Server at the preferred site of a group, and one at the other',
    all(
      generated(),
      (one) => one.filter((object) => !('name' in object) || object.name !== 'stat-north'),
      (one) => connection(one, 'workspace', 'stat-north', null),
      (one) => connection(one, 'desktop-north', 'stat-north', null),
    ),
    `AgentGroup/team-north ${DR}.preferred-site`,
  ],
])('[V5] %s', finds('V5'));

test.each<Row>([
  [
    'a group has one site for both',
    option(generated(), 'AgentGroup/team-north', `${DR}.peer-site`, 'north'),
    `AgentGroup/team-north ${DR}.peer-site`,
  ],
  [
    'a Person prefers the peer of the group',
    option(generated(), 'Person/agent7001', `${DR}.preferred-site`, 'south'),
    `AgentGroup/team-north ${DR}.peer-site`,
  ],
])('[V6] %s', finds('V6'));

test.each<Row>([
  [
    'enabled on the Application, and no site named by anybody',
    generated().map((object) => (object.objectType === 'AgentGroup' ? { ...object, options: {} } : object)),
    `Application/workspace ${DR}.enabled`,
  ],
  [
    'one agent is in no team',
    generated().map((object) =>
      object.objectType === 'AgentGroup' && object.name === 'team-north'
        ? { ...object, members: object.members.filter((member) => member !== 'agent7001') }
        : object,
    ),
    `Application/workspace ${DR}.enabled`,
  ],
])('[V7] %s', finds('V7'));

test.each<Row>([
  [
    'sites are named and nobody has enabled it',
    option(generated(), 'Application/workspace', `${DR}.enabled`, 'false'),
    `AgentGroup/team-north ${DR}.enabled`,
    { hasFix: true },
  ],
  [
    'a Person has it disabled for themselves',
    option(generated(), 'Person/agent7001', `${DR}.enabled`, 'false'),
    `Person/agent7001 ${DR}.enabled`,
    { hasFix: true },
  ],
])('[V8] %s', finds('V8'));

test.each<Row>([
  ['two pairs of one name at each site', secondGroup(undefined), `Application/sip-north-2 ${DR}.name`],
])('[V9] %s', finds('V9'));
