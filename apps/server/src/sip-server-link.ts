/** How a process is connected to a SIP Server that it follows: that of its own site, or that of the other one. */
import { type DeskReply, type DeskRequest, deskReply } from '@holdfast/protocol';
import type { SipLinkEffect, SipLinkInput } from '@holdfast/servers';
import type { Log } from './log.ts';
import { ServerLink } from './server-link.ts';

export class SipServerLink {
  readonly #link: ServerLink<DeskRequest, DeskReply>;

  constructor(input: (input: SipLinkInput) => void, log: Log) {
    this.#link = new ServerLink({
      schema: deskReply,
      opened: (attempt) => input({ type: 'sipOpened', attempt }),
      message: (attempt, message) => input({ type: 'sipMessage', attempt, message }),
      closed: (attempt, why) => input({ type: 'sipClosed', attempt, why }),
      malformed: (field, because) =>
        log({ level: 'warn', what: 'malformed message of the SIP Server', because, detail: { field } }),
    });
  }

  perform(effect: SipLinkEffect): void {
    switch (effect.type) {
      case 'sipConnect':
        return this.#link.connect(effect.attempt, effect.server);
      case 'sipSend':
        return this.#link.send(effect.attempt, effect.message);
      case 'sipClose':
        return this.#link.close(effect.attempt, effect.why);
    }
  }

  stop(): void {
    this.#link.stop();
  }
}
