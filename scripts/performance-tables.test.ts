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

test('the configuration has its rows, and both databases stand beside each other', () => {
  const span = { median: 900, max: 1_100 };
  const start = { runs: 7, log_in_ms: span, cpu_ms: span };
  const change = { acknowledged_ms: { p50: 20, p99: 30 }, last_ms: { p50: 41.4, p99: 1_200.2 } };
  const letIn = { let_in: 500, in_95_ms: 300, in_all_ms: 2_345 };
  const store = {
    ...{ objects: 50_000, first_start_ms: 1, start_ms: 2, import_ms: 30_000, entries_per_second: 700 },
    ...{ entry_p50_ms: 1.25, entry_p99_ms: 3, read_ms: 4, past_ms: 5, history_page_ms: 6, verify_ms: 7 },
    ...{ process_full_mb: 300, process_most_mb: 400 },
  };
  const storm = {
    ...{ kills: 200, database_kills: 0, acknowledged: 12_345, lost: 0, verdict: 'sound' },
    back_ms: { p50: 800, max: 1_500 },
  };
  const figures = {
    'config-proxy': {
      ...{ store: 'PostgreSQL', objects: 60_000, persons: 10_000, subscribers: 500, aim_start_ms: 2_000 },
      server: { filled_ms: 30_000, ready_ms: 1_000 },
      ...{ start_from_disk: start, start_from_server: start, copy_mb: 10.5 },
      changes: { one_person: change, all_desks: change },
      alone: { desks: 500, by_token: letIn, by_password: letIn },
      memory: { started: { heap_mb: 100, rss_mb: 200, most_mb: 300 } },
    },
    'log-in': {
      ...{
        persons: 10_000,
        token: { per_cpu_second: 4_000 },
        password: { per_second: 100, cpu_ms_each: 12.5 },
      },
    },
    'config-sync': {
      agents: 10_000,
      large: {
        ...{ first_synchronisation_ms: 1_000, its_changes: 40_000, drift_ms: 300 },
        edit: { median_us: 20.5, p99_us: 90 },
      },
    },
    validate: { objects: 60_000, whole_median_ms: 1_234, edit_median_ms: 40.5 },
    'config-store': { stores: { postgresql: { ...store, server_mb: 80 }, pglite: store } },
    'config-kills': { stores: { postgresql: { ...storm, database_kills: 50 } } },
  };
  const benches = Object.fromEntries(
    Object.entries(figures).map(([name, of]) => [name, { load_before: 0, figures: of }]),
  );
  const tables = performanceTables({ short: false, host, benches });
  const started = 'median 900 ms, at most 1,100 ms (7 starts); 900 ms of CPU time';
  const came = 'p50 41 ms, p99 1,200 ms (acknowledged p50 20 ms, p99 30 ms)';
  for (const row of [
    `| start of a proxy from its disk with all others dead, until somebody is logged in; 60,000 objects, 10,000 persons | ${started} | 2 s |`,
    `| the same without a copy, from the Configuration Server | ${started} |  |`,
    `| a change of one person comes to the last of 500 subscribers at the proxy | ${came} |  |`,
    `| a change that concerns every desk comes to the last of 500 subscribers at the proxy | ${came} | 1 s |`,
    '| 500 desks log in at once by token with all but their proxy dead | 500 let in; 95 % after 300 ms, all after 2,345 ms | all 500 |',
    '| memory of that proxy | heap 100 MB, RSS 200 MB, at most 300 MB; its copy 10.5 MB |  |',
    '| log-ins by token, 10,000 persons | 4,000 per core-second | 2,000 a second on one core |',
    '| first synchronisation of two Switches, 10,000 agents | 1,000 ms, 40,000 changes; search for drift 300 ms |  |',
    '| validation of 60,000 objects | 1,234 ms; of one edit 40.5 ms |  |',
    '| entries of one object, one after the other | 700 a second; p50 1.25 ms, p99 3 ms | 700 a second; p50 1.25 ms, p99 3 ms |  |',
    '| memory of the process that uses it | 300 MB, at most 400 MB; its server 80 MB | 300 MB, at most 400 MB |  |',
    '| SIGKILL of a Configuration Server in the midst of edits | 0 of 12,345 acknowledged edits lost in 200 kills and 50 of the database; log sound | not run | 0 lost in 200 kills |',
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
