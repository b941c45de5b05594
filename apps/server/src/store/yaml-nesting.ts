/**
 * Looks over a YAML text before it is parsed: the parser takes a kilobyte for each level of nesting, so that ten megabytes of
 * brackets would take all memory there is. No configuration is deeper than this.
 */
import { Lexer } from 'yaml';

/** A file has lists of objects, in these maps, lists and maps, and sections of options. */
const NESTING_MAX = 32;
/** Each level of blocks is at least one blank further in. */
const INDENT_MAX = 256;
/** For each word the parser looks for the end of its line. */
const LINE_MAX = 250_000;

/** In words; undefined where it may be parsed. */
export function nestingProblem(text: string): string | undefined {
  for (let from = 0; from < text.length; ) {
    const end = text.indexOf('\n', from);
    if ((end < 0 ? text.length : end) > from + LINE_MAX) return `A line has more than ${LINE_MAX} letters.`;
    from = end < 0 ? text.length : end + 1;
  }
  let flow = 0;
  /** Of the present line, in which `- - -` nests too. */
  let blocks = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (lexeme === '[' || lexeme === '{') flow += 1;
    else if (lexeme === ']' || lexeme === '}') flow -= 1;
    else if (lexeme.startsWith('\n') || lexeme.startsWith('\r')) blocks = 0;
    else if (lexeme === '-' || lexeme === '?') blocks += 1;
    else if (lexeme.length > INDENT_MAX && lexeme.trim() === '')
      return `Something is indented by more than ${INDENT_MAX} blanks.`;
    if (flow > NESTING_MAX || blocks > NESTING_MAX)
      return `Something is nested more than ${NESTING_MAX} levels deep.`;
    if (flow < 0) return 'A bracket is closed that was not opened.';
  }
  return undefined;
}
