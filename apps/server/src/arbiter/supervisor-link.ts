/**
 * The connection of a member to the supervisor of its host: made anew for as long as it is wanted, since the
 * supervisor may end and come back without its members noticing anything else (PR7).
 */
import {
  PROTOCOL_VERSION,
  type SupervisorReply,
  type SupervisorRequest,
  supervisorReply,
} from '@holdfast/protocol';
import { connectLink, type LinkClient } from '@holdfast/shell';

export interface SupervisorLinkOptions {
  /** Where the supervisor listens; it tells its children in SOCKET_VARIABLE. */
  readonly socket: string;
  readonly application: string;
  /** See process-identity. */
  readonly process: string;
  opened(): void;
  message(reply: SupervisorReply): void;
  /** What was sent and not answered will not be answered any more. */
  lost(why: string): void;
}

export interface SupervisorLink {
  /** False while there is no connection. */
  send(request: SupervisorRequest): boolean;
  close(): void;
}

/** A socket of the same host: a failure is known at once, and one that is stopped must not hold up the next. */
const CONNECT_MAX_MS = 500;
/** Between two attempts. */
const PAUSE_MS = 50;

export function openSupervisorLink(options: SupervisorLinkOptions): SupervisorLink {
  let link: LinkClient<SupervisorRequest> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isOpen = false;
  let isClosed = false;
  const connect = () => {
    link = connectLink<SupervisorRequest, SupervisorReply>({
      host: options.socket,
      port: 0,
      schema: supervisorReply,
      connectMaxMs: CONNECT_MAX_MS,
      handlers: {
        opened() {
          isOpen = true;
          const { application, process } = options;
          link?.send({ type: 'Hello', version: PROTOCOL_VERSION, application, process });
          options.opened();
        },
        message: (reply) => {
          if (!isClosed) options.message(reply);
        },
        closed(end) {
          isOpen = false;
          if (isClosed) return;
          options.lost(end.text);
          timer = setTimeout(connect, PAUSE_MS);
        },
      },
    });
  };
  connect();
  return {
    send: (request) => isOpen && link?.send(request) === true,
    close() {
      isClosed = true;
      clearTimeout(timer);
      link?.terminate();
    },
  };
}
