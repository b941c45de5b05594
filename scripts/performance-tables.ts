/**
 * The tables of docs/performance.md from the JSON of a run of all benches, so that nobody copies figures by hand:
 *
 *     npx tsx bench/run.ts --json figures.json
 *     npx tsx scripts/performance-tables.ts figures.json [--write]
 *
 * Prints them; with `--write` they take the place of what stands between the two marks in the document. A bench that
 * was not run, or could not, is named as such; a figure that a bench no longer gives is an error that names it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { configuration, configurationStores } from './performance-configuration.ts';
import { Figures, type Row, type Table, withCommas } from './performance-figures.ts';

const DOCUMENT = fileURLToPath(new URL('../docs/performance.md', import.meta.url));
export const BEGIN = '<!-- figures: written by scripts/performance-tables.ts -->';
export const END = '<!-- end of figures -->';

interface Outcome {
  readonly load_before: number;
  readonly figures?: unknown;
  readonly error?: string;
}

export interface Run {
  readonly short: boolean;
  readonly host: { readonly cpus: number; readonly model: string; readonly node: string };
  readonly benches: Readonly<Record<string, Outcome>>;
}

const parse: Table = {
  heading: 'Parsers: messages a second, by CPU time',
  columns: [
    'message, and what is done with it',
    'Holdfast',
    '`sip`',
    '`jssip`',
    '`sip.js`',
    'to the fastest',
    'by the clock',
    'aim',
  ],
  parts: {
    parse: (figures) =>
      figures.list('rows').map((row) => {
        const ratio = (by: string) =>
          `${row.number(`${by}.ratio`)} (${row.number(`${by}.ratioSpread.0`)} to ${row.number(`${by}.ratioSpread.1`)})`;
        const work = row.value('work') === 'read' ? 'read' : 'read and written again';
        const rate = (name: string) => {
          const rates = row.value('byCpu.perSecond') as Readonly<Record<string, number>>;
          return withCommas(rates[name] ?? Number.NaN);
        };
        return [
          `${row.value('message')}, ${work}`,
          ...['holdfast', 'sip', 'jssip', 'sip.js'].map(rate),
          ratio('byCpu'),
          ratio('byClock'),
          String(figures.number('target')),
        ];
      }),
  },
};

const servers: Table = {
  heading: 'Servers',
  columns: ['what', 'ours', 'beside it, same run', 'ratio', 'aim'],
  parts: {
    register: (figures) => [
      [
        `authorised REGISTER, SHA-256, over UDP, ${figures.number('seconds')} s`,
        `${figures.count('perSecond')} a second, ${figures.count('perCpuSecond')} per core-second; heap ${figures.count('memory.heapMB.1')} MB, at the end ${figures.count('memory.heapMB.2')} MB`,
        `echo: ${figures.count('echo.pairsPerSecond')} pairs a second, ${figures.count('echo.pairsPerCpuSecond')} per core-second`,
        `${figures.percent('ratio')} by the clock, ${figures.percent('cpuRatio')} by CPU time`,
        `${100 * figures.number('least')} %, flat memory`,
      ],
    ],
    'register-kamailio': (figures) => [
      [
        'the same storm without authentication at Kamailio, as a control',
        '',
        `${figures.count('per_second')} a second on ${figures.number('cpus')} cores`,
        '',
        '',
      ],
      [
        `REGISTER mirrored to a mate, each challenged, MD5, ${figures.count('pairs.users')} users, beside two Kamailio with \`dmq_usrloc\``,
        `${figures.count('pairs.holdfast.per_second')} registrations a second`,
        `${figures.count('pairs.kamailio.per_second')} a second`,
        `${(figures.number('pairs.holdfast.per_second') / figures.number('pairs.kamailio.per_second')).toFixed(2)}`,
        `${figures.count('pairs.aim_per_second')} a second`,
      ],
    ],
    b2bua: (figures) => [
      [
        'whole B2BUA calls, 13 messages, events on',
        `${figures.count('callsPerCpuSecond')} per core-second`,
        `echo: ${figures.count('echo.pairsPerCpuSecond')} pairs per core-second, ÷ 6.5`,
        `${figures.percent('cpuRatio')}; ${figures.percent('coreRatio')} with all threads`,
        `${100 * figures.number('least')} %`,
      ],
    ],
    'registrar-core': (figures) => [
      ['the registrar without sockets', `${figures.count('perCpuSecond')} per core-second`, '', '', ''],
    ],
    endpoint: (figures) => [
      [
        'transactions of a B2BUA call without sockets',
        `${figures.number('cpu_us_per_call')} µs a call`,
        '',
        '',
        '',
      ],
    ],
    centre: (figures) => [
      [
        `the contact centre alone, ${figures.count('agents')} agents`,
        `${figures.count('calls_per_second_idle_agents')} calls a second; ${figures.count('calls_per_second_while_waiting')} with ${figures.count('waiting')} waiting`,
        '',
        '',
        '',
      ],
    ],
  },
};

/** Issue 2: an hour of 2,000 agents in 30 s. */
const HOUR_AIMS_S: Readonly<Record<number, string>> = { 2000: '30 s' };

