import type { Application } from '@holdfast/protocol';
import { test } from 'vitest';
import { withClusters, withProxies } from './good-worlds.ts';
import {
  all,
  application,
  connect,
  connection,
  copied,
  edited,
  finds,
  generated,
  type Objects,
  option,
  person,
  type Row,
  without,
  withPairs,
} from './test-worlds.ts';

const SIP_NORTH = 'Application/sip-north';
const BACKUP = 'Application/sip-north-b';
const WORKSPACE = 'Application/workspace';

test.each<Row>([
  ['a backup does not exist', without(withPairs(), BACKUP), `${SIP_NORTH} backup`],
  [
    'a backup is of another type',
    application(generated(), 'sip-north', { backup: 'stat-north' }),
    `${SIP_NORTH} backup`,
    { also: ['V5'] },
  ],
])('[V10] %s', finds('V10'));

const unlinked = edited<Application>(withPairs(), SIP_NORTH, ({ backup: _, ...single }) => single);

test.each<Row>([
  [
    'two SIP Servers of one Switch are not linked',
    unlinked,
    `${BACKUP} switch`,
    { hasFix: true, also: ['V9', 'V21', 'V74'] },
  ],
])('[V11] %s', finds('V11'));

const statPair = all(
  copied<Application>(generated(), 'Application/stat-north', {
    name: 'stat-north-b',
    ports: { default: 5_140 },
  }),
  (one) => application(one, 'stat-north', { backup: 'stat-north-b' }),
);

test.each<Row>([
  [
    'the backup is disabled',
    application(withPairs(), 'sip-north-b', { enabled: false }),
    `${SIP_NORTH} backup`,
    { hasFix: true },
  ],
  [
    'two primaries have one backup',
    all(statPair, (one) =>
      copied<Application>(one, 'Application/stat-north', { name: 'stat-other', ports: { default: 5_141 } }),
    ),
    'Application/stat-other backup',
  ],
  [
    'a backup has a backup itself',
    all(
      statPair,
      (one) =>
        copied<Application>(one, 'Application/stat-north-b', {
          name: 'stat-north-c',
          ports: { default: 5_142 },
        }),
      (one) => application(one, 'stat-north-b', { backup: 'stat-north-c' }),
    ),
    'Application/stat-north backup',
    { hasFix: true },
  ],
])('[V12] %s', finds('V12'));

test.each<Row>([
  [
    'a Stat Server and its backup are at two sites',
    application(generated(), 'stat-north', { backup: 'stat-south' }),
    'Application/stat-south interaction-workspace/disaster-recovery.site',
    { also: ['V16', 'V22', 'V5'] },
  ],
  [
    'the members of a pair are of two groups',
    option(withPairs(), BACKUP, 'interaction-workspace/disaster-recovery.name', 'other'),
    `${BACKUP} interaction-workspace/disaster-recovery.name`,
    { hasFix: true },
  ],
])('[V13] %s', finds('V13'));

test.each<Row>([
  [
    'the backup speaks SIP at another port',
    option(withPairs(), BACKUP, 'TServer/sip-port', '5162'),
    `${BACKUP} TServer/sip-port`,
    { hasFix: true },
  ],
  [
    'the primary has no port for its backup',
    application(withPairs(), 'sip-north', { ports: { default: 5_111 } }),
    `${SIP_NORTH} ports`,
  ],
  [
    'an arbiter is named by one member',
    option(withPairs(), BACKUP, 'holdfast/arbiter-endpoints', 'http://10.0.0.1:2379'),
    `${BACKUP} holdfast/arbiter-endpoints`,
    { hasFix: true },
  ],
])('[V14] %s', finds('V14'));

test.each<Row>([
  [
    'another wrap-up time after a takeover',
    option(withPairs(), BACKUP, 'TServer/wrap-up-time', '30'),
    `${BACKUP} TServer/wrap-up-time`,
    { hasFix: true },
  ],
  [
    'only the primary knows the numbers for emergencies',
    option(withPairs(), SIP_NORTH, 'holdfast/emergency-numbers', '112'),
    `${BACKUP} holdfast/emergency-numbers`,
    { hasFix: true },
  ],
])('[V15] %s', finds('V15'));

