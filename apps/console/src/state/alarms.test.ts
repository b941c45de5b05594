import { expect, test } from 'vitest';
import { alarmsOf, siteAlarms } from './alarms.ts';
import { testAgent, testAlarm, testSites } from './test-agent.ts';

const configuration = testAlarm('configuration-link-lost');
const statistics = testAlarm('statistics-link-lost');

test('a site has the alarms of those who work there, each name once', () => {
  const agents = [
    testAgent({ alarms: [statistics, configuration] }),
    testAgent({ agent: 'b', alarms: [configuration] }),
    testAgent({ agent: 'c' }),
  ];
  const names = ['configuration-link-lost', 'statistics-link-lost'];
  expect(siteAlarms('north', agents, testSites())).toEqual({ agents: 2, names });
  expect(siteAlarms('south', agents, testSites())).toBeNull();
});

test('where the whole site is lost a lesser link says nothing new', () => {
  const agents = [testAgent({ alarms: [configuration] })];
  expect(siteAlarms('north', agents, testSites('down'))).toBeNull();
  expect(alarmsOf(testAgent({ alarms: [configuration] }), testSites('hung'))).toEqual([]);
});
