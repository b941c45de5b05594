/**
 * For tests: a supervisor that is nothing but the arbiter of one pair, in a process of its own that can be killed.
 * Over its channel it is told which processes it has started.
 */
import { startHostPair } from './host-pair.ts';

const [data = '', ...applications] = process.argv.slice(2);
startHostPair({
  data,
  applications: applications as [string, string],
  log: (line) => process.send?.({ log: line }),
}).then(
  (pair) => {
    process.on('message', ({ application, pid }: { application: string; pid: number }) => {
      pair.started(application, pid);
      process.send?.({ started: pid });
    });
    process.send?.({ socket: pair.socketPath });
  },
  (error: Error) => process.send?.({ failed: error.message }, () => process.exit(2)),
);
process.on('disconnect', () => process.exit(0));
