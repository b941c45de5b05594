/**
 * The announcer plays to callers who wait. One socket and one 20 ms beat serve them all: every caller hears the
 * same place of the same music, as on a radio, so that a thousand of them cost a thousand sends and no more.
 * What callers say meanwhile is not listened to.
 */
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { encodeG711, type G711Name, PAYLOAD_TYPE } from './g711.ts';
import { audioOf, describeAudio, FRAME_MS, FRAME_SAMPLES, type MediaAddress, writeRtp } from './rtp.ts';

export type TreatmentKind = 'music' | 'tone';

interface Listener {
  readonly kind: TreatmentKind;
  remote: MediaAddress | undefined;
  readonly ssrc: number;
  sequence: number;
}

/** Listeners at once; one more hears ringing instead. A core sends about 100,000 packets a second, 50 a listener. */
export const LISTENERS_MAX = 1000;
/** After a stall no more than this is caught up: a burst of old sound helps nobody. */
const FRAMES_CATCH_UP_MAX = 5;

export interface AnnouncerOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly sounds: Readonly<Record<TreatmentKind, Int16Array>>;
}

export class Announcer {
  readonly #socket: Socket;
  readonly #host: string;
  readonly #frames: Readonly<Record<TreatmentKind, Readonly<Record<G711Name, Uint8Array[]>>>>;
  readonly #listeners = new Map<string, Listener>();
  #beat: NodeJS.Timeout | undefined;
  #startedAt = 0;
  #frame = 0;

  private constructor(socket: Socket, options: AnnouncerOptions) {
    this.#socket = socket;
    this.#host = options.host;
    this.#frames = { music: framesOf(options.sounds.music), tone: framesOf(options.sounds.tone) };
    // A caller's port that has gone away answers with ICMP errors, which concern nobody here.
    socket.on('error', () => {});
  }

  static async open(options: AnnouncerOptions): Promise<Announcer> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(options.port, options.host, () => {
        socket.off('error', reject);
        resolve();
      });
    });
    return new Announcer(socket, options);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** The description to give to the caller, or why it cannot be served. */
  start(
    id: string,
    kind: TreatmentKind,
    offer: Uint8Array | undefined,
  ): { sdp: Uint8Array } | { refused: string } {
    if (this.#listeners.size >= LISTENERS_MAX) return { refused: `${LISTENERS_MAX} callers listen already` };
    const remote = offer === undefined ? undefined : audioOf(Buffer.from(offer).toString('utf8'));
    if (offer !== undefined && remote === undefined) return { refused: 'the caller offers no G.711 audio' };
    this.#listeners.set(id, { kind, remote, ssrc: randomInt(2 ** 32), sequence: randomInt(65536) });
    this.#keepBeating();
    const session = randomInt(2 ** 31);
    const only = remote === undefined ? {} : { only: remote.codec };
    return {
      sdp: Buffer.from(
        describeAudio({ host: this.#host, port: this.port, session, direction: 'sendrecv', ...only }),
      ),
    };
  }

  /** The caller's description came late, or changed. */
  setRemote(id: string, sdp: Uint8Array): void {
    const listener = this.#listeners.get(id);
    if (listener !== undefined) listener.remote = audioOf(Buffer.from(sdp).toString('utf8'));
  }

  stop(id: string): void {
    this.#listeners.delete(id);
    if (this.#listeners.size > 0 || this.#beat === undefined) return;
    clearInterval(this.#beat);
    this.#beat = undefined;
  }

  stopAll(): void {
    for (const id of [...this.#listeners.keys()]) this.stop(id);
  }

  close(): void {
    if (this.#beat !== undefined) clearInterval(this.#beat);
    this.#listeners.clear();
    this.#socket.close();
  }

  #keepBeating(): void {
    if (this.#beat !== undefined) return;
    this.#startedAt = performance.now();
    this.#frame = 0;
    this.#beat = setInterval(() => this.#play(), FRAME_MS);
  }

  #play(): void {
    const due = Math.floor((performance.now() - this.#startedAt) / FRAME_MS);
    if (due - this.#frame > FRAMES_CATCH_UP_MAX) this.#frame = due - 1;
    for (; this.#frame < due; this.#frame++) {
      for (const listener of this.#listeners.values()) this.#sendFrame(listener, this.#frame);
    }
  }

  #sendFrame(listener: Listener, frame: number): void {
    const { remote } = listener;
    if (remote === undefined) return;
    const frames = this.#frames[listener.kind][remote.codec];
    const packet = writeRtp({
      payloadType: PAYLOAD_TYPE[remote.codec],
      sequence: listener.sequence++,
      timestamp: frame * FRAME_SAMPLES,
      ssrc: listener.ssrc,
      payload: frames[frame % frames.length] as Uint8Array,
    });
    this.#socket.send(packet, remote.port, remote.host);
  }
}

function framesOf(samples: Int16Array): Record<G711Name, Uint8Array[]> {
  const cut = (codes: Uint8Array) => {
    const frames: Uint8Array[] = [];
    for (let at = 0; at + FRAME_SAMPLES <= codes.length; at += FRAME_SAMPLES)
      frames.push(codes.subarray(at, at + FRAME_SAMPLES));
    return frames;
  };
  return { PCMU: cut(encodeG711('PCMU', samples)), PCMA: cut(encodeG711('PCMA', samples)) };
}
