/**
 * The supervisor of a host beside its own member of a pair across hosts (PR8): performs what `stepOwnPrimary`
 * decides, with the socket of the member and a signal.
 */
import { performance } from 'node:perf_hooks';
import {
  NOT_PRIMARY,
  type OwnPrimary,
  type OwnPrimaryEvent,
  ownPrimaryDeadline,
  stepOwnPrimary,
} from '@holdfast/servers';
import type { Log } from '../log.ts';
import { type MemberRequest, type MemberSocket, pairFile, startMemberSocket } from './member-socket.ts';
import { isRunning, signalProcess } from './process-identity.ts';

export interface OwnPrimaryWatchOptions {
  /** The supervisor's data folder. */
  readonly data: string;
  /** The member of the pair that runs on this host. */
  readonly application: string;
  readonly log: Log;
}

export interface OwnPrimaryWatch {
  /** Where the member finds it; goes into its environment. */
  readonly socketPath: string;
  stop(): Promise<void>;
}

export async function watchOwnPrimary(options: OwnPrimaryWatchOptions): Promise<OwnPrimaryWatch> {
  const { application: own, log } = options;
  const socketPath = pairFile(options.data, own, 'sock');
  let state: OwnPrimary = NOT_PRIMARY;
  let timer: NodeJS.Timeout | undefined;
  const on = (event: OwnPrimaryEvent) => {
    const next = stepOwnPrimary(state, event, performance.now());
    state = next.state;
    for (const { process, because } of next.effects) {
      const told = `${because.rule}: ${because.text}`;
      log({ level: 'error', what: 'process killed', because: told, detail: { application: own, process } });
      signalProcess(process, 'SIGKILL');
    }
    clearTimeout(timer);
    const deadline = ownPrimaryDeadline(state);
    if (deadline !== undefined)
      timer = setTimeout(() => on({ type: 'expire' }), deadline - performance.now());
  };
  const socket: MemberSocket = await startMemberSocket({
    path: socketPath,
    log,
    hello(application, process) {
      if (application !== own)
        socket.refuse(process, `Of this pair "${own}" runs here, not "${application}".`);
    },
    request: (process, request) => take(socket, process, request, on),
    gone(process) {
      // A connection may be lost by a process that lives: then its time runs on.
      if (!isRunning(process)) on({ type: 'ended', process });
    },
  });
  return {
    socketPath,
    async stop() {
      clearTimeout(timer);
      await socket.stop();
    },
  };
}

function take(
  socket: MemberSocket,
  process: string,
  request: MemberRequest,
  on: (event: OwnPrimaryEvent) => void,
): void {
  switch (request.type) {
    case 'Confirmed':
      return on({ type: 'confirmed', process, remainsMs: request.remainsMs });
    case 'StandsBy':
      return on({ type: 'standsBy', process });
    case 'Ask': {
      const because = 'The members of this pair run on two hosts: their arbiter is the etcd of the site.';
      const { n } = request.request;
      return socket.send(process, { type: 'Answered', answer: { type: 'unknown', n, because } });
    }
  }
}
