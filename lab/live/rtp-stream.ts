/**
 * The sound of one call at one robot phone: it sends its own tone and keeps what it hears, so that a check can
 * tell *whose* tone came, and where the gap was.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import {
  decodeG711,
  encodeG711,
  FRAME_MS,
  FRAME_SAMPLES,
  type MediaAddress,
  makeTone,
  PAYLOAD_TYPE,
  readRtp,
  SAMPLE_RATE,
  writeRtp,
} from '@holdfast/server';

/** What is kept of the sound heard: the last 2 s. */
const HEARD_SAMPLES_MAX = 2 * SAMPLE_RATE;
/**
 * A busy machine wakes us late. A telephone does not fall behind for that: what is due is sent at once, so that who
 * listens hears one second a second. After a longer pause the rest is left out, as a real one's buffer would.
 */
const CATCH_UP_FRAMES_MAX = 10;

/** A fifth of a second. */
const JUDGED_PACKETS = 10;

/** Of one call, since sound was first sent to the present remote end. */
export interface SoundFigures {
  readonly received: number;
  /** Between two packets. */
  readonly gapMaxMs: number;
}

type Codec = MediaAddress['codec'];

export class RtpStream {
  readonly #socket: Socket;
  readonly #toneHz: number;
  /** By codec; made when first needed, because most streams of a large lab never speak. */
  readonly #frames = new Map<Codec, Uint8Array[]>();
  #remote: MediaAddress | undefined;
  #timer: NodeJS.Timeout | undefined;
  #frame = 0;
  #dueAt = 0;
  #heard: Int16Array[] = [];
  #heardSamples = 0;
  #received = 0;
  #lastAt = 0;
  #gapMaxMs = 0;

  private constructor(socket: Socket, toneHz: number) {
    this.#socket = socket;
    this.#toneHz = toneHz;
    socket.on('message', (bytes) => this.#hear(bytes));
    // The other side's port may be gone already: ICMP says so, and nobody here minds.
    socket.on('error', () => {});
  }

  static async open(toneHz: number, host = '127.0.0.1'): Promise<RtpStream> {
    const socket = createSocket('udp4');
    socket.bind(0, host);
    await once(socket, 'listening');
    return new RtpStream(socket, toneHz);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Sends there from now on. */
  sendToAddress({
    host,
    port,
    payload,
  }: {
    readonly host: string;
    readonly port: number;
    readonly payload: 0 | 8;
  }): void {
    if (this.#remote?.host !== host || this.#remote.port !== port) this.#forget();
    this.#remote = { host, port, codec: payload === 0 ? 'PCMU' : 'PCMA' };
    if (this.#timer !== undefined) return;
    this.#dueAt = performance.now();
    this.#timer = setInterval(() => this.#sendDue(), FRAME_MS);
  }

  /** Another call begins: its figures are its own. */
  #forget(): void {
    this.#received = 0;
    this.#gapMaxMs = 0;
    this.#heard = [];
    this.#heardSamples = 0;
  }

  /** The call is over or held: a phone that went on sending would talk into the next call at that port. */
  stopSending(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#remote = undefined;
  }

  #sendDue(): void {
    const now = performance.now();
    let due = Math.floor((now - this.#dueAt) / FRAME_MS);
    this.#dueAt += due * FRAME_MS;
    if (due > CATCH_UP_FRAMES_MAX) {
      this.#frame += due - CATCH_UP_FRAMES_MAX;
      due = CATCH_UP_FRAMES_MAX;
    }
    for (; due > 0; due--) this.#send();
  }

  #send(): void {
    const remote = this.#remote;
    if (remote === undefined) return;
    const frames = this.#framesOf(remote.codec);
    const packet = writeRtp({
      payloadType: PAYLOAD_TYPE[remote.codec],
      sequence: this.#frame,
      timestamp: this.#frame * FRAME_SAMPLES,
      ssrc: this.port,
      payload: frames[this.#frame % frames.length] as Uint8Array,
    });
    this.#frame += 1;
    this.#socket.send(packet, remote.port, remote.host);
  }

  #framesOf(codec: Codec): Uint8Array[] {
    const known = this.#frames.get(codec);
    if (known !== undefined) return known;
    const frames = cut(encodeG711(codec, makeTone(this.#toneHz, 1)));
    this.#frames.set(codec, frames);
    return frames;
  }

  #hear(bytes: Buffer): void {
    const packet = readRtp(bytes);
    const name = packet?.payloadType === 0 ? 'PCMU' : packet?.payloadType === 8 ? 'PCMA' : undefined;
    if (packet === undefined || name === undefined) return;
    const now = performance.now();
    if (this.#received > 0) this.#gapMaxMs = Math.max(this.#gapMaxMs, now - this.#lastAt);
    this.#lastAt = now;
    this.#received += 1;
    const samples = decodeG711(name, packet.payload);
    this.#heard.push(samples);
    this.#heardSamples += samples.length;
    while (this.#heardSamples - (this.#heard[0]?.length ?? 0) >= HEARD_SAMPLES_MAX)
      this.#heardSamples -= this.#heard.shift()?.length ?? 0;
  }

  get figures(): SoundFigures {
    return { received: this.#received, gapMaxMs: Math.round(this.#gapMaxMs) };
  }

  /**
   * Whether the last sound heard is that tone: most of its energy is there. Packet by packet, because one that is
   * missing shifts the phase, and over them all the tone would cancel itself out.
   */
  hears(toneHz: number): boolean {
    const parts = this.#heard.slice(-JUDGED_PACKETS);
    const share = parts.reduce((sum, part) => sum + toneShare(part, toneHz), 0) / parts.length;
    return parts.length > 0 && share > 0.6;
  }

  close(): void {
    this.stopSending();
    this.#socket.close();
  }
}

/** Energy of one frequency as a share of all energy (Goertzel): about 1 for that tone alone, about 0 without it. */
export function toneShare(samples: Int16Array, frequencyHz: number): number {
  const k = 2 * Math.cos((2 * Math.PI * frequencyHz) / SAMPLE_RATE);
  let [a, b, all] = [0, 0, 0];
  for (const sample of samples) {
    [a, b] = [sample + k * a - b, a];
    all += sample * sample;
  }
  return all === 0 ? 0 : (2 * (a * a + b * b - k * a * b)) / (samples.length * all);
}

function cut(codes: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.floor(codes.length / FRAME_SAMPLES) }, (_, i) =>
    codes.subarray(i * FRAME_SAMPLES, (i + 1) * FRAME_SAMPLES),
  );
}
