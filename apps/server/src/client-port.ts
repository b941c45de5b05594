/** The port at which a server takes its clients: what each link says becomes an input of the server's node. */
import { type LinkServer, type LinkServerOptions, startLinkServer } from '@holdfast/shell';
import type { LogBudget } from './log-budget.ts';
import { CannotRun } from './role.ts';

export type ClientInput<Request> =
  /** `remote`: the address of the other end, where it has one. */
  | { readonly type: 'opened'; readonly connection: string; readonly remote?: string }
  | { readonly type: 'message'; readonly connection: string; readonly message: Request }
  | { readonly type: 'closed'; readonly connection: string };

export interface ClientPortOptions<Request>
  extends Pick<LinkServerOptions<Request>, 'host' | 'port' | 'schema'> {
  /** What strangers can cause is written within this. */
  readonly strangers: LogBudget;
  input(input: ClientInput<Request>): void;
}

export function openClientPort<Request, Reply>({
  strangers,
  input,
  ...where
}: ClientPortOptions<Request>): Promise<LinkServer<Reply>> {
  return startLinkServer<Request, Reply>({
    ...where,
    handlers: {
      opened: (connection, remote) => input({ type: 'opened', connection, ...hostOf(remote) }),
      message: (connection, message) => input({ type: 'message', connection, message }),
      closed: (connection) => input({ type: 'closed', connection }),
      trouble: (line, remote) => strangers.line(line, remote),
    },
  }).catch((error: Error) => {
    throw new CannotRun(error.message);
  });
}

/** Without its port; an IPv4 address as such, also where the port takes both kinds. */
function hostOf(remote: string): { readonly remote?: string } {
  const host = remote.slice(0, remote.lastIndexOf(':')).replace(/^::ffff:(?=\d+\.)/, '');
  return host === '' || host === '?' ? {} : { remote: host };
}