test.each<Row>([
  [
    'the backup does not know the Configuration Server of the other site',
    connection(withPairs(), 'sip-north-b', 'config-south', null),
    `${BACKUP} connections`,
    { hasFix: true },
  ],
])('[V16] %s', finds('V16'));

test.each<Row>([
  [
    'desks come by a port that the backup has not',
    all(
      withPairs(),
      (one) =>
        edited<Application>(one, SIP_NORTH, (server) => ({
          ...server,
          ports: { ...server.ports, desks: 5_118 },
        })),
      (one) => connection(one, 'workspace', 'sip-north', { port: 'desks' }),
    ),
    `${BACKUP} ports`,
  ],
])('[V17] %s', finds('V17'));

test.each<Row>([
  [
    'a cluster of one',
    connection(withClusters(generated()), 'stats-north', 'stat-north-2', null),
    'Application/stats-north connections',
  ],
  [
    'a cluster of two kinds',
    connection(withClusters(generated()), 'stats-north', 'stat-north-2', { server: 'proxy-north' }),
    'Application/stats-north connections',
    { also: ['V23'] },
  ],
])('[V18] %s', finds('V18'));

test.each<Row>([
  [
    'a Workspace has no Configuration Server at one site',
    connection(generated(), 'workspace', 'config-south', null),
    `${WORKSPACE} connections`,
    { hasFix: true },
  ],
  [
    'a ThirdPartyApplication has none',
    connection(generated(), 'desktop-south', 'config-south', null),
    'Application/desktop-south connections',
    { hasFix: true },
  ],
  [
    'one is asked to use the proxy that there is',
    connection(withProxies(generated()), 'desktop-south', 'proxy-south', null),
    'Application/desktop-south connections',
    { hasFix: true },
  ],
])('[V19] %s', finds('V19'));

test.each<Row>([
  [
    'a ThirdPartyApplication has no Stat Server',
    connection(generated(), 'desktop-north', 'stat-north', null),
    'Application/desktop-north connections',
    { hasFix: true },
  ],
])('[V20] %s', finds('V20'));

test.each<Row>([
  [
    'a Workspace is connected to one of two peers',
    connection(generated(), 'workspace', 'sip-south', null),
    `${WORKSPACE} connections`,
    { hasFix: true },
  ],
])('[V21] %s', finds('V21'));

test.each<Row>([
  [
    'a desktop is connected to the backup alone',
    connection(withPairs(), 'desktop-north', 'sip-north', { server: 'sip-north-b' }),
    'Application/desktop-north connections.1.server',
    { hasFix: true },
  ],
  [
    'a desktop is connected to both members',
    connect(withPairs(), 'desktop-north', 'sip-north-b'),
    'Application/desktop-north connections.3.server',
    { hasFix: true },
  ],
  [
    'a desktop is connected to a disabled server',
    application(generated(), 'stat-north', { enabled: false }),
    `${WORKSPACE} connections.2.server`,
    { hasFix: true, also: ['V5'] },
  ],
])('[V22] %s', finds('V22'));

test.each<Row>([
  [
    'two Stat Servers of a site that are neither pair nor cluster',
    connect(
      copied<Application>(generated(), 'Application/stat-north', {
        name: 'stat-north-2',
        ports: { default: 5_140 },
      }),
      'workspace',
      'stat-north-2',
    ),
    `${WORKSPACE} connections.6.server`,
    { hasFix: true },
  ],
])('[V23] %s', finds('V23'));

test.each<Row>([
  [
    'a desktop goes past the proxies of its site',
    connection(withProxies(generated()), 'workspace', 'proxy-north', { server: 'config-north' }),
    `${WORKSPACE} connections.0.server`,
    { hasFix: true },
  ],
])('[V24] %s', finds('V24'));

