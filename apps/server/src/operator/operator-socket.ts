/**
 * Where a member of a pair hears the operator of its machine: a Unix domain socket in its data folder, which is there also
 * while the member serves nobody, its supervisor is dead and no Configuration Server could tell who an administrator is
 * (PR11). Its permission is that of the file: the user of the process alone, who could also kill it.
 */
import { chmodSync, rmSync } from 'node:fs';
import {
  type OperatorReply,
  type OperatorRequest,
  operatorRequest,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_OLDEST,
} from '@holdfast/protocol';
import { type LinkServer, startLinkServer } from '@holdfast/shell';
import { PATH_BYTES_MAX } from '../arbiter/member-socket.ts';
import type { Log } from '../log.ts';

export interface OperatorSocketOptions {
  readonly path: string;
  readonly log: Log;
  /** The word is taken, or the reason why not. */
  actAlone(): string | undefined;
}

export interface OperatorSocket {
  stop(): Promise<void>;
}

/** One person who says one word. */
const LINKS_MAX = 4;

/** A member without it works all the same: the log says what is missing. */
export async function openOperatorSocket(options: OperatorSocketOptions): Promise<OperatorSocket> {
  const { path, log } = options;
  try {
    if (Buffer.byteLength(path) > PATH_BYTES_MAX)
      throw new Error(
        `its path has more than ${PATH_BYTES_MAX} bytes; choose a shorter data folder (--data)`,
      );
    // A former life left it behind; a socket that exists cannot be listened on.
    rmSync(path, { force: true });
    const server: LinkServer<OperatorReply> = await startLinkServer<OperatorRequest, OperatorReply>({
      host: path,
      port: 0,
      schema: operatorRequest,
      linksMax: LINKS_MAX,
      handlers: {
        opened: () => {},
        message: (link, request) => server.send(link, answerTo(request, options)),
        closed: () => {},
        trouble: log,
      },
    });
    chmodSync(path, 0o600);
    return {
      async stop() {
        await server.stop();
        rmSync(path, { force: true });
      },
    };
  } catch (error) {
    // The folder takes no file, or its path is too long for a socket.
    const because = `PR11: act-alone will not be heard: ${(error as Error).message}`;
    log({ level: 'warn', what: 'operator socket not open', because, detail: { path } });
    return { stop: async () => {} };
  }
}

function answerTo({ version, by }: OperatorRequest, { log, actAlone }: OperatorSocketOptions): OperatorReply {
  if (version < PROTOCOL_VERSION_OLDEST || version > PROTOCOL_VERSION)
    return {
      type: 'Error',
      text: `Version ${version} is not spoken here, but ${PROTOCOL_VERSION_OLDEST} to ${PROTOCOL_VERSION}. Use the command of this release.`,
    };
  log({
    level: 'warn',
    what: 'operator says to act alone',
    because: `PR11: ${by} vouches that the mate does not act.`,
    detail: { by },
  });
  const text = actAlone();
  return text === undefined ? { type: 'Acts' } : { type: 'Error', text };
}
