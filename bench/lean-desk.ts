/**
 * A desk of a few lines on a real WebSocket: it registers, logs its agent in and makes it Ready when it is told to, again
 * where it is asked to come later, and besides only answers stamps and pings. For benches that need thousands.
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

export interface LeanDesk {
  /** Resolves when the agent is Ready; rejects with what the site said. To be called once. */
  logIn(): Promise<void>;
  close(): void;
}

/** Long enough that nobody asks whether the line lives. */
const ADDP_TIMEOUT_MS = 600_000;
const LOGIN = 3;
const READY = 4;

export async function logInLeanDesk(options: LeanDeskOptions): Promise<LeanDesk> {
  const desk = await openLeanDesk(options);
  await desk.logIn();
  return desk;
}

/** Resolves with the site's first stamp. The end of the link is the caller's to mind. */
export function openLeanDesk(options: LeanDeskOptions): Promise<LeanDesk> {
  const { dn, place, queue, token } = options;
  const session = `bench-${dn}-desk`;
  const epoch = { number: Date.now(), desk: session };
  let stamp: Extract<DeskReply, { type: 'Stamp' }>['stamp'] | undefined;
  let isIn = false;
  let isClosed = false;
  let loggedIn = () => {};
  let refused: (error: Error) => void = () => {};
  return new Promise((resolve, reject) => {
    refused = reject;
    const ask = () => {
      if (stamp === undefined || isClosed) return;
      epoch.number++;
      const login = { dn, AgentID: dn, queues: [queue], place, token, epoch: { ...epoch }, stamp };
      link.send({ type: 'AgentLogin', ReferenceID: LOGIN, ...login });
    };
    const desk: LeanDesk = {
      logIn() {
        const ready = new Promise<void>((done, failed) => {
          loggedIn = done;
          refused = failed;
        });
        ask();
        return ready;
      },
      close() {
        isClosed = true;
        link.close();
      },
    };
    const heard = (message: DeskReply) => {
      if (message.type === 'Stamp') {
        stamp = message.stamp;
        resolve(desk);
        if (isIn) link.send({ type: 'StampAnswer', dn, epoch: { ...epoch }, stamp });
      } else if (message.type === 'Ping') link.send({ type: 'Pong', n: message.n });
      else if (message.type === 'Error') {
        if (message.retryAfterMs !== undefined && !isIn) setTimeout(ask, message.retryAfterMs);
        else refused(new Error(`${dn}: ${message.code}: ${message.text}`));
      } else if (message.type === 'Event' && message.name === 'EventAgentLogin') {
        isIn = true;
        link.send({ type: 'AgentReady', ReferenceID: READY, dn });
      } else if (message.type === 'Event' && message.name === 'EventAgentReady') loggedIn();
    };
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
        message: heard,
        closed: ({ text }) => refused(new Error(`${dn}: the link has ended: ${text}`)),
      },
    });
  });
}
