/** How a simulated server is connected to a SIP Server that it follows: `apps/server/src/sip-server-link.ts` over streams. */
import type { DeskReply } from '@holdfast/protocol';
import type { SipLinkEffect, SipLinkInput } from '@holdfast/servers';
import type { Address, CloseReason, Process } from './process.ts';
import type { StreamEnd } from './stream.ts';

export class WholeServerLink {
  readonly #process: Process;
  #present: { readonly attempt: number; readonly end: StreamEnd } | undefined;

  constructor(process: Process) {
    this.#process = process;
  }

  /** Also of a former connection. */
  owns(end: StreamEnd): boolean {
    return end.tag === TAG;
  }

  perform(effect: SipLinkEffect): void {
    switch (effect.type) {
      case 'sipConnect': {
        const end = this.#process.connect(effect.server as Address);
        end.tag = TAG;
        this.#present = { attempt: effect.attempt, end };
        return;
      }
      case 'sipSend':
        if (effect.attempt === this.#present?.attempt) this.#present.end.send(effect.message);
        return;
      case 'sipClose':
        if (effect.attempt !== this.#present?.attempt) return;
        this.#present.end.close();
        this.#present = undefined;
    }
  }

  /** Whoever followed is gone. */
  drop(): void {
    this.#present?.end.close();
    this.#present = undefined;
  }

  /** What a happening at this end means; undefined for a former connection. */
  opened(end: StreamEnd): SipLinkInput | undefined {
    const attempt = this.#attemptOf(end);
    if (attempt !== undefined) return { type: 'sipOpened', attempt };
    end.close();
    return undefined;
  }

  message(end: StreamEnd, message: unknown): SipLinkInput | undefined {
    const attempt = this.#attemptOf(end);
    return attempt === undefined ? undefined : { type: 'sipMessage', attempt, message: message as DeskReply };
  }

  closed(end: StreamEnd, why: CloseReason): SipLinkInput | undefined {
    const attempt = this.#attemptOf(end);
    if (attempt === undefined) return undefined;
    this.#present = undefined;
    return { type: 'sipClosed', attempt, why };
  }

  #attemptOf(end: StreamEnd): number | undefined {
    return this.#present?.end === end ? this.#present.attempt : undefined;
  }
}

const TAG = 'sip';
