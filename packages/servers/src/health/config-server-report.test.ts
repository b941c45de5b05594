import { expect, test } from 'vitest';
import { LOG_STANDINGS, type LogStanding } from '../config-server/log-check.ts';
import { configServerReport } from './config-server-report.ts';
import { answerHealth, metricsText } from './health-answer.ts';

const figures = (revision: string, ageMs: number) => {
  const { primary, metrics } = configServerReport({ objects: 5, revision, ageMs, log: 'unknown' });
  expect(primary).toEqual({ ok: true });
  return new Map(metrics.map(({ name, figures: [figure] }) => [name, figure?.value]));
};

test('[HR5] who serves the configuration is ready with everybody else dead, and says which revision and how old it may be', () => {
  const served = figures('3.128', 90_500);
  expect(served.get('holdfast_configuration_objects')).toBe(5);
  expect(served.get('holdfast_configuration_epoch')).toBe(3);
  expect(served.get('holdfast_configuration_revision')).toBe(128);
  expect(served.get('holdfast_configuration_age_seconds')).toBe(90.5);
  // What a cut-off site has on top of it is not of the main line.
  expect(figures('3.128+2', 0).get('holdfast_configuration_revision')).toBe(128);
  // A digest of files is no figure.
  expect(figures('9f8e7d6c5b4a3210', 0).has('holdfast_configuration_revision')).toBe(false);
});

test('[AU1] whose log is broken serves on and is ready, and says so in a figure and with its readiness', () => {
  const report = (log: LogStanding) => configServerReport({ objects: 5, revision: '3.128', ageMs: 0, log });
  const ready = (log: LogStanding) => answerHealth({ method: 'GET', path: '/ready' }, report(log));
  expect(ready('sound')).toMatchObject({ status: 200, body: 'ready\n' });
  const { status, body } = ready('broken');
  expect([status, body.split('\n')[0]]).toEqual([200, 'ready']);
  expect(body).toContain('not what was committed');
  for (const log of LOG_STANDINGS)
    expect(metricsText(report(log).metrics)).toContain(`holdfast_configuration_log{is="${log}"} 1`);
});
