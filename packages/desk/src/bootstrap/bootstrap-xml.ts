/**
 * The bootstrap file of Workspace (S0): the `appSettings` of an `.exe.config`, of which the keys `login.…` are ours
 * and everything else is somebody else's.
 *
 * docs/bootstrap.md describes both forms.
 */
import { SaxesParser } from 'saxes';
import type { BootstrapProblem, BootstrapReading, BootstrapSite } from './bootstrap.ts';
import { readNodeList } from './node-list.ts';
import { siteWarnings } from './site-warnings.ts';

interface Setting {
  readonly value: string;
  readonly line: number;
}

/** More settings than any such file has. */
const SETTINGS_MAX = 10_000;

export function readBootstrapXml(text: string): BootstrapReading {
  const settings = new Map<string, Setting>();
  const problem = readSettings(text, settings);
  if (problem !== undefined) return { ok: false, problems: [problem] };
  const url = settings.get('login.url');
  if (url === undefined)
    return { ok: false, problems: [missing('login.url', 'tcp://environment/application')] };
  const [, environment, application] =
    /^tcp:\/\/([^/\s]{1,255})\/([^/]{1,255})$/.exec(url.value.trim()) ?? [];
  if (environment === undefined || application === undefined) {
    const wrong = `"${url.value.slice(0, 80)}" must be tcp://environment/application`;
    return { ok: false, problems: [{ line: url.line, key: 'login.url', text: wrong }] };
  }
  const problems: BootstrapProblem[] = [];
  const warnings: BootstrapProblem[] = [];
  const read = (which: 'preferred-site' | 'peer-site') =>
    readSite(settings, which, environment, application, problems);
  const preferred = read('preferred-site');
  const peer = read('peer-site');
  const hotSeating = readSwitch(settings, 'login.hotSeating', problems);
  const embeddedEndpoint = readSwitch(settings, 'login.embeddedEndpoint', problems);
  for (const [key, { line }] of settings)
    if (key.startsWith('login.') && !isRead(key, environment))
      warnings.push({
        line,
        key,
        text: `This key is not read; the environment of login.url is ${environment}.`,
      });
  if (problems.length > 0) return { ok: false, problems };
  if (preferred === undefined)
    return {
      ok: false,
      problems: [missing(`login.nodes.preferred-site.${environment}`, '[host:port][host:port],Timeout=10')],
    };
  if (peer === undefined)
    warnings.push({
      line: 0,
      key: `login.nodes.peer-site.${environment}`,
      text: 'It is missing: the desk cannot start while the preferred site is dead. Add the nodes of the other site.',
    });
  for (const { text: told } of siteWarnings(preferred, peer)) {
    const key = `login.${peer?.form === 'cluster' ? 'cluster.' : ''}nodes.peer-site.${environment}`;
    warnings.push({ line: settings.get(key)?.line ?? 0, key, text: told });
  }
  return { ok: true, bootstrap: { environment, preferred, peer, hotSeating, embeddedEndpoint }, warnings };
}

function missing(key: string, form: string): BootstrapProblem {
  return { line: 0, key, text: `It is missing. Add it in the form ${form}.` };
}

function isRead(key: string, environment: string): boolean {
  const forms = ['login.nodes', 'login.cluster.nodes'];
  const keys = forms.flatMap((form) =>
    ['preferred-site', 'peer-site'].map((which) => `${form}.${which}.${environment}`),
  );
  return key === 'login.url' || SWITCHES.some((name) => name === key) || keys.includes(key);
}

/** Ours beside those of S0, by the words of the JSON form; unset is false. */
const SWITCHES = ['login.hotSeating', 'login.embeddedEndpoint'] as const;

function readSwitch(
  settings: ReadonlyMap<string, Setting>,
  key: (typeof SWITCHES)[number],
  problems: BootstrapProblem[],
): boolean {
  const { value, line } = settings.get(key) ?? { value: 'false', line: 0 };
  // .NET writes its booleans with a capital.
  const word = value.trim().toLowerCase();
  if (word !== 'true' && word !== 'false')
    problems.push({ line, key, text: `"${value.slice(0, 80)}" must be true or false.` });
  return word === 'true';
}

function readSite(
  settings: ReadonlyMap<string, Setting>,
  which: 'preferred-site' | 'peer-site',
  environment: string,
  application: string,
  problems: BootstrapProblem[],
): BootstrapSite | undefined {
  const pairKey = `login.nodes.${which}.${environment}`;
  const clusterKey = `login.cluster.nodes.${which}.${environment}`;
  const pair = settings.get(pairKey);
  const cluster = settings.get(clusterKey);
  const setting = pair ?? cluster;
  if (setting === undefined) return undefined;
  if (pair !== undefined && cluster !== undefined) {
    problems.push({
      line: cluster.line,
      key: clusterKey,
      text: `${pairKey} is set too. Leave one: a pair or a cluster.`,
    });
    return undefined;
  }
  const list = readNodeList(setting.value);
  if (typeof list === 'string') {
    problems.push({ line: setting.line, key: pair === undefined ? clusterKey : pairKey, text: `${list}.` });
    return undefined;
  }
  return {
    site: undefined,
    application,
    applicationType: 'Workspace',
    place: undefined,
    form: pair === undefined ? 'cluster' : 'pair',
    ...list,
  };
}

/** Every `add` below `appSettings`; the first problem of the file, if it has any. */
function readSettings(text: string, settings: Map<string, Setting>): BootstrapProblem | undefined {
  const parser = new SaxesParser({ position: true });
  let problem: BootstrapProblem | undefined;
  const open: string[] = [];
  const refuse = (line: number, key: string, what: string) => {
    problem ??= { line, key, text: what };
  };
  parser.on('error', (error) =>
    refuse(parser.line, '', `This is no sound XML: ${error.message.replace(/^[\d:\s]+/, '')}`),
  );
  // No bootstrap file needs a document type, and an entity that is defined in one can blow a file up (S0).
  parser.on('doctype', () =>
    refuse(parser.line, '', 'A document type is not allowed here. Remove <!DOCTYPE …>.'),
  );
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'add' && open.at(-1) === 'appSettings' && problem === undefined) {
      const { key, value } = attributes;
      if (typeof key !== 'string' || typeof value !== 'string')
        refuse(parser.line, '', '<add> needs a key and a value.');
      else if (settings.has(key)) refuse(parser.line, key, 'This key stands twice. Remove one.');
      else if (settings.size === SETTINGS_MAX)
        refuse(parser.line, key, `More than ${SETTINGS_MAX} settings.`);
      else settings.set(key, { value, line: parser.line });
    }
    open.push(name);
  });
  parser.on('closetag', () => open.pop());
  parser.write(text);
  parser.close();
  return problem;
}