const simulation: Table = {
  heading: 'Simulation, one core',
  columns: ['agents', 'virtual seconds a second', 'an hour takes', 'aim'],
  parts: {
    simulate: (figures) =>
      figures
        .list('sizes')
        .map((size) => [
          size.count('agents'),
          String(size.number('virtual_s_per_s')),
          `${size.count('hour_s')} s`,
          HOUR_AIMS_S[size.number('agents')] ?? '',
        ]),
  },
};

function siteLossRows(waits: string): (figures: Figures) => readonly Row[] {
  return (figures) =>
    figures.list('sizes').map((size) => {
      const all = size.list('runs');
      const failed = all.filter((run) => run.list('failed_checks').length > 0).length;
      const aim = size.value('aim_p99_ms');
      const percentile = (name: string) =>
        size.value('after_wait_ms') === null ? 'nobody' : `${size.count(`after_wait_ms.${name}`)} ms`;
      return [
        size.count('agents'),
        waits,
        `${all.length}, ${failed} with a failed check`,
        percentile('p50'),
        percentile('p99'),
        typeof aim === 'number' ? `${aim / 1_000} s` : '',
      ];
    });
}

const siteLoss: Table = {
  heading: 'Site loss with real processes: beyond the wait that the options allow (after_wait)',
  columns: ['agents', 'waits', 'runs', 'p50', 'p99', 'aim'],
  parts: {
    'site-loss': siteLossRows('shortened'),
    'site-loss-documents': siteLossRows('the documents’ defaults'),
  },
};

const memory: Table = {
  heading: 'Memory of the SIP Server process',
  columns: ['of', 'heap', 'RSS'],
  parts: {
    memory: (figures) => {
      const each = (what: string, per: string, steps: string): Row => [
        `each ${what}, ${figures.list(steps).at(-1)?.count(steps)} of them`,
        `${figures.number(`${per}.heap_kb`)} kB`,
        `${figures.number(`${per}.rss_kb`)} kB`,
      ];
      const rows = [
        each('registered, logged-in agent', 'per_agent', 'agents'),
        each('call', 'per_call', 'calls'),
      ];
      if (figures.value('growth') === null) return rows;
      const megabytes = (end: string) => Math.round(figures.number(`growth.heap_kb.${end}`) / 1_000);
      return [
        ...rows,
        [
          `${figures.count('growth.calls_in_window')} calls that come and go in ${figures.number('growth.window_s')} s`,
          `${megabytes('first')} MB, at the end ${megabytes('last')} MB`,
          '',
        ],
      ];
    },
  },
};

const takeover: Table = {
  heading:
    'Takeover in a pair, real processes: from the fault of the primary to the first answer of the standby',
  columns: [
    'fault',
    'runs',
    'new call: median',
    'maximum',
    'request in a call: median',
    'maximum',
    'aim (maximum)',
  ],
  parts: { takeover: takeoverRows },
};

function takeoverRows(figures: Figures): readonly Row[] {
  const row = (of: Figures, what: string, aim: string): Row => [
    what,
    of.count('runs'),
    ...['new_call.median_ms', 'new_call.max_ms', 'in_dialog.median_ms', 'in_dialog.max_ms'].map(
      (path) => `${of.count(path)} ms`,
    ),
    aim,
  ];
  const faults = figures
    .list('faults')
    .map((fault) => row(fault, String(fault.value('fault')), `${figures.count('aim_max_ms')} ms`));
  const named = figures.list('sip_name').map((phones) => {
    const isConnected = phones.value('registered_again') !== null;
    const again = isConnected
      ? `, registered again after ${phones.count('registered_again.median_ms')} ms`
      : '';
    return row(phones, `SIGKILL, phones over ${phones.value('over')} that know both members${again}`, 'none');
  });
  return [...faults, ...named];
}

/** What each load is called in the table. */
const MIRRORED_LOADS: Readonly<Record<string, string>> = {
  register: 'authorised REGISTER, SHA-256',
  b2bua: 'whole B2BUA calls, 13 messages',
};

const mirroring: Table = {
  heading: 'What mirroring costs: a primary with its mate beside the same server alone, per core-second',
  columns: ['load', 'alone', 'mirrored', 'ratio', 'of all threads', 'the mate takes for each'],
  parts: {
    mirroring: (figures) =>
      figures
        .list('loads')
        .map((load) => [
          MIRRORED_LOADS[String(load.value('load'))] ?? String(load.value('load')),
          load.count('alone.perCpuSecond'),
          load.count('mirrored.perCpuSecond'),
          `${load.percent('cpuRatio')} (${load.percent('cpuRatioSpread.0')} to ${load.percent('cpuRatioSpread.1')})`,
          load.percent('coreRatio'),
          `${load.number('mirrored.mateUs')} µs`,
        ]),
  },
};

