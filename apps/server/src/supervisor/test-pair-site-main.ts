/**
 * For tests: a supervisor that starts both members of a pair, and in its children something that is no server but
 * asks for the role as a member does. What a child hears it says on its output, one JSON object a line.
 */

import { SOCKET_VARIABLE } from '../arbiter/member-socket.ts';
import { identityOf } from '../arbiter/process-identity.ts';
import { openSupervisorArbiter } from '../arbiter/supervisor-arbiter.ts';
import { onProcessEnd } from '../io/process-end.ts';
import { startSupervisor } from './supervisor.ts';

const OFFER_MS = 10_000;
const say = (said: object) => process.stdout.write(`${JSON.stringify(said)}\n`);

async function supervise(files: string, data: string): Promise<void> {
  const supervisor = await startSupervisor({
    site: 'north',
    files,
    data,
    entry: process.argv[1] ?? '',
    restarts: true,
    outlive: false,
    log: say,
  });
  onProcessEnd(() => void supervisor.stop().then(() => process.exit(0)), { signals: ['SIGTERM'] });
}

/** SIGUSR2: asks for the role on what stands. SIGHUP: offers it. */
function beMember(application: string, socket: string): void {
  const own = identityOf(process.pid) ?? '';
  let epoch = 0;
  const arbiter = openSupervisorArbiter({
    socket,
    application,
    process: own,
    handlers: {
      answered(answer) {
        if (answer.n === 3) return say({ application, offers: answer.type === 'stands' });
        if (answer.type !== 'stands') return say({ application, answer: answer.type });
        epoch = (answer.seen.key?.epoch ?? 0) + 1;
        const key = { holder: application, process: own, epoch, ask: 1, lengthMs: 600 };
        arbiter.ask({ type: 'swap', n: 2, ifRevision: answer.seen.revision, key });
      },
      changed: ({ key }) => say({ application, sees: key?.holder }),
      mateEnded: (mate) => say({ application, ended: mate.application }),
    },
  });
  process.on('SIGUSR2', () => arbiter.ask({ type: 'read', n: 1 }));
  process.on('SIGHUP', () => {
    arbiter.yields?.(OFFER_MS);
    // Answered after the supervisor has read the offer.
    arbiter.ask({ type: 'read', n: 3 });
  });
}

const [first = '', ...more] = process.argv.slice(2);
if (first === 'supervise') void supervise(more[0] ?? '', more[1] ?? '');
else {
  const outlive = more.includes('--outlive');
  onProcessEnd(() => process.exit(0), { signals: ['SIGTERM'], outlive });
  const socket = process.env[SOCKET_VARIABLE];
  if (socket === undefined) setInterval(() => {}, 60_000);
  else beMember(more[0] ?? '', socket);
  process.send?.({ type: 'ready', ports: {} });
}