test.each<Row>([
  [
    '10 s take a slow network for a lost server',
    connection(generated(), 'desktop-north', 'sip-north', { addp: { timeout: 10 } }),
    'Application/desktop-north connections.1.addp.timeout',
    { hasFix: true },
  ],
  [
    'of a Workspace too',
    connection(generated(), 'workspace', 'sip-south', { addp: { timeout: 40 } }),
    `${WORKSPACE} connections.4.addp.timeout`,
    { hasFix: true },
  ],
  [
    '31 s keep the agent at a dead one',
    connection(generated(), 'desktop-south', 'sip-south', { addp: { timeout: 31 } }),
    'Application/desktop-south connections.1.addp.timeout',
    { hasFix: true },
  ],
])('[V25] %s', finds('V25'));

test.each<Row>([
  [
    'a pause on a server of a pair',
    option(withPairs(), SIP_NORTH, 'interaction-workspace/warm-standby.retry-delay', '3'),
    `${SIP_NORTH} interaction-workspace/warm-standby.retry-delay`,
    { hasFix: true },
  ],
  [
    'a Reconnect Timeout on a server without a backup',
    application(generated(), 'sip-north', { reconnectTimeout: 3 }),
    `${SIP_NORTH} reconnectTimeout`,
    { hasFix: true },
  ],
])('[V26] %s', finds('V26'));

test.each<Row>([
  [
    'a SIP Server asks the other site first',
    edited<Application>(generated(), SIP_NORTH, (one) => ({
      ...one,
      connections: [...one.connections].reverse(),
    })),
    `${SIP_NORTH} connections.0.server`,
    { hasFix: true },
  ],
])('[V27] %s', finds('V27'));

const sites = (first: string, second: string) => ({
  options: { 'agent-desktop': { 'site-1': first, 'site-2': second } },
});

test.each<Row>([
  [
    'one Application for both',
    person(generated(), 'agent7003', sites('desktop-north', 'desktop-north')),
    'Person/agent7003 agent-desktop/site-2',
  ],
  [
    'a site that is no ThirdPartyApplication',
    person(generated(), 'agent7003', sites('desktop-north', 'workspace')),
    'Person/agent7003 agent-desktop/site-2',
  ],
  [
    'one is missing',
    option(generated(), 'Person/agent7003', 'agent-desktop/site-2', undefined),
    'Person/agent7003 agent-desktop/site-2',
  ],
  [
    'one is disabled',
    application(generated(), 'desktop-south', { enabled: false }),
    'Application/desktop-south enabled',
    { hasFix: true },
  ],
])('[V28] %s', finds('V28'));

const moved = (objects: Objects) =>
  ['config', 'sip', 'stat'].reduce(
    (done, kind) => connection(done, 'desktop-south', `${kind}-south`, { server: `${kind}-north` }),
    objects,
  );

test.each<Row>([
  ['both Applications are at one site', moved(generated()), 'Application/desktop-south connections'],
  [
    'an Application is connected to two sites',
    connect(generated(), 'desktop-south', 'sip-north', 'config-north', 'stat-north'),
    'Application/desktop-south connections',
  ],
])('[V29] %s', finds('V29'));

test.each<Row>([
  [
    'other time-outs at the other site',
    option(generated(), 'Application/desktop-south', 'agent-desktop/site-timeout', '20'),
    'Application/desktop-south agent-desktop/site-timeout',
    { hasFix: true },
  ],
  [
    'other times to wait for the phone',
    option(generated(), 'Application/desktop-south', 'agent-desktop/site-sip-register-timeout', '20'),
    'Application/desktop-south agent-desktop/site-sip-register-timeout',
    { hasFix: true },
  ],
])('[V30] %s', finds('V30'));

const never = (name: string, value: string | undefined) =>
  ['north', 'south'].reduce(
    (done, site) => option(done, `Application/desktop-${site}`, `agent-desktop/${name}`, value),
    generated(),
  );

test.each<Row>([
  [
    'a site time-out of 0',
    never('site-timeout', '0'),
    'Application/desktop-north agent-desktop/site-timeout',
    { hasFix: true },
  ],
  [
    'no phone time-out',
    never('site-sip-register-timeout', undefined),
    'Application/desktop-north agent-desktop/site-sip-register-timeout',
    { hasFix: true },
  ],
])('[V31] %s', finds('V31'));
