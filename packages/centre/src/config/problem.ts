/** What is wrong with a configuration, in words with which somebody can mend it. */
export interface Problem {
  /** Where the object was read; empty when it came over a link. */
  readonly file: string;
  /** `Person/kim`; empty when the file itself is wrong. */
  readonly object: string;
  /** The field (`connections.0.server`) or the option (`TServer/wrap-up-time`); empty when it is the whole object. */
  readonly field: string;
  readonly value: string;
  /** What is wrong, and what to do about it. */
  readonly text: string;
}

/** Values in messages are cut, so that a huge one does not fill the log. */
const VALUE_LENGTH_MAX = 80;

/** One line for people. */
export function problemLine(problem: Problem): string {
  const where = [problem.file, problem.object, problem.field].filter((part) => part !== '').join(': ');
  return `${where}: ${problem.text}`;
}

export function shownValue(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}…` : text;
}
