/**
 * The SIP port of a member of a pair while it is standby, where each member has an address of its own (PR10). It is closed
 * before the port is the primary's.
 */

import { type SipAddress, type StandbySipInput, StandbySipNode } from '@holdfast/servers';
import { cryptoRandom, type ProcessClock, type RunningNode, runNode } from '@holdfast/shell';
import type { EndpointEffect } from '@holdfast/sip';
import { SipTransports } from './io/sip-transports.ts';
import type { Log } from './log.ts';

export interface StandbyPortOptions {
  readonly sip: SipAddress;
  readonly clock: ProcessClock;
  readonly log: Log;
}

interface Opened {
  readonly transports: SipTransports;
  readonly node: RunningNode<StandbySipInput>;
}

export class StandbyPort {
  readonly #options: StandbyPortOptions;
  /** One thing after the other. */
  #turn: Promise<void> = Promise.resolve();
  #opened: Opened | undefined;

  constructor(options: StandbyPortOptions) {
    this.#options = options;
  }

  /** A port that cannot be had is logged: callers find nobody then, and try the other member as well. */
  open(): void {
    this.#turn = this.#turn.then(async () => {
      this.#opened ??= await this.#open().catch((error: Error) => {
        const { host, port } = this.#options.sip;
        const because = `${error.message} (${host}:${port}): callers find nobody here in place of a 503`;
        this.#options.log({ level: 'warn', what: 'standby port not opened', because });
        return undefined;
      });
    });
  }

  close(): Promise<void> {
    this.#turn = this.#turn.then(async () => {
      const opened = this.#opened;
      this.#opened = undefined;
      opened?.node.stop();
      await opened?.transports.close();
    });
    return this.#turn;
  }

  async #open(): Promise<Opened> {
    const { sip, clock, log } = this.#options;
    const { host, port, ...other } = sip;
    const transports = await SipTransports.open({
      ...{ host, port, other },
      onLine: log,
      onMessage: (message, source) => node.input({ type: 'sip', message, source }),
      onMalformed: () => {
        // The primary would say what is wrong with it; nobody is served here.
      },
      onFailure: () => {
        // Whoever asked is gone.
      },
      onBroken: (error) => log({ level: 'error', what: 'standby port lost', because: error.message }),
    });
    const node = runNode<StandbySipInput, EndpointEffect>(
      new StandbySipNode({ random: cryptoRandom(), own: sip }),
      {
        now: () => clock.now(),
        perform: (effect) => {
          if (effect.type === 'transmit') transports.transmit(effect);
        },
      },
    );
    return { transports, node };
  }
}
