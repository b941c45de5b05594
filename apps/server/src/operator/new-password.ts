/**
 * A new password: asked for twice at the terminal, which shows nothing, else the first line of stdin. Never of the command line, which
 * everybody on the host can read.
 */
import { CannotRun } from '../role.ts';
import { ask } from './ask-credentials.ts';

/** Of a line of stdin: more than any password that is taken has, in bytes. */
const LINE_MAX = 8_192;

/** Rejects with CannotRun. */
export async function readNewPassword(person: string): Promise<string> {
  if (!process.stdin.isTTY) return firstLine(process.stdin);
  const first = await ask(`New password of ${person}: `, false);
  const again = await ask('Once more: ', false);
  if (first === '') throw nothing();
  if (first === again) return first;
  throw new CannotRun('The two are not the same. Nothing has changed.');
}

/** Without its end. */
export async function firstLine(input: AsyncIterable<Buffer | string>): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of input) {
    const read = Buffer.from(piece);
    pieces.push(read);
    bytes += read.length;
    if (read.includes('\n') || bytes > LINE_MAX) break;
  }
  const [line = ''] = Buffer.concat(pieces).toString('utf8').split(/\r?\n/);
  if (line === '') throw nothing();
  if (Buffer.byteLength(line) <= LINE_MAX) return line;
  throw new CannotRun(`The first line of stdin has more than ${LINE_MAX} bytes. Nothing has changed.`);
}

function nothing(): CannotRun {
  return new CannotRun('There is no new password. Type it, or write it to stdin. Nothing has changed.');
}
