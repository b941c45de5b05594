/**
 * The supervisor of a host beside its own member of a pair across hosts (PR8): performs what `stepOwnPrimary`
 * decides, with the socket of the member, a signal, and whatever moves the SIP address (PR10).
 */
import { performance } from 'node:perf_hooks';
import type { Because } from '@holdfast/kernel';
import {
  beginOwnPrimary,
  type OwnPrimary,
  type OwnPrimaryEffect,
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
  /** Absent where the address need not move, or something else moves it. */
  readonly moveAddress?: (verb: 'add' | 'remove', because: Because) => void;
}

export interface OwnPrimaryWatch {
  /** Where the member finds it; goes into its environment. */
  readonly socketPath: string;
  /** Its parent has heard of the member's end. */
  ended(): void;
  stop(): Promise<void>;
}

export async function watchOwnPrimary(options: OwnPrimaryWatchOptions): Promise<OwnPrimaryWatch> {
  const { application: own } = options;
  const socketPath = pairFile(options.data, own, 'sock');
  let timer: NodeJS.Timeout | undefined;
  const begun = beginOwnPrimary();
  let state: OwnPrimary = begun.state;
  for (const effect of begun.effects) perform(options, effect);
  const on = (event: OwnPrimaryEvent) => {
    const next = stepOwnPrimary(state, event, performance.now());
    state = next.state;
    for (const effect of next.effects) perform(options, effect);
    clearTimeout(timer);
    const deadline = ownPrimaryDeadline(state);
    if (deadline !== undefined)
      timer = setTimeout(() => on({ type: 'expire' }), deadline - performance.now());
  };
  const socket: MemberSocket = await startMemberSocket({
    path: socketPath,
    log: options.log,
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
    ended() {
      if (state.name !== 'notPrimary') on({ type: 'ended', process: state.process });
    },
    async stop() {
      clearTimeout(timer);
      await socket.stop();
    },
  };
}

function perform({ application, log, moveAddress }: OwnPrimaryWatchOptions, effect: OwnPrimaryEffect): void {
  const { because } = effect;
  if (effect.type === 'address') return moveAddress?.(effect.verb, because);
  const told = `${because.rule}: ${because.text}`;
  const detail = { application, process: effect.process };
  log({ level: 'error', what: 'process killed', because: told, detail });
  signalProcess(effect.process, 'SIGKILL');
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
    case 'Yields':
      // Here nobody is ended for a grant.
      return;
    case 'StandsBy':
      return on({ type: 'standsBy', process });
    case 'Ask': {
      const because = 'The members of this pair run on two hosts: their arbiter is the etcd of the site.';
      const { n } = request.request;
      return socket.send(process, { type: 'Answered', answer: { type: 'unknown', n, because } });
    }
  }
}
