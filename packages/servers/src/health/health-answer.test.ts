import { describe, expect, it } from 'vitest';
import { answerHealth, metricsText } from './health-answer.ts';
import { LINE_KINDS_MAX, LineCounts, OTHER_KINDS } from './line-counts.ts';
import { counters, gauge, notReady, oneOf, READY, type ServerReport, WITHOUT_MATE } from './server-report.ts';

const report: ServerReport = {
  primary: READY,
  standby: notReady('It is primary, not standby.'),
  upgrade: WITHOUT_MATE,
  metrics: [gauge('holdfast_calls', 'Calls that are not over.', 3)],
};
const get = (path: string, method = 'GET') => answerHealth({ method, path }, report);

describe('[HR4] what is answered over HTTP', () => {
  it('200 for what is so, 503 with the reason for what is not', () => {
    expect(get('/ready')).toMatchObject({ status: 200, body: 'ready\n' });
    expect(get('/ready/standby')).toMatchObject({ status: 503, body: 'It is primary, not standby.\n' });
    expect(get('/ready/upgrade')).toMatchObject({ status: 503, body: expect.stringContaining('no member') });
    expect(get('/live')).toMatchObject({ status: 200 });
    expect(get('/ready', 'HEAD').status).toBe(200);
  });

  it('another path is 404 and names those that there are, another method is 405', () => {
    expect(get('/')).toMatchObject({ status: 404, body: expect.stringContaining('/ready/standby') });
    expect(get('/ready/')).toMatchObject({ status: 404 });
    expect(get('/ready', 'POST').status).toBe(405);
  });

  it('figures in the text format of Prometheus, labels escaped', () => {
    expect(get('/metrics').contentType).toContain('version=0.0.4');
    const text = metricsText([
      gauge('g', 'One\nline.', Number.POSITIVE_INFINITY),
      counters('c_total', 'By kind.', 'kind', [['a "b" \\', 2]]),
      oneOf('r', 'Role.', ['primary', 'standby'], 'standby'),
    ]);
    expect(text.split('\n')).toEqual([
      '# HELP g One\\nline.',
      '# TYPE g gauge',
      'g +Inf',
      '# HELP c_total By kind.',
      '# TYPE c_total counter',
      'c_total{kind="a \\"b\\" \\\\"} 2',
      '# HELP r Role.',
      '# TYPE r gauge',
      'r{is="primary"} 0',
      'r{is="standby"} 1',
      '',
    ]);
  });

  it('log lines are counted by what happened, and a bounded number of kinds', () => {
    const counts = new LineCounts();
    for (let n = 0; n < LINE_KINDS_MAX + 10; n++) counts.count({ level: 'warn', what: `kind ${n}` });
    for (let n = 0; n < 5; n++) counts.count({ level: 'info', what: `news ${n}` });
    counts.count({ level: 'warn', what: 'kind 1' });
    const { figures } = counts.metric();
    expect(figures).toContainEqual({ value: 2, labels: { level: 'warn', what: 'kind 1' } });
    expect(figures.slice(LINE_KINDS_MAX)).toEqual([
      { value: 10, labels: { level: 'warn', what: OTHER_KINDS } },
      { value: 5, labels: { level: 'info', what: OTHER_KINDS } },
    ]);
  });
});
