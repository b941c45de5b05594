/** The words and flags of `holdfast config`, as server.mjs gets them. */
import { parseArgs } from 'node:util';
import { placeForm } from '@holdfast/protocol';
import { CannotRun } from '../role.ts';
import { isRevision, keyOf, readInstant, typesInWords } from './config-words.ts';
import type { Address } from './server-addresses.ts';

export const CONFIG_WORDS = [
  'get',
  'set',
  'apply',
  'diff',
  'export',
  'import',
  'history',
  'restore',
  'check',
  'sync',
  'password',
  'revoke',
  'unlock',
  'verify',
  'conflicts',
  'resolve',
] as const;
export type ConfigWord = (typeof CONFIG_WORDS)[number];

const USAGE = `usage: config ${CONFIG_WORDS.join('|')} … --config HOST:PORT[,HOST:PORT…]; holdfast config WORD --help says more`;
/** Of one list. */
const LIMIT_MAX = 100_000;

export interface ConfigArguments {
  readonly word: ConfigWord;
  /** What follows it. */
  readonly rest: readonly string[];
  readonly servers: readonly Address[];
  readonly application: string;
  readonly format: 'yaml' | 'json' | undefined;
  readonly isDryRun: boolean;
  readonly note: string | undefined;
  readonly isPruning: boolean;
  /** Nothing is asked. */
  readonly isSure: boolean;
  readonly isFixing: boolean;
  readonly isAll: boolean;
  readonly who: string | undefined;
  /** Wall clock, ms. */
  readonly since: number | undefined;
  readonly until: number | undefined;
  readonly limit: number;
  readonly to: { readonly revision: string } | { readonly at: number } | undefined;
  /** Of sync. */
  readonly master: string | undefined;
  readonly places: 'one' | 'each' | undefined;
  readonly ownOptions: string | undefined;
  readonly isComparing: boolean;
}

/** Throws CannotRun. */
export function readConfigArguments(
  args: readonly string[],
  readAddress: (text: string) => Address,
  now: number,
): ConfigArguments {
  const { values, positionals } = parsed(args);
  const [first, ...rest] = positionals;
  const word = CONFIG_WORDS.find((one) => one === first);
  if (word === undefined || values.config === undefined) throw new CannotRun(USAGE);
  if (values.json && values.yaml) throw new CannotRun('Say --json or --yaml, not both.');
  const instant = (flag: 'since' | 'until') => {
    const text = values[flag];
    const at = text === undefined ? undefined : readInstant(text, now);
    if (text !== undefined && at === undefined) throw new CannotRun(`--${flag}: ${noInstant(text)}`);
    return at;
  };
  const limit = Number(values.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMIT_MAX)
    throw new CannotRun(`--limit: "${values.limit}" is no number from 1 to ${LIMIT_MAX}.`);
  return {
    ...{ word, rest, servers: values.config.split(',').map(readAddress), application: values.application },
    format: values.json ? 'json' : values.yaml ? 'yaml' : undefined,
    ...{ isDryRun: values['dry-run'] || values.preview, note: values.note },
    ...{ isPruning: values.prune, isSure: values.yes },
    ...{ isFixing: values.fix, isAll: values.all, who: values.who },
    ...{ since: instant('since'), until: instant('until'), limit, to: momentOf(values.to, now) },
    ...{ master: values.master, places: placesOf(values.places) },
    ...{ ownOptions: values['own-options'], isComparing: values.drift },
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        application: { type: 'string', default: 'workspace' },
        json: { type: 'boolean', default: false },
        yaml: { type: 'boolean', default: false },
        'dry-run': { type: 'boolean', default: false },
        note: { type: 'string' },
        prune: { type: 'boolean', default: false },
        yes: { type: 'boolean', default: false },
        fix: { type: 'boolean', default: false },
        all: { type: 'boolean', default: false },
        who: { type: 'string' },
        since: { type: 'string' },
        until: { type: 'string' },
        limit: { type: 'string', default: '20' },
        to: { type: 'string' },
        master: { type: 'string' },
        places: { type: 'string' },
        'own-options': { type: 'string' },
        preview: { type: 'boolean', default: false },
        drift: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    // An unknown or incomplete option.
    throw new CannotRun(`${(error as Error).message}\n${USAGE}`);
  }
}

function placesOf(text: string | undefined): ConfigArguments['places'] {
  const { data, success } = placeForm.optional().safeParse(text);
  if (!success) throw new CannotRun(`--places: "${text}" is neither one nor each.`);
  return data;
}

function momentOf(text: string | undefined, now: number): ConfigArguments['to'] {
  if (text === undefined) return undefined;
  if (isRevision(text)) return { revision: text };
  const at = readInstant(text, now);
  if (at === undefined) throw new CannotRun(`--to: ${noInstant(text)} Or name a revision, as 3.128.`);
  return { at };
}

function noInstant(text: string): string {
  return `"${text}" is no time; say 2026-03-01, 2026-03-01T08:30 (UTC), or 90s, 15m, 2h ago.`;
}

/** The one word that a command takes. Throws CannotRun. */
export function onlyWord({ word, rest }: ConfigArguments, what: string): string {
  const [first, ...more] = rest;
  if (first === undefined || more.length > 0) throw new CannotRun(`usage: config ${word} ${what}`);
  return first;
}

/** Throws CannotRun. */
export function objectKeyOf(text: string): string {
  const key = keyOf(text);
  if (key !== undefined) return key;
  throw new CannotRun(
    `"${text}" names no object. Say TYPE/NAME, as Person/kim; types are ${typesInWords()}.`,
  );
}
