/**
 * Where a supervisor hears the members of a pair that it started: a Unix domain socket in its data folder, because
 * the channel to a child is gone when the supervisor is started again. It decides nothing; it knows which link is
 * which process.
 */
import { createHash } from 'node:crypto';
import { chmodSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_OLDEST,
  type SupervisorReply,
  type SupervisorRequest,
  supervisorRequest,
} from '@holdfast/protocol';
import { type LinkServer, startLinkServer } from '@holdfast/shell';
import type { Log } from '../log.ts';
import { CannotRun } from '../role.ts';
import { isRunning } from './process-identity.ts';

/** In the environment of each member: the path of the socket. */
export const SOCKET_VARIABLE = 'HOLDFAST_SUPERVISOR_SOCKET';

/** `sun_path` has 108 bytes, the last of them zero. */
export const PATH_BYTES_MAX = 107;
/** Two members, who may have a former connection each that is not known to be gone; and a person who looks. */
const LINKS_MAX = 16;

export type MemberRequest = Exclude<SupervisorRequest, { type: 'Hello' }>;

export interface MemberSocketOptions {
  readonly path: string;
  readonly log: Log;
  /** A process that lives; `refuse` may answer it. */
  hello(application: string, process: string): void;
  request(process: string, request: MemberRequest): void;
  /** Its connection is gone, which may be its end. */
  gone(process: string): void;
}

export interface MemberSocket {
  send(process: string, reply: SupervisorReply): void;
  /** To every member that has a connection. */
  broadcast(reply: SupervisorReply): void;
  refuse(process: string, text: string): void;
  stop(): Promise<void>;
}

/** Files of one pair, or of one member: names of Applications may hold any letter, and the path of a socket has to be short. */
export function pairFile(
  data: string,
  pair: string,
  end: 'sock' | 'json' | 'epoch' | 'probe' | 'operator',
): string {
  const name = createHash('sha256').update(pair).digest('hex').slice(0, 8);
  // Whoever listens at a socket, or connects to one, knows it from a host name by its first sign.
  return resolve(data, `pair-${name}.${end}`);
}

/** Whoever calls has made sure that no other supervisor listens there. */
export async function startMemberSocket(options: MemberSocketOptions): Promise<MemberSocket> {
  const { path, log } = options;
  if (Buffer.byteLength(path) > PATH_BYTES_MAX)
    throw new CannotRun(
      `The socket ${path} has a path of more than ${PATH_BYTES_MAX} bytes. Choose a shorter data folder (--data).`,
    );
  const processes = new Map<string, string>();
  const links = new Map<string, string>();
  const refuse = (link: string, text: string) => {
    // What it sends until its end is nobody's word.
    const process = processes.get(link);
    processes.delete(link);
    if (process !== undefined && links.get(process) === link) links.delete(process);
    server.send(link, { type: 'Error', text });
    server.close(link, text);
    log({ level: 'warn', what: 'member of a pair refused', because: text });
  };
  const hello = (
    link: string,
    { version, application, process }: Extract<SupervisorRequest, { type: 'Hello' }>,
  ) => {
    if (version < PROTOCOL_VERSION_OLDEST || version > PROTOCOL_VERSION)
      return refuse(
        link,
        `Version ${version} is not spoken here, but ${PROTOCOL_VERSION_OLDEST} to ${PROTOCOL_VERSION}.`,
      );
    if (!isRunning(process)) return refuse(link, `No process ${process} runs on this host.`);
    processes.set(link, process);
    links.set(process, link);
    options.hello(application, process);
  };
  // A former life left it behind; a socket that exists cannot be listened on.
  rmSync(path, { force: true });
  const server: LinkServer<SupervisorReply> = await startLinkServer<SupervisorRequest, SupervisorReply>({
    host: path,
    port: 0,
    schema: supervisorRequest,
    linksMax: LINKS_MAX,
    handlers: {
      opened: () => {},
      message(link, request) {
        if (request.type === 'Hello') return hello(link, request);
        const process = processes.get(link);
        if (process === undefined) return refuse(link, 'The first message is Hello.');
        options.request(process, request);
      },
      closed(link) {
        const process = processes.get(link);
        processes.delete(link);
        if (process === undefined || links.get(process) !== link) return;
        links.delete(process);
        options.gone(process);
      },
      trouble: log,
    },
  }).catch((error: Error) => {
    throw new CannotRun(error.message);
  });
  chmodSync(path, 0o600);
  return {
    send(process, reply) {
      const link = links.get(process);
      if (link !== undefined) server.send(link, reply);
    },
    broadcast: (reply) => server.broadcast(links.values(), reply),
    refuse(process, text) {
      const link = links.get(process);
      if (link !== undefined) refuse(link, text);
    },
    async stop() {
      await server.stop();
      rmSync(path, { force: true });
    },
  };
}