const join: Table = {
  heading: 'A standby joins a primary that works',
  columns: [
    'the primary holds',
    'asks for the log',
    'in step',
    'ready',
    'the primary’s longest loop delay',
    'its longest answer',
  ],
  parts: {
    join: (figures) => [
      [
        `${figures.count('registrations')} registrations, ${figures.count('calls')} calls`,
        ...['asks_ms', 'in_step_ms', 'ready_ms'].map(
          (path) => `${figures.count(`${path}.median`)} ms (at most ${figures.count(`${path}.max`)})`,
        ),
        ...['loop_delay_max_ms', 'longest_answer_ms'].map(
          (path) =>
            `${figures.number(`primary.${path}.joining`)} ms, else ${figures.number(`primary.${path}.quiet`)} ms`,
        ),
      ],
    ],
  },
};

const PACES = ['paced', 'unpaced'] as const;

/** Each run has a row: how far they lie apart is part of the figure. */
function stormRows(figures: Figures): readonly Row[] {
  const time = (run: Figures, path: string) =>
    typeof run.value(path) === 'number' ? `${run.count(path)} ms` : 'none';
  const live = figures
    .list('live')
    .flatMap((size) =>
      PACES.flatMap((pace) =>
        size
          .list(pace)
          .map((run) => [
            `${run.count('desks')} live desks`,
            `${run.count('login_rate')} a second`,
            time(run, 'ready_95_ms'),
            time(run, 'logged_in_95_ms'),
            run.value('invite_ms') === null ? 'none' : `${run.count('invite_ms.p99')} ms to the first sign`,
            run.count('calls_lost'),
          ]),
      ),
    );
  const lean = PACES.flatMap((pace) =>
    figures
      .list(`lean.${pace}`)
      .map((run) => [
        `${figures.count('lean.desks')} lean desks at once`,
        run.value('login_rate') === null ? 'the default' : `${run.count('login_rate')} a second`,
        time(run, 'ready_95_ms'),
        '',
        `${time(run, 'answered_p99_ms')} to the answer`,
        run.count('calls_lost'),
      ]),
  );
  return [...live, ...lean];
}

const storm: Table = {
  heading: 'All log in anew while calls come in: with the pace of `login-rate` and without',
  columns: [
    'desks',
    'log-ins',
    '95 % Ready after the fault',
    '95 % logged in after the first',
    'INVITE, p99',
    'calls lost',
  ],
  parts: { 'relogin-storm': stormRows },
};

const TABLES = [
  ...[parse, servers, simulation, siteLoss, memory, takeover, mirroring, join, storm],
  ...[configuration, configurationStores],
];

function rowsOf(run: Run, { columns, parts }: Table): Row[] {
  return Object.entries(parts).flatMap(([bench, rows]) => {
    const outcome = run.benches[bench];
    if (outcome?.figures !== undefined) return [...rows(new Figures(bench, outcome.figures))];
    const why = outcome === undefined ? 'not run' : 'could not run';
    return [[bench, why, ...columns.slice(2).map(() => '')]];
  });
}

const line = (cells: Row) => `| ${cells.join(' | ')} |`;

export function performanceTables(run: Run): string {
  const loads = Object.values(run.benches).map(({ load_before }) => load_before);
  const { cpus, model, node } = run.host;
  const taken =
    `One run of ${run.short ? '`bench/run.ts --short`, which is rough,' : '`bench/run.ts`'} on ${cpus} cores (${model}), Node ${node.slice(1)}; ` +
    `load of the machine before each bench ${Math.min(...loads)} to ${Math.max(...loads)}.`;
  const tables = TABLES.map((table) =>
    [
      `### ${table.heading}`,
      '',
      line(table.columns),
      line(table.columns.map(() => '---')),
      ...rowsOf(run, table).map(line),
    ].join('\n'),
  );
  return [taken, ...tables].join('\n\n');
}

/** Undefined when the document lacks a mark. */
export function withTables(document: string, tables: string): string | undefined {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin === -1 || end < begin) return undefined;
  return `${document.slice(0, begin + BEGIN.length)}\n\n${tables}\n\n${document.slice(end)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { write: { type: 'boolean', default: false } },
  });
  const tables = performanceTables(JSON.parse(readFileSync(positionals[0] ?? 'figures.json', 'utf8')) as Run);
  if (!values.write) console.log(tables);
  else {
    const document = withTables(readFileSync(DOCUMENT, 'utf8'), tables);
    if (document === undefined) throw new Error(`docs/performance.md lacks the marks ${BEGIN} and ${END}`);
    writeFileSync(DOCUMENT, document);
  }
}
