/**
 * A desk of a few lines on a real WebSocket: it registers, logs its agent in and makes it Ready, and from then on
 * only answers stamps and pings. For benches that need thousands.
 */
import { type DeskReply, type DeskRequest, deskReply, PROTOCOL_VERSION } from '@holdfast/protocol';
import { connectLink } from '@holdfast/shell';

export interface LeanDeskOptions {
  readonly port: number;
  readonly dn: string;
  readonly place: string;
  readonly queue: string;
  readonly token: string;
}

/** Long enough that nobody asks whether the line lives. */
const ADDP_TIMEOUT_MS = 600_000;

/** Resolves when the agent is Ready; rejects with what the site said. The end of the link is the caller's to mind. */
export function logInLeanDesk(options: LeanDeskOptions): Promise<{ close(): void }> {
  const { dn, place, queue, token } = options;
  const session = `bench-${dn}-desk`;
  const epoch = { number: Date.now(), desk: session };
  return new Promise((resolve, reject) => {
    let hasAsked = false;
    const link = connectLink<DeskRequest, DeskReply>({
      host: '127.0.0.1',
      port: options.port,
      schema: deskReply,
      handlers: {
        opened() {
          link.send({
            type: 'RegisterClient',
            ReferenceID: 1,
            application: 'workspace',
            session,
            version: PROTOCOL_VERSION,
            token,
            addpTimeoutMs: ADDP_TIMEOUT_MS,
          });
          link.send({ type: 'RegisterAddress', ReferenceID: 2, dn });
        },
        message(message) {
          if (message.type === 'Stamp') {
            const { stamp } = message;
            if (hasAsked) return void link.send({ type: 'StampAnswer', dn, epoch, stamp });
            hasAsked = true;
            const login = { dn, AgentID: dn, queues: [queue], place, token, epoch, stamp };
            link.send({ type: 'AgentLogin', ReferenceID: 3, ...login });
            link.send({ type: 'AgentReady', ReferenceID: 4, dn });
          } else if (message.type === 'Ping') link.send({ type: 'Pong', n: message.n });
          else if (message.type === 'Error') reject(new Error(`${dn}: ${message.code}: ${message.text}`));
          else if (message.type === 'Event' && message.name === 'EventAgentReady') resolve(link);
        },
        closed: ({ text }) => reject(new Error(`${dn}: the link has ended: ${text}`)),
      },
    });
  });
}
