/**
 * The house rules that no compiler checks, as data: who may import whom, what pure packages may not touch, that
 * every numbered rule of a SPEC.md has a test and the reverse, that every library is named, that no file is too long. `tidy.test.ts`
 * runs it.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What each workspace may import of ours. `lab` and `bench` may import anything. */
const LADDER: Readonly<Record<string, readonly string[]>> = {
  'packages/kernel': [],
  'packages/protocol': ['kernel'],
  'packages/sip': ['kernel'],
  'packages/continuity': ['kernel'],
  'packages/centre': ['protocol', 'kernel'],
  'packages/desk': ['sip', 'continuity', 'protocol', 'kernel'],
  'packages/servers': ['centre', 'sip', 'continuity', 'protocol', 'kernel'],
  'apps/shell': ['desk', 'protocol', 'kernel'],
  'apps/server': ['centre', 'sip', 'continuity', 'protocol', 'kernel', 'servers', 'desk', 'shell'],
  'apps/console': ['centre', 'sip', 'continuity', 'protocol', 'kernel', 'servers', 'desk'],
  'apps/cli': ['centre', 'sip', 'continuity', 'protocol', 'kernel', 'servers', 'desk'],
};

/** What a pure package may not say, with what to use instead. */
const BANNED: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/\bDate\.now\b|\bnew Date\b/, 'pass `now` (or the wall offset) in'],
  [/\bperformance\.now\b/, 'pass `now` in'],
  [/\bMath\.random\b/, 'pass a Random in'],
  [/\bset(Timeout|Interval|Immediate)\b/, 'keep a deadline in the state'],
  [/\basync\b|\bawait\b|\bPromise\b/, 'make slow work an effect whose result comes back as an input'],
  [/from 'node:/, 'leave the outside world to apps/'],
  [/\bIntl\./, 'formatting for people belongs to apps/'],
];

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

export function trackedFiles(): string[] {
  const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
    cwd: root,
    encoding: 'utf8',
  });
  return listed.split('\n').filter((file) => file !== '' && existsSync(root + file));
}

const isSource = (file: string) => /\.(ts|tsx)$/.test(file) && !file.endsWith('.d.ts');
const isTest = (file: string) => /\.(test|contract)\.ts$/.test(file) || /\/(test-|testing\/)/.test(file);

/** Imports that go up the ladder, or into another package past its entry. */
export function findLadderBreaks(): Finding[] {
  const findings: Finding[] = [];
  for (const file of trackedFiles().filter(isSource)) {
    const workspace = Object.keys(LADDER).find((folder) => file.startsWith(`${folder}/`));
    if (workspace === undefined || isTest(file)) continue;
    const own = workspace.split('/')[1];
    readFileSync(root + file, 'utf8')
      .split('\n')
      .forEach((text, index) => {
        const imported =
          /from '@holdfast\/([a-z]+)(\/[^']*)?'/.exec(text) ??
          /import\('@holdfast\/([a-z]+)(\/[^']*)?'\)/.exec(text);
        if (imported === null) return;
        const [, name = '', path] = imported;
        if (name === own || LADDER[workspace]?.includes(name) !== true)
          findings.push({ file, line: index + 1, text: `${workspace} may not import ${name}` });
        if (path !== undefined)
          findings.push({ file, line: index + 1, text: `import ${name} through its entry` });
      });
  }
  return findings;
}

/** Clocks, chance, promises and the outside world in what has to be pure. Comments may speak of them. */
export function findImpurities(): Finding[] {
  const findings: Finding[] = [];
  for (const file of trackedFiles().filter(
    (name) => name.startsWith('packages/') && isSource(name) && !isTest(name),
  )) {
    readFileSync(root + file, 'utf8')
      .split('\n')
      .forEach((text, index) => {
        const code = withoutComments(text);
        for (const [pattern, instead] of BANNED) {
          if (pattern.test(code))
            findings.push({ file, line: index + 1, text: `${pattern.source}: ${instead}` });
        }
      });
  }
  return findings;
}

