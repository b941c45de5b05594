/**
 * JSON with its lines: what `JSON.parse` gives, where each key stands, which stand twice, and for what is no JSON
 * where it ceases to be. `JSON.parse` keeps the last of two equal keys in silence, and says where it failed in words
 * of its own, or not at all.
 */

export type LocatedJson =
  | {
      readonly ok: true;
      readonly value: unknown;
      /** Of the key, or of the nearest thing around it that is there; the first is 1. */
      lineOf(path: readonly string[]): number;
      /** Keys that one object has already had, the first `max` of them. */
      twice(max: number): { readonly key: string; readonly line: number }[];
    }
  | { readonly ok: false; readonly line: number; readonly text: string };

/** Deeper than any file of ours: what is refused here cannot fill memory with the names of its keys. */
const DEPTH_MAX = 8;
const SHOWN_MAX = 20;

const TOKEN =
  /[{}[\],:]|"[^"\\]*(?:\\(?:["\\/bfnrt]|u[\da-fA-F]{4})[^"\\]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const SPACE = /[ \t\r\n]*/y;

/** What has to come next, in words. */
const NEEDED = {
  value: 'a value',
  firstElement: 'a value or ]',
  key: 'a key in quotes',
  firstKey: 'a key in quotes or }',
  colon: 'a colon',
  more: 'a comma or the end of what is open',
  end: 'the end of the file',
} as const;
type Needed = keyof typeof NEEDED;

/** An object or a list that is open. */
interface Open {
  readonly end: '}' | ']';
  readonly keys: Set<string>;
  /** That was read last. */
  key: string;
}

export function readLocatedJson(text: string): LocatedJson {
  const open: Open[] = [];
  const found: Found[] = [];
  let needed: Needed = 'value';
  for (let at = spaceFrom(text, 0); at < text.length; at = spaceFrom(text, at)) {
    const token = tokenAt(text, at);
    const next: Needed | undefined = token === undefined ? undefined : afterToken(open, token, needed);
    if (token === undefined || next === undefined) {
      const shown = text.slice(at, at + SHOWN_MAX).split('\n')[0];
      return refused(text, at, `${NEEDED[needed]} is needed, and ${shown} stands there`);
    }
    if (open.length > DEPTH_MAX) return refused(text, at, `it is more than ${DEPTH_MAX} levels deep`);
    const last = open.at(-1);
    if (next === 'colon' && last !== undefined) {
      found.push({ path: pathOf(open), at, isTwice: last.keys.has(last.key) });
      last.keys.add(last.key);
    }
    at += token.length;
    needed = next;
  }
  if (needed !== 'end') return refused(text, text.length, `the file ends where ${NEEDED[needed]} is needed`);
  return { ok: true, value: JSON.parse(text), ...located(text, found) };
}

interface Found {
  readonly path: string;
  readonly at: number;
  readonly isTwice: boolean;
}

/** What has to come after the token; undefined where it may not stand. */
function afterToken(open: Open[], token: string, needed: Needed): Needed | undefined {
  const last = open.at(-1);
  switch (needed) {
    case 'firstElement':
      if (token === ']') return closed(open);
      return afterValue(open, token);
    case 'value':
      return afterValue(open, token);
    case 'firstKey':
      if (token === '}') return closed(open);
      return afterKey(last, token);
    case 'key':
      return afterKey(last, token);
    case 'colon':
      return token === ':' ? 'value' : undefined;
    case 'more':
      if (token === last?.end) return closed(open);
      if (token !== ',') return undefined;
      return last?.end === '}' ? 'key' : 'value';
    case 'end':
      return undefined;
  }
}

function afterValue(open: Open[], token: string): Needed | undefined {
  if (/^[}\],:]/.test(token)) return undefined;
  if (token === '{' || token === '[') {
    open.push({ end: token === '{' ? '}' : ']', keys: new Set(), key: '' });
    return token === '{' ? 'firstKey' : 'firstElement';
  }
  return open.length === 0 ? 'end' : 'more';
}

function afterKey(last: Open | undefined, token: string): Needed | undefined {
  if (last === undefined || !token.startsWith('"')) return undefined;
  last.key = JSON.parse(token) as string;
  return 'colon';
}

function closed(open: Open[]): Needed {
  open.pop();
  return open.length === 0 ? 'end' : 'more';
}

function pathOf(open: readonly Open[]): string {
  return open
    .filter(({ end }) => end === '}')
    .map(({ key }) => key)
    .join('.');
}

function located(text: string, found: readonly Found[]) {
  const positions = new Map(found.map(({ path, at }) => [path, at]));
  return {
    lineOf(path: readonly string[]): number {
      for (let length = path.length; length > 0; length--) {
        const at = positions.get(path.slice(0, length).join('.'));
        if (at !== undefined) return lineAt(text, at);
      }
      return 1;
    },
    twice: (max: number) =>
      found
        .filter(({ isTwice }) => isTwice)
        .slice(0, max)
        .map(({ path, at }) => ({ key: path, line: lineAt(text, at) })),
  };
}

function refused(text: string, at: number, what: string): LocatedJson {
  return { ok: false, line: lineAt(text, at), text: `This is no sound JSON: ${what}.` };
}

function spaceFrom(text: string, at: number): number {
  SPACE.lastIndex = at;
  SPACE.test(text);
  return SPACE.lastIndex;
}

function tokenAt(text: string, at: number): string | undefined {
  TOKEN.lastIndex = at;
  const token = TOKEN.exec(text)?.[0];
  return token === undefined || hasControl(token) ? undefined : token;
}

/** RFC 8259 §7: within a string they are escaped. */
function hasControl(token: string): boolean {
  for (let i = 0; i < token.length; i++) if (token.charCodeAt(i) < 0x20) return true;
  return false;
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}
