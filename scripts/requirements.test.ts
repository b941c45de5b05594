/**
 * docs/requirements.md against the rules, options, tests and scenarios that it names: what the page says of a
 * sentence of the source documents must be so.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findOption } from '../packages/protocol/src/index.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(root + file, 'utf8');

/** Demands counted in each document, sentence by sentence: a row that vanishes is noticed. */
const ROWS_MIN = { S0: 98, S1: 30, S2: 46, S3: 27, S4: 67 };
/** Rows that may still be on their way. Lower it with each that is shown; a finished release has 0. */
const BEING_BUILT_MAX = 0;
/** Our words for a sentence are a reminder of it, not the sentence. */
const WORDS_MAX = 10;

interface Row {
  readonly place: string;
  readonly asks: string;
  readonly rules: readonly string[];
  readonly options: readonly string[];
  /** The first word of the state; `later` has its topic besides. */
  readonly state: string;
  readonly topic: string;
  readonly evidence: string;
}

const page = read('docs/requirements.md');
const rows: Row[] = page
  .split('\n')
  .filter((line) => /^\| S\d /.test(line))
  .map((line) => {
    const cells = line.slice(2, -2).split(' | ');
    expect(cells, line).toHaveLength(5);
    const [place = '', asks = '', answer = '', status = '', evidence = ''] = cells;
    const [state = '', topic = ''] = status.split(': ');
    return {
      place,
      asks,
      rules: answer.replace(/`[^`]*`/g, '').match(/\b(?:V|[A-Z]{2,3})\d+[a-z]?\b/g) ?? [],
      options: [...answer.matchAll(/`([^`]+)`/g)].map(([, option = '']) => option),
      state,
      topic,
      evidence,
    };
  });

/** The tests and scenarios that a row names: `file` [RULE], `file` "words of the title", `lab run NAME`. */
const testsOf = ({ evidence }: Row) =>
  [...evidence.matchAll(/`([\w/.-]+\.test\.ts)` (\[[A-Z]+\d+[a-z]?\]|"[^"]+")/g)].map(
    ([, file = '', title = '']) => ({ file, title: title.replace(/^"|"$/g, '') }),
  );
const scenariosOf = ({ evidence }: Row) =>
  [...evidence.matchAll(/`lab run ([a-z-]+)`/g)].map(([, name = '']) => name);

test('each document has a row for every demand that was counted, each place once, in a few words', () => {
  const places = rows.map(({ place }) => place);
  expect(places.filter((place, index) => places.indexOf(place) !== index)).toEqual([]);
  for (const [document, least] of Object.entries(ROWS_MIN))
    expect(
      places.filter((place) => place.startsWith(`${document} `)).length,
      document,
    ).toBeGreaterThanOrEqual(least);
  expect(rows.filter(({ asks }) => asks === '' || asks.split(' ').length > WORDS_MAX)).toEqual([]);
});

test('each row has a state that the page explains, and what that state needs', () => {
  const explained = [...page.matchAll(/^\| ([a-z' ]+) \| \S/gm)].map(([, name]) => name);
  const lacking = rows.filter((row) => {
    const { state, topic, rules, options, evidence } = row;
    const isAnswered = rules.length + options.length > 0;
    if (!explained.includes(state)) return true;
    if (state === 'shown') return !isAnswered || testsOf(row).length + scenariosOf(row).length === 0;
    if (state === 'later') return !explained.includes(topic);
    return state === 'otherwise' && !evidence.startsWith('"');
  });
  expect(lacking).toEqual([]);
});

test('each rule stands in a SPEC.md, unless it is being built, and each test shown of a rule is of a rule of that row', () => {
  const specs = execFileSync('git', ['ls-files', '*SPEC.md'], { cwd: root, encoding: 'utf8' })
    .trim()
    .split('\n');
  const known = new Set(
    specs.flatMap((file) =>
      [...read(file).matchAll(/^- \*\*((?:V|[A-Z]{2,3})\d+[a-z]?)\*\*/gm)].map(([, id]) => id),
    ),
  );
  const unknown = rows.flatMap(({ place, state, rules }) =>
    state === 'being built' ? [] : rules.filter((id) => !known.has(id)).map((id) => `${place}: ${id}`),
  );
  expect(unknown).toEqual([]);
  const foreign = rows.flatMap((row) =>
    testsOf(row)
      .map(({ title }) => /^\[((?:V|[A-Z]{2,3})\d+[a-z]?)\]$/.exec(title)?.[1])
      .filter((id) => id !== undefined && !row.rules.includes(id))
      .map((id) => `${row.place}: ${id}`),
  );
  expect(foreign).toEqual([]);
});

test('each option stands in the catalogue, and acts where the row says that it is shown', () => {
  const wrong = rows.flatMap(({ place, state, options }) =>
    options
      .filter((name) => {
        const [section = '', ...rest] = name.split('/');
        const option = findOption(section, rest.join('/'));
        return option === undefined || (state === 'shown' && option.actsOn === null);
      })
      .map((name) => `${place}: ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('each test that is named stands in its file, and each scenario in the list', () => {
  const scenarios = read('lab/live/scenarios/index.ts');
  const lost = rows.flatMap((row) => [
    ...testsOf(row)
      .filter(({ file, title }) => !existsSync(root + file) || !hasTitle(read(file), title))
      .map(({ file, title }) => `${row.place}: ${file} ${title}`),
    ...scenariosOf(row)
      .filter((name) => !scenarios.includes(`name: '${name}'`))
      .map((name) => `${row.place}: lab run ${name}`),
  ]);
  expect(lost).toEqual([]);
});

/** In the line of a title: a call of test, it or describe, or the line after one that was broken. */
function hasTitle(source: string, words: string): boolean {
  return source
    .split('\n')
    .some((line) => /^\s*((test|it|describe)\b.*|\]\)\()?['"`]/.test(line) && line.includes(words));
}

test('what was decided otherwise stands in ARCHITECTURE.md in these words', () => {
  const architecture = read('ARCHITECTURE.md').replace(/\s+/g, ' ');
  const otherwise = rows.filter(({ state }) => state === 'otherwise');
  expect(otherwise.length).toBeGreaterThan(0);
  for (const { place, evidence } of otherwise) {
    const [, words = ''] = /^"([^"]+)"/.exec(evidence) ?? [];
    expect(architecture.includes(words), `${place}: ${words}`).toBe(true);
  }
});

test('no demand is left without an answer', () => {
  expect(rows.filter(({ state }) => state === 'gap')).toEqual([]);
});

test(`at most ${BEING_BUILT_MAX} rows are being built`, () => {
  const built = rows.filter(({ state }) => state === 'being built');
  const count = (state: string) => rows.filter((row) => row.state === state).length;
  console.log(
    `${rows.length} demands: ${['shown', 'being built', 'later', 'otherwise'].map((state) => `${count(state)} ${state}`).join(', ')}`,
  );
  for (const { place, asks } of built) console.log(`being built: ${place}, ${asks}`);
  expect(built.length).toBeLessThanOrEqual(BEING_BUILT_MAX);
});
