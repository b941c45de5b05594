/**
 * `holdfast keys rotate`: has the keys that the servers share changed (ID5 to ID7, ID11). They are made by the Configuration
 * Server, and this command sees none. Ends with 0 when they are written, 2 when it could not be asked, or was refused; then
 * nothing has changed.
 */
import { parseArgs } from 'node:util';
import {
  type ConfigReply,
  type ConfigRequest,
  configReply,
  type KEY_KINDS,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import { connectLink } from '@holdfast/shell';
import { CannotRun } from '../role.ts';
import { askCredentials, type Credentials } from './ask-credentials.ts';
import type { Address } from './operator-log-in.ts';

type Kind = (typeof KEY_KINDS)[number];

/** As a person names them. */
const KINDS: Readonly<Record<string, Kind>> = {
  token: 'tokenKey',
  nonce: 'nonceKey',
  secret: 'serverSecret',
};

const USAGE = `usage: rotate-keys ${Object.keys(KINDS).join('|')}… --config HOST:PORT[,HOST:PORT…] [--stolen] [--application NAME]`;

const ANSWER_MAX_MS = 5_000;
const ADDP_TIMEOUT_MS = 5_000;

/** Exit status. */
export async function rotateKeys(
  args: readonly string[],
  readAddress: (text: string) => Address,
  say: (line: string) => void,
): Promise<number> {
  const { what, config, application, isStolen } = readArguments(args);
  const servers = config.split(',').map(readAddress);
  const credentials = await askCredentials();
  const failures: string[] = [];
  for (const server of servers) {
    const answer = await ask(server, { application, credentials, what, isStolen });
    if ('failed' in answer) {
      failures.push(`${server.host}:${server.port} ${answer.failed}`);
      continue;
    }
    if ('refused' in answer) throw new CannotRun(answer.refused);
    say(`the keys are changed, in revision ${answer.revision}`);
    for (const line of consequences(what, isStolen)) say(line);
    return 0;
  }
  throw new CannotRun(`No Configuration Server answers: ${failures.join('; ')}.`);
}

/** What has to be done, or happens by itself. */
function consequences(what: readonly Kind[], isStolen: boolean): string[] {
  const lines: string[] = [];
  if (what.includes('tokenKey'))
    lines.push(
      isStolen
        ? 'every log-in token of before is refused: everybody logs in by password'
        : 'the new token key signs in a minute; tokens of the former one are good for as long as they would have been',
    );
  if (what.includes('serverSecret'))
    lines.push(
      isStolen
        ? 'servers with the former secret are refused: start all of them anew now'
        : 'start all servers anew, one after the other; then remove serverSecretFormer from the Keys object',
    );
  return lines;
}

function readArguments(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        config: { type: 'string' },
        application: { type: 'string', default: 'workspace' },
        stolen: { type: 'boolean', default: false },
      },
    });
    const { config, application, stolen: isStolen } = values;
    const what = [...new Set(positionals)].map((name) => {
      const kind = KINDS[name];
      if (kind === undefined) throw new CannotRun(`"${name}" is no kind of key.\n${USAGE}`);
      return kind;
    });
    if (what.length === 0 || config === undefined) throw new CannotRun(USAGE);
    return { what, config, application, isStolen };
  } catch (error) {
    // An unknown or incomplete option.
    if (error instanceof CannotRun) throw error;
    throw new CannotRun(`${(error as Error).message}\n${USAGE}`);
  }
}

interface Question {
  readonly application: string;
  readonly credentials: Credentials;
  readonly what: readonly Kind[];
  readonly isStolen: boolean;
}

type Answer =
  | { readonly revision: string }
  | { readonly refused: string }
  /** It may be tried at another. */
  | { readonly failed: string };

function ask(server: Address, { application, credentials, what, isStolen }: Question): Promise<Answer> {
  return new Promise((resolve) => {
    let isAsked = false;
    const end = (answer: Answer) => {
      clearTimeout(timer);
      resolve(answer);
      link.close();
    };
    const unknown =
      'It is not known whether the keys were changed: look into the history before you try again.';
    const give = (failed: string) => end(isAsked ? { refused: `${unknown} ${failed}` } : { failed });
    const timer = setTimeout(() => give(`is silent for ${ANSWER_MAX_MS} ms`), ANSWER_MAX_MS);
    const link = connectLink<ConfigRequest, ConfigReply>({
      ...server,
      schema: configReply,
      handlers: {
        opened: () => {
          const opening = { application, version: PROTOCOL_VERSION, addpTimeoutMs: ADDP_TIMEOUT_MS };
          link.send({ type: 'Open', ReferenceID: 1, ...opening });
          link.send({ type: 'LogIn', ReferenceID: 2, ...credentials });
        },
        message: (reply) => {
          if (reply.type === 'Error') return end({ refused: `${reply.code}: ${reply.text}` });
          if (reply.type === 'LoggedIn') {
            isAsked = true;
            return void link.send({ type: 'RotateKeys', ReferenceID: 3, what: [...what], isStolen });
          }
          if (reply.type === 'Edited') return end({ revision: reply.revision });
          if (reply.type !== 'NotEdited') return;
          // Another one writes.
          if (reply.code === 'not-writer') return end({ failed: reply.text });
          end({ refused: `${reply.code}: ${reply.text}` });
        },
        closed: ({ text }) => give(`cannot be reached: ${text}`),
      },
    });
  });
}
