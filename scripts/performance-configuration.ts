/** The tables of docs/performance.md on the configuration: how it is served, and the two databases that can hold it beside each other. */
import type { Figures, Row, Table } from './performance-figures.ts';

export const configuration: Table = {
  heading: 'Configuration',
  columns: ['what', 'figure', 'aim'],
  parts: {
    'config-proxy': (figures) => [
      ...startRows(figures),
      ...changeRows(figures),
      ...aloneRows(figures),
      memoryRow(figures),
    ],
    'log-in': (figures) => [
      [
        `log-ins by token, ${figures.count('persons')} persons`,
        `${figures.count('token.per_cpu_second')} per core-second`,
        '2,000 a second on one core',
      ],
      [
        'log-ins by password',
        `${figures.count('password.per_second')} a second; ${figures.number('password.cpu_ms_each')} ms of CPU time each`,
        '',
      ],
    ],
    'config-sync': (figures) => [
      [
        `first synchronisation of two Switches, ${figures.count('agents')} agents`,
        `${figures.count('large.first_synchronisation_ms')} ms, ${figures.count('large.its_changes')} changes; search for drift ${figures.count('large.drift_ms')} ms`,
        '',
      ],
      [
        'carrying one edit to the other Switch',
        `median ${figures.number('large.edit.median_us')} µs, p99 ${figures.number('large.edit.p99_us')} µs`,
        '',
      ],
    ],
    validate: (figures) => [
      [
        `validation of ${figures.count('objects')} objects`,
        `${figures.count('whole_median_ms')} ms; of one edit ${figures.number('edit_median_ms')} ms`,
        '',
      ],
    ],
  },
};

function startRows(figures: Figures): readonly Row[] {
  const objects = `${figures.count('objects')} objects, ${figures.count('persons')} persons`;
  const taken = (path: string) =>
    `median ${figures.count(`${path}.log_in_ms.median`)} ms, at most ${figures.count(`${path}.log_in_ms.max`)} ms (${figures.count(`${path}.runs`)} starts); ${figures.count(`${path}.cpu_ms.median`)} ms of CPU time`;
  return [
    [
      `start of a proxy from its disk with all others dead, until somebody is logged in; ${objects}`,
      taken('start_from_disk'),
      `${figures.number('aim_start_ms') / 1_000} s`,
    ],
    ['the same without a copy, from the Configuration Server', taken('start_from_server'), ''],
    [
      `start of a Configuration Server over ${figures.value('store')}`,
      `${figures.count('server.ready_ms')} ms; with an empty database that it fills ${figures.count('server.filled_ms')} ms`,
      '',
    ],
  ];
}

function changeRows(figures: Figures): readonly Row[] {
  const told = (path: string) =>
    `p50 ${figures.count(`changes.${path}.last_ms.p50`)} ms, p99 ${figures.count(`changes.${path}.last_ms.p99`)} ms (acknowledged p50 ${figures.count(`changes.${path}.acknowledged_ms.p50`)} ms, p99 ${figures.count(`changes.${path}.acknowledged_ms.p99`)} ms)`;
  const last = `the last of ${figures.count('subscribers')} subscribers at the proxy`;
  return [
    [`a change of one person comes to ${last}`, told('one_person'), ''],
    [`a change that concerns every desk comes to ${last}`, told('all_desks'), '1 s'],
  ];
}

function aloneRows(figures: Figures): readonly Row[] {
  return (['token', 'password'] as const).map((how) => {
    const of = (name: string) => `alone.by_${how}.${name}`;
    const desks = figures.count('alone.desks');
    return [
      `${desks} desks log in at once by ${how} with all but their proxy dead`,
      `${figures.count(of('let_in'))} let in; 95 % after ${figures.count(of('in_95_ms'))} ms, all after ${figures.count(of('in_all_ms'))} ms`,
      `all ${desks}`,
    ];
  });
}

function memoryRow(figures: Figures): Row {
  const megabytes = (what: string) => `${figures.count(`memory.started.${what}`)} MB`;
  return [
    'memory of that proxy',
    `heap ${megabytes('heap_mb')}, RSS ${megabytes('rss_mb')}, at most ${megabytes('most_mb')}; its copy ${figures.number('copy_mb')} MB`,
    '',
  ];
}

/** In the order of the columns. */
const STORES = ['postgresql', 'pglite'] as const;

function ofStores(figures: Figures, told: (store: Figures) => string): string[] {
  return STORES.map((name) => {
    const store = figures.part('stores')?.part(name);
    return store === undefined ? 'not run' : told(store);
  });
}

export const configurationStores: Table = {
  heading: 'Configuration: its databases beside each other',
  columns: ['what', 'PostgreSQL', 'PGlite', 'aim'],
  parts: { 'config-store': storeRows, 'config-kills': killRows },
};

function storeRows(figures: Figures): readonly Row[] {
  const row = (what: string, told: (store: Figures) => string): Row => [what, ...ofStores(figures, told), ''];
  const took = (path: string) => (store: Figures) => `${store.count(path)} ms`;
  return [
    row('objects', (store) => store.count('objects')),
    row('first start, which makes its tables (PGlite: its files too)', took('first_start_ms')),
    row('start', took('start_ms')),
    row('import of all objects as one entry', took('import_ms')),
    row(
      'entries of one object, one after the other',
      (store) =>
        `${store.count('entries_per_second')} a second; p50 ${store.number('entry_p50_ms')} ms, p99 ${store.number('entry_p99_ms')} ms`,
    ),
    row('reading everything', took('read_ms')),
    row('reading everything as it was under an earlier revision', took('past_ms')),
    row('a page of the history', took('history_page_ms')),
    row('verifying the whole log', took('verify_ms')),
    row('memory of the process that uses it', (store) => {
      const server =
        store.part('server_mb') === undefined ? '' : `; its server ${store.count('server_mb')} MB`;
      return `${store.count('process_full_mb')} MB, at most ${store.count('process_most_mb')} MB${server}`;
    }),
  ];
}

function killRows(figures: Figures): readonly Row[] {
  const stormed = ofStores(figures, (store) => {
    const database = store.number('database_kills');
    const also = database === 0 ? '' : ` and ${database} of the database`;
    return `${store.count('lost')} of ${store.count('acknowledged')} acknowledged edits lost in ${store.count('kills')} kills${also}; log ${store.value('verdict')}`;
  });
  const back = ofStores(
    figures,
    (store) => `median ${store.count('back_ms.p50')} ms, at most ${store.count('back_ms.max')} ms`,
  );
  return [
    ['SIGKILL of a Configuration Server in the midst of edits', ...stormed, '0 lost in 200 kills'],
    ['from its start again to the first acknowledged edit, both storms at once', ...back, ''],
  ];
}
