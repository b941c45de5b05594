/**
 * How a SIP Server tries its own ports and its disk (GF1, GF2, GF6): a UDP socket that is a phone for a moment, a link to its
 * own port for clients, and a file in its folder. What is asked, and what an answer means, is decided by the node and by
 * `servers/src/probe`.
 */
import { randomBytes } from 'node:crypto';
import { open, rename } from 'node:fs/promises';
import { isIPv6 } from 'node:net';
import { type DeskReply, type DeskRequest, deskReply } from '@holdfast/protocol';
import {
  type OutsideProbe,
  type OwnProbe,
  openingOfProbe,
  PROBE_USER,
  type ProbeAsked,
  type Probed,
  proofNonce,
  proofOfProbe,
  type ServerAddress,
  type ServerSecret,
  type SipAddress,
  type SipProbeEffect,
  type SipProbeInput,
  SipProbeNode,
  seenIn,
} from '@holdfast/servers';
import { connectLink, cryptoRandom, type LinkClient, type ProcessClock, runNode } from '@holdfast/shell';
import { digestSecret, parseMessage, serializeMessage } from '@holdfast/sip';
import { nodeHashes } from './crypto.ts';
import { UdpSocket } from './io/udp.ts';

export interface OwnProbesOptions {
  readonly sip: SipAddress;
  /** Where clients find it. */
  readonly clients: ServerAddress;
  readonly realm: string;
  readonly secret: ServerSecret;
  /** A file that is written for nothing but to see that it can be; undefined of a server that keeps nothing on a disk. */
  readonly file: string | undefined;
  readonly clock: ProcessClock;
  heard(probed: Probed): void;
}

/** An address of this machine takes a connection at once. */
const CONNECT_MAX_MS = 2_000;
/** More than the rest of a block, so that a disk without a free one cannot take it. */
const FILE_BYTES = 16 * 1024;

export class OwnProbes {
  readonly probe: OwnProbe;
  readonly #options: OwnProbesOptions;
  readonly #udp: UdpSocket;
  readonly #node: ReturnType<typeof runNode<SipProbeInput, SipProbeEffect>>;
  #link: LinkClient<DeskRequest> | undefined;
  /** A disk that hangs is asked once, and not once more each time. */
  #isWriting = false;

  static async open(options: OwnProbesOptions): Promise<OwnProbes> {
    let heard: (bytes: Uint8Array, host: string, port: number) => void = () => {};
    const udp = await UdpSocket.open({
      // Not the SIP address: that may be this machine's only while it is primary.
      host: isIPv6(options.sip.host) ? '::' : '0.0.0.0',
      port: 0,
      onDatagram: (bytes, host, port) => heard(bytes, host, port),
      onError: () => {
        // What is sent is not answered then, and that is what the probe says.
      },
    });
    const probes = new OwnProbes(options, udp);
    heard = (bytes, host, port) => probes.#datagram(bytes, host, port);
    return probes;
  }

  private constructor(options: OwnProbesOptions, udp: UdpSocket) {
    this.#options = options;
    this.#udp = udp;
    const { sip, realm, clock } = options;
    const password = randomBytes(24).toString('base64url');
    const account = { user: PROBE_USER, realm, password };
    this.probe = {
      credentials: {
        md5: digestSecret(nodeHashes, 'MD5', account),
        sha256: digestSecret(nodeHashes, 'SHA-256', account),
      },
    };
    const node = new SipProbeNode({
      ...{ random: cryptoRandom(), hashes: nodeHashes, realm, password },
      target: { ...sip, transport: 'UDP' },
      own: { host: sip.host, port: udp.port },
    });
    this.#node = runNode<SipProbeInput, SipProbeEffect>(node, {
      now: () => clock.now(),
      perform: (effect) => this.#perform(effect),
    });
  }

  ask({ n, probe }: ProbeAsked): void {
    if (probe === 'register' || probe === 'call') return this.#node.input({ type: 'ask', n, probe });
    if (probe === 'log-in') return this.#logIn(n);
    void this.#write(n);
  }

  async stop(): Promise<void> {
    this.#node.stop();
    this.#link?.terminate();
    await this.#udp.close();
  }

  #perform(effect: SipProbeEffect): void {
    if (effect.type === 'probed') return this.#options.heard(effect);
    if (effect.type !== 'transmit') return;
    const { message, target, transaction } = effect;
    this.#udp.send(serializeMessage(message), target.host, target.port, () =>
      this.#node.input({ type: 'sipFailed', ...(transaction !== undefined && { transaction }) }),
    );
  }

  #datagram(bytes: Uint8Array, host: string, port: number): void {
    const parsed = parseMessage(bytes);
    if (!parsed.ok) return;
    const flow = `probe-${host}:${port}`;
    this.#node.input({
      type: 'sip',
      message: parsed.message,
      source: { transport: 'UDP', host, port, flow },
    });
  }

  #logIn(n: number): void {
    const { clients, secret } = this.#options;
    this.#link?.terminate();
    let isOver = false;
    const nonce = proofNonce(cryptoRandom());
    const over = (ok: boolean, because: string) => {
      if (isOver) return;
      isOver = true;
      this.#tell(n, 'log-in', ok, because);
      link.close();
    };
    const link = connectLink<DeskRequest, DeskReply>({
      ...{ ...clients, schema: deskReply, connectMaxMs: CONNECT_MAX_MS },
      handlers: {
        opened: () => link.send(openingOfProbe(nonce)),
        message: (reply) => {
          if (reply.type === 'Challenge')
            return void link.send(proofOfProbe(nodeHashes, secret, { nonce, challenge: reply }));
          const seen = seenIn(reply);
          if (seen !== undefined) over(seen.ok, seen.because);
        },
        closed: (end) => over(false, end.text),
      },
    });
    this.#link = link;
  }

  async #write(n: number): Promise<void> {
    const { file } = this.#options;
    if (file === undefined) return this.#tell(n, 'disk', true, 'it keeps nothing on a disk');
    if (this.#isWriting) return;
    this.#isWriting = true;
    try {
      const handle = await open(`${file}.new`, 'w', 0o600);
      try {
        await handle.writeFile(Buffer.alloc(FILE_BYTES, 'probe '));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await rename(`${file}.new`, file);
      this.#tell(n, 'disk', true, 'a file was written');
    } catch (error) {
      // The disk is full, or the folder is gone or takes no file.
      this.#tell(n, 'disk', false, (error as Error).message);
    } finally {
      this.#isWriting = false;
    }
  }

  #tell(n: number, probe: OutsideProbe, ok: boolean, because: string): void {
    this.#options.heard({ type: 'probed', n, probe, ok, because });
  }
}