/** Good enough for lines: a comment from `//` or within a block comment's line; strings keep their words. */
function withoutComments(line: string): string {
  if (/^\s*(\*|\/\*)/.test(line)) return '';
  return line
    .replace(/'(?:[^'\\]|\\.)*'/g, (text) => (text.startsWith("'node:") ? text : "''"))
    .replace(/\/\/.*$/, '')
    .replace(/\/\*.*?\*\//g, '');
}

/** Rules whose tests need the real implementations of others, which only the lab may know. */
const PEERS = 'lab/live/peers/';

/**
 * A rule without a test of its own package (or against real peers), and a test of a rule that no SPEC.md knows. A rule
 * stands as `- **DS8** …`; two packages that state one rule each test their part of it.
 */
export function findRuleGaps(): Finding[] {
  const files = trackedFiles();
  const rules: (Finding & { readonly folder: string })[] = [];
  for (const file of files.filter((name) => name.endsWith('SPEC.md'))) {
    readFileSync(root + file, 'utf8')
      .split('\n')
      .forEach((text, index) => {
        const rule = /^- \*\*([A-Z]{1,3}\d+[a-z]?)\*\*/.exec(text)?.[1];
        const folder = file.slice(0, -'SPEC.md'.length);
        if (rule !== undefined) rules.push({ file, line: index + 1, text: rule, folder });
      });
  }
  const family = (id: string) => id.replace(/\d.*$/, '');
  const families = new Set(rules.map(({ text }) => family(text)));
  const tested: Finding[] = [];
  // A suite that several implementations pass is run by each of their tests.
  for (const file of files.filter((name) => /\.(test|contract)\.ts$/.test(name))) {
    for (const { line, text } of testTitles(readFileSync(root + file, 'utf8')))
      for (const id of idsOf(text)) if (families.has(family(id))) tested.push({ file, line, text: id });
  }
  const isTested = (id: string, folder: string) =>
    tested.some(({ file, text }) => text === id && (file.startsWith(folder) || file.startsWith(PEERS)));
  const withoutTest = rules
    .filter(({ text, folder }) => !isTested(text, folder))
    .map(({ file, line, text }) => ({
      file,
      line,
      text: `no test title of the package begins with [${text}]`,
    }));
  const known = new Set(rules.map(({ text }) => text));
  const withoutRule = tested
    .filter(({ text }) => !known.has(text))
    .map(({ file, line, text }) => ({ file, line, text: `no SPEC.md has the rule ${text}` }));
  return [...withoutTest, ...withoutRule];
}

/** What stands first in a call of `test`, `it` or `describe`, or of what their `.each(…)` gives; comments hold no tests. */
export function testTitles(source: string): { readonly line: number; readonly text: string }[] {
  const code = source.replaceAll(/^\s*(\/\/|\*|\/\*).*$/gm, '');
  return [...code.matchAll(TITLE)].map((match) => ({
    line: code.slice(0, match.index).split('\n').length,
    text: match[2] ?? '',
  }));
}

const TITLE = /(?:\b(?:it|test|describe)(?:\.\w+)*|\))\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1\s*,/g;

/** Of the brackets with which a title begins. */
function idsOf(title: string): string[] {
  const [brackets = ''] = /^(\[[^\]]+\]\s*)*/.exec(title) ?? [];
  return [...brackets.matchAll(/\[([A-Z]{1,3}\d+[a-z]?)\]/g)].map(([, id = '']) => id);
}

/** Words that do not belong in a finished file. */
export function findUnfinished(): Finding[] {
  const findings: Finding[] = [];
  const mark = new RegExp(
    `\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X'].join('|')})\\b|\\b(it|test|describe)\\.(skip|only|todo)\\b`,
  );
  for (const file of trackedFiles().filter((name) => isSource(name) || name.endsWith('.md'))) {
    readFileSync(root + file, 'utf8')
      .split('\n')
      .forEach((text, index) => {
        if (mark.test(text)) findings.push({ file, line: index + 1, text: text.trim() });
      });
  }
  return findings;
}

