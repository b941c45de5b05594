import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { BEGIN, END, performanceTables, type Run, withTables } from './performance-tables.ts';

const host = { cpus: 2, model: 'a processor', node: 'v20.20.2' };
const endpoint = { load_before: 0.4, figures: { cpu_us_per_call: 61.5 } };

test('a row for each figure; a bench that was not run, or could not, is named', () => {
  const run: Run = {
    short: false,
    host,
    benches: { endpoint, parse: { load_before: 0.2, error: 'no such file' } },
  };
  const tables = performanceTables(run);
  expect(tables).toContain('| transactions of a B2BUA call without sockets | 61.5 µs a call |  |  |  |');
  expect(tables).toContain('| parse | could not run |');
  expect(tables).toContain('| b2bua | not run |');
  expect(tables).toContain(
    '2 cores (a processor), Node 20.20.2; load of the machine before each bench 0.2 to 0.4.',
  );
});

test('takeover, mirroring, joining and the storm have their rows', () => {
  const times = { median_ms: 70, max_ms: 1_100 };
  const rate = { perCpuSecond: 20_000, mateUs: 12.5 };
  const pace = (login_rate: number | null) => ({
    login_rate,
    ready_95_ms: 2_100,
    answered_p99_ms: null,
    calls_lost: 0,
  });
  const live = {
    desks: 501,
    login_rate: 500,
    ready_95_ms: 8_000,
    logged_in_95_ms: 1_500,
    invite_ms: { p99: 40 },
    calls_lost: 1,
  };
  const span = { median: 1_850, max: 2_365 };
  const figures = {
    takeover: {
      aim_max_ms: 1_200,
      faults: [{ fault: 'SIGKILL', runs: 20, new_call: times, in_dialog: times }],
      sip_name: [
        { over: 'UDP', runs: 10, new_call: times, in_dialog: times, registered_again: null },
        { over: 'TCP', runs: 10, new_call: times, in_dialog: times, registered_again: times },
      ],
    },
    mirroring: {
      loads: [
        {
          load: 'b2bua',
          alone: rate,
          mirrored: rate,
          cpuRatio: 0.5,
          cpuRatioSpread: [0.4, 0.6],
          coreRatio: 0.45,
        },
      ],
    },
    join: {
      ...{ registrations: 10_000, calls: 1_000, asks_ms: span, in_step_ms: span, ready_ms: span },
      primary: {
        loop_delay_max_ms: { quiet: 2.1, joining: 14 },
        longest_answer_ms: { quiet: 5, joining: 29.1 },
      },
    },
    'relogin-storm': {
      live: [{ paced: [live], unpaced: [] }],
      lean: { desks: 2_000, paced: [pace(null)], unpaced: [pace(10_000)] },
    },
  };
  const benches = Object.fromEntries(
    Object.entries(figures).map(([name, of]) => [name, { load_before: 0, figures: of }]),
  );
  const tables = performanceTables({ short: false, host, benches });
  for (const row of [
    '| SIGKILL | 20 | 70 ms | 1,100 ms | 70 ms | 1,100 ms | 1,200 ms |',
    '| SIGKILL, phones over UDP that know both members | 10 | 70 ms | 1,100 ms | 70 ms | 1,100 ms | none |',
    '| SIGKILL, phones over TCP that know both members, registered again after 70 ms | 10 | 70 ms |',
    '| whole B2BUA calls, 13 messages | 20,000 | 20,000 | 50.0 % (40.0 % to 60.0 %) | 45.0 % | 12.5 µs |',
    '| 10,000 registrations, 1,000 calls | 1,850 ms (at most 2,365) | 1,850 ms (at most 2,365) | 1,850 ms (at most 2,365) | 14 ms, else 2.1 ms | 29.1 ms, else 5 ms |',
    '| 501 live desks | 500 a second | 8,000 ms | 1,500 ms | 40 ms to the first sign | 1 |',
    '| 2,000 lean desks at once | the default | 2,100 ms |  | none to the answer | 0 |',
    '| 2,000 lean desks at once | 10,000 a second | 2,100 ms |  | none to the answer | 0 |',
  ])
    expect(tables).toContain(row);
});

test('a figure that a bench no longer gives is an error that names it', () => {
  const run: Run = { short: false, host, benches: { endpoint: { load_before: 0, figures: { other: 1 } } } };
  expect(() => performanceTables(run)).toThrow('endpoint gives no figure cpu_us_per_call');
});

test('the tables take the place of what stands between the marks of the document, and of nothing else', () => {
  expect(withTables(`before\n${BEGIN}\nold\n${END}\nafter`, 'new')).toBe(
    `before\n${BEGIN}\n\nnew\n\n${END}\nafter`,
  );
  expect(withTables('no marks', 'new')).toBeUndefined();
  const document = readFileSync(fileURLToPath(new URL('../docs/performance.md', import.meta.url)), 'utf8');
  expect(withTables(document, 'new')).toContain('\nnew\n');
});
