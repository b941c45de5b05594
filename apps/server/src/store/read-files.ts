/**
 * Configuration files from a folder: `*.yaml` for people, `*.json` for machines. YAML is read without guessing:
 * every scalar is the text that stands there, so that 0700 keeps its zero and `off` is not a boolean.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type ConfigFile, type LoadedConfiguration, loadConfiguration, type Problem } from '@holdfast/centre';
import { LineCounter, parseDocument } from 'yaml';
import { nodeHashes } from '../crypto.ts';
import { nestingProblem } from './yaml-nesting.ts';

/** A site of 20,000 agents has about 50 MB. */
const FILE_BYTES_MAX = 128 * 1024 * 1024;
const FILES_MAX = 1_000;
const CONFIG_FILE = /\.(ya?ml|json)$/;
/** Of one file; after the first the others often follow from it. */
const ERRORS_TOLD_MAX = 20;
/** Anchors may repeat a thing so often; more is a "billion laughs" file. */
const ALIASES_MAX = 100;

export interface ReadFiles {
  readonly files: readonly ConfigFile[];
  /** Of those that could not be read. */
  readonly problems: readonly Problem[];
}

/** Never rejects for what is wrong with the files: that is in the problems. */
export async function loadFiles(folder: string): Promise<LoadedConfiguration> {
  const { files, problems } = await readFolder(folder);
  const loaded = loadConfiguration(files, nodeHashes.sha256);
  if (problems.length === 0) return loaded;
  return {
    ok: false,
    problems: loaded.ok ? problems : [...problems, ...loaded.problems],
    warnings: loaded.warnings,
  };
}

/** Never rejects. */
export async function readFolder(folder: string): Promise<ReadFiles> {
  const problems: Problem[] = [];
  const files: ConfigFile[] = [];
  for (const file of await namesIn(folder, problems)) {
    const read = await readOne(folder, file, problems);
    if (read !== undefined) files.push(read);
  }
  return { files, problems };
}

/** Never rejects. */
export async function readSingleFile(path: string): Promise<ReadFiles> {
  const problems: Problem[] = [];
  const file = basename(path);
  if (!CONFIG_FILE.test(file)) {
    const text = 'A configuration file is called *.yaml, *.yml or *.json.';
    return { files: [], problems: [{ file: path, object: '', field: '', value: '', text }] };
  }
  const read = await readOne(dirname(path), file, problems);
  return { files: read === undefined ? [] : [read], problems };
}

async function namesIn(folder: string, problems: Problem[]): Promise<string[]> {
  const report = (text: string) => problems.push({ file: folder, object: '', field: '', value: '', text });
  try {
    const names = (await readdir(folder)).filter((name) => CONFIG_FILE.test(name)).sort();
    if (names.length === 0) report('There is no configuration file (*.yaml, *.json) in this folder.');
    if (names.length > FILES_MAX) report(`There are more than ${FILES_MAX} files in this folder.`);
    return names.slice(0, FILES_MAX);
  } catch (error) {
    // The folder is missing or may not be read.
    report(`The folder cannot be read: ${(error as Error).message}`);
    return [];
  }
}

async function readOne(folder: string, file: string, problems: Problem[]): Promise<ConfigFile | undefined> {
  const report = (field: string, text: string) => {
    problems.push({ file, object: '', field, value: '', text });
    return undefined;
  };
  let text: string;
  try {
    const path = join(folder, file);
    const { size } = await stat(path);
    if (size > FILE_BYTES_MAX)
      return report('', `The file has ${size} bytes; at most ${FILE_BYTES_MAX} are read.`);
    text = await readFile(path, 'utf8');
  } catch (error) {
    // It went away, or may not be read.
    return report('', `The file cannot be read: ${(error as Error).message}`);
  }
  if (file.endsWith('.json')) {
    try {
      return { file, data: scalarsAsText(JSON.parse(text)) };
    } catch (error) {
      return report('', `This is not JSON: ${(error as Error).message}`);
    }
  }
  const nesting = nestingProblem(text);
  if (nesting !== undefined) return report('', `This is not YAML of a configuration: ${nesting}`);
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { schema: 'failsafe', lineCounter, prettyErrors: false });
  for (const { pos, message } of document.errors.slice(0, ERRORS_TOLD_MAX))
    report(`line ${lineCounter.linePos(pos[0]).line}`, message);
  if (document.errors.length > 0) return undefined;
  try {
    return { file, data: document.toJS({ maxAliasCount: ALIASES_MAX }) };
  } catch (error) {
    // Too many aliases.
    return report('', (error as Error).message);
  }
}

/** As YAML gives them. */
function scalarsAsText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(scalarsAsText);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, scalarsAsText(inner)]));
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
}