/** Libraries that a package.json lists and ARCHITECTURE.md does not name with what they save, and the reverse. */
export function findUnnamedDependencies(): Finding[] {
  const listed = new Map<string, string>();
  for (const file of trackedFiles().filter((name) => /(^|\/)package\.json$/.test(name))) {
    const manifest = JSON.parse(readFileSync(root + file, 'utf8')) as Record<string, Record<string, string>>;
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }))
      if (!name.startsWith('@holdfast/')) listed.set(name, file);
  }
  const named = new Map<string, Finding>();
  const lines = readFileSync(`${root}ARCHITECTURE.md`, 'utf8').split('\n');
  const start = lines.indexOf('## Dependencies');
  const end = lines.findIndex((line, index) => index > start && line.startsWith('## '));
  lines.forEach((line, index) => {
    const cell = /^\| ([^|]+) \|/.exec(line)?.[1];
    if (cell === undefined || index < start || index > end || /^(-+|dependency)$/.test(cell)) return;
    for (const name of cell.split(', '))
      named.set(name, { file: 'ARCHITECTURE.md', line: index + 1, text: `no package.json lists ${name}` });
  });
  const unnamed = [...listed]
    .filter(([name]) => !named.has(name))
    .map(([name, file]) => ({ file, line: 1, text: `ARCHITECTURE.md does not name ${name}` }));
  return [...unnamed, ...[...named].filter(([name]) => !listed.has(name)).map(([, finding]) => finding)];
}

/**
 * A package.json that says something else than package-lock.json, or a lock without the binaries of other
 * platforms (an install from a registry that lacks them drops them): then `npm ci` fails on every fresh clone.
 */
export function findLockGaps(): Finding[] {
  const lock = JSON.parse(readFileSync(`${root}package-lock.json`, 'utf8')) as {
    packages: Record<string, Record<string, Record<string, string>>>;
  };
  const sorted = (names: Record<string, string> | undefined) =>
    JSON.stringify(Object.entries(names ?? {}).sort());
  const changed = trackedFiles()
    .filter((file) => /(^|\/)package\.json$/.test(file))
    .flatMap((file) => {
      const manifest = JSON.parse(readFileSync(root + file, 'utf8')) as Record<
        string,
        Record<string, string>
      >;
      const locked = lock.packages[file.replace(/\/?package\.json$/, '')];
      return ['dependencies', 'devDependencies', 'engines']
        .filter((field) => sorted(manifest[field]) !== sorted(locked?.[field]))
        .map((field) => ({ file, line: 1, text: `package-lock.json has other ${field}; run npm install` }));
    });
  const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies }]) =>
    Object.keys(optionalDependencies ?? {})
      .filter(
        (name) =>
          !(`node_modules/${name}` in lock.packages) && !(`${path}/node_modules/${name}` in lock.packages),
      )
      .map((name) => ({
        file: 'package-lock.json',
        line: 1,
        text: `${path} wants ${name}, which has no entry`,
      })),
  );
  return [...changed, ...missing];
}

/** One idea fits: a file of more lines wants to be two. */
const LINES_MAX = 500;

/** Sources and tests that are longer. */
export function findLongFiles(): Finding[] {
  return trackedFiles()
    .filter(isSource)
    .flatMap((file) => longFile(file, readFileSync(root + file, 'utf8')));
}

/** A line ends with its line feed. */
export function longFile(file: string, text: string): Finding[] {
  const line = text.split('\n').length - (text.endsWith('\n') ? 1 : 0);
  return line > LINES_MAX ? [{ file, line, text: `${line} lines; one idea fits ${LINES_MAX}` }] : [];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const findings = [
    ...findLadderBreaks(),
    ...findImpurities(),
    ...findRuleGaps(),
    ...findUnfinished(),
    ...findUnnamedDependencies(),
    ...findLockGaps(),
    ...findLongFiles(),
  ];
  for (const { file, line, text } of findings) console.log(`${file}:${line}: ${text}`);
  process.exitCode = findings.length === 0 ? 0 : 1;
}
