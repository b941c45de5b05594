/**
 * How a simulated member of a pair tries whether it does its work (GF1, GF6), as `apps/server/src/own-probes.ts` does: the
 * REGISTER and the call go through the network to its own SIP address. Its disk is full when a fault says so; its own port
 * for clients is not tried, since nothing makes it deaf here.
 */
import type { Millis, Random } from '@holdfast/kernel';
import {
  type OwnProbe,
  PROBE_USER,
  type ProbeAsked,
  type Probed,
  type SipProbeEffect,
  SipProbeNode,
} from '@holdfast/servers';
import { digestSecret, type SipMessage } from '@holdfast/sip';
import { SIP_PORT } from './node-program.ts';
import type { Address, Process } from './process.ts';
import { nodeHashes } from './whole-servers.ts';

export const PROBE_PORT = 5_999;
const PASSWORD = 'of-this-process-alone';

/** A process that answers its mate and its arbiter, and does no work: nothing comes in over SIP, or nothing goes to the disk. */
export type Greyness = 'deaf' | 'disk';

export function ownProbe(realm: string): OwnProbe {
  const account = { user: PROBE_USER, realm, password: PASSWORD };
  return {
    credentials: {
      md5: digestSecret(nodeHashes, 'MD5', account),
      sha256: digestSecret(nodeHashes, 'SHA-256', account),
    },
  };
}

export class WholeProbes {
  readonly #process: Process;
  readonly #node: SipProbeNode;
  readonly #heard: (probed: Probed) => void;

  constructor(
    process: Process,
    at: { readonly address: string; readonly realm: string; readonly random: Random },
    heard: (probed: Probed) => void,
  ) {
    this.#process = process;
    this.#heard = heard;
    this.#node = new SipProbeNode({
      ...{ random: at.random, hashes: nodeHashes, realm: at.realm, password: PASSWORD },
      target: { transport: 'UDP', host: at.address, port: SIP_PORT },
      own: { host: process.host.name, port: PROBE_PORT },
    });
    process.listenDatagrams(PROBE_PORT);
  }

  ask(now: Millis, { n, probe }: ProbeAsked, grey: Greyness | undefined): void {
    if (probe === 'register' || probe === 'call')
      return this.#run(this.#node.handle(now, { type: 'ask', n, probe }));
    const ok = probe !== 'disk' || grey !== 'disk';
    this.#heard({ type: 'probed', n, probe, ok, because: ok ? 'it does' : 'no space is left on the disk' });
  }

  datagram(now: Millis, message: unknown, { host, port }: Address): void {
    const source = { transport: 'UDP', host, port, flow: 'udp' } as const;
    this.#run(this.#node.handle(now, { type: 'sip', message: message as SipMessage, source }));
  }

  nextDeadline(): Millis | undefined {
    return this.#node.nextDeadline();
  }

  expire(now: Millis): void {
    if (now >= (this.#node.nextDeadline() ?? Number.POSITIVE_INFINITY)) this.#run(this.#node.expire(now));
  }

  #run(effects: readonly SipProbeEffect[]): void {
    for (const effect of effects) {
      if (effect.type === 'probed') this.#heard(effect);
      if (effect.type === 'transmit') this.#process.sendDatagram(effect.message, effect.target, PROBE_PORT);
    }
  }
}
