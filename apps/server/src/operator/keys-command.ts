/**
 * `holdfast keys rotate`: has the keys that the servers share changed (ID5 to ID7, ID11). They are made by the Configuration
 * Server, and this command sees none. Ends with 0 when they are written, 2 when it could not be asked, or was refused; then
 * nothing has changed.
 */
import { parseArgs } from 'node:util';
import type { KEY_KINDS } from '@holdfast/protocol';
import { CannotRun } from '../role.ts';
import { askCredentials } from './ask-credentials.ts';
import { Progress } from './config-progress.ts';
import { ConfigSession, Refused } from './config-session.ts';
import type { Address } from './server-addresses.ts';

type Kind = (typeof KEY_KINDS)[number];

/** As a person names them. */
const KINDS: Readonly<Record<string, Kind>> = {
  token: 'tokenKey',
  nonce: 'nonceKey',
  secret: 'serverSecret',
};

const USAGE = `usage: rotate-keys ${Object.keys(KINDS).join('|')}… --config HOST:PORT[,HOST:PORT…] [--stolen] [--application NAME]`;

/** Exit status. */
export async function rotateKeys(
  args: readonly string[],
  readAddress: (text: string) => Address,
  say: (line: string) => void,
): Promise<number> {
  const { what, config, application, isStolen } = readArguments(args);
  const servers = config.split(',').map(readAddress);
  const credentials = await askCredentials();
  const session = await ConfigSession.open({ servers, application, credentials });
  try {
    const request = { type: 'RotateKeys' as const, what: [...what], isStolen };
    const reply = await session.write(request, new Progress(say));
    if (reply.type === 'NotEdited') throw new CannotRun(`${reply.code}: ${reply.text}`);
    say(`the keys are changed, in revision ${reply.revision}`);
  } catch (error) {
    if (error instanceof Refused) throw new CannotRun(error.message);
    throw error;
  } finally {
    session.close();
  }
  for (const line of consequences(what, isStolen)) say(line);
  return 0;
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
