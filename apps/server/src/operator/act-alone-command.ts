/**
 * `holdfast act-alone`: tells one member of a pair to be primary although neither its mate nor the arbiter confirms it
 * (PR11). For the night in which the arbiter is down and the mate dead: nobody but a person can know then that the mate
 * does not act. Said on the machine of the member, over the socket in its data folder. Ends with 0 when the member acts, 2
 * when it was refused or could not be asked; then nothing has changed.
 */
import { existsSync } from 'node:fs';
import { hostname, userInfo } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  type OperatorReply,
  type OperatorRequest,
  operatorReply,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import { connectLink } from '@holdfast/shell';
import { pairFile } from '../arbiter/member-socket.ts';
import { CannotRun } from '../role.ts';

const USAGE = 'usage: act-alone APPLICATION --data DIR --yes';
/** The member writes its epoch to the disk before it answers. */
const ANSWER_MAX_MS = 5_000;
/** Of what the log shows as the one who said it. */
const BY_MAX = 100;

/** Exit status. */
export async function actAlone(args: readonly string[], say: (line: string) => void): Promise<number> {
  const { name, data, isSure } = readArguments(args);
  const path = resolve(pairFile(data, name, 'operator'));
  if (!existsSync(path))
    throw new CannotRun(
      `There is no socket of "${name}" in ${data}. It has to run on this machine, as a member of a pair, with that folder as its --data (the supervisor's).`,
    );
  if (!isSure) throw new CannotRun(warningOf(name));
  const answer = await ask(path, { type: 'ActAlone', version: PROTOCOL_VERSION, by: whoSays() });
  if (answer.type === 'Error') throw new CannotRun(`${name} refuses: ${answer.text}`);
  say(
    `${name} is primary, confirmed by nobody, until its mate or the arbiter is heard again. Do not start the mate anywhere from where it does not reach ${name}.`,
  );
  return 0;
}

function warningOf(name: string): string {
  return [
    `This makes ${name} primary on your word alone.`,
    'If its mate is alive and acts, both are primary: each takes calls and log-ins of which the other does not know, agents may get two',
    'calls at once, and what the one with the lower epoch has done since is dropped when the two meet.',
    'Make sure first that the mate is dead, its machine off, or cut off from phones and desks; where either answers, use promote.',
    'Then say it again with --yes. Nothing has changed.',
  ].join('\n');
}

/** Behind sudo the person and not the account. */
function whoSays(): string {
  const { username } = userInfo();
  const person = process.env.SUDO_USER;
  const user = person === undefined || person === username ? username : `${person} as ${username}`;
  return `${user} at ${hostname()}`.slice(0, BY_MAX);
}

function readArguments(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { data: { type: 'string' }, yes: { type: 'boolean', default: false } },
    });
    const [name] = positionals;
    const { data, yes } = values;
    if (name === undefined || positionals.length > 1 || data === undefined) throw new CannotRun(USAGE);
    return { name, data, isSure: yes };
  } catch (error) {
    // An unknown or incomplete option.
    if (error instanceof CannotRun) throw error;
    throw new CannotRun(`${(error as Error).message}\n${USAGE}`);
  }
}

function ask(path: string, request: OperatorRequest): Promise<OperatorReply> {
  return new Promise((resolveAnswer, reject) => {
    const end = (why: string) => {
      clearTimeout(timer);
      reject(new CannotRun(`${path}: ${why}. See by its log whether the member runs.`));
      link.terminate();
    };
    const timer = setTimeout(() => end(`no answer within ${ANSWER_MAX_MS} ms`), ANSWER_MAX_MS);
    const link = connectLink<OperatorRequest, OperatorReply>({
      ...{ host: path, port: 0, schema: operatorReply, connectMaxMs: ANSWER_MAX_MS },
      handlers: {
        opened: () => link.send(request),
        message(reply) {
          clearTimeout(timer);
          resolveAnswer(reply);
          link.close();
        },
        closed: ({ text }) => end(text),
      },
    });
  });
}
