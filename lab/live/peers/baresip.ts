/**
 * baresip (Debian: baresip-core) without a screen or a sound card: it plays a tone from a file, keeps what it hears
 * in files, answers by itself, and is driven over its control port. It knows MD5 only.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { readWav } from '@holdfast/server';
import { freePorts } from '../free-ports.ts';
import { freePortPair } from './free-port-pair.ts';
import type { PeerPhone, PeerPhoneOptions } from './peer-phone.ts';
import { Program } from './processes.ts';
import { writeTone } from './tone.ts';

/** Debian's places of the modules, by architecture of the package. */
const MODULE_FOLDERS = ['/usr/lib/baresip/modules', '/usr/local/lib/baresip/modules'];
/** Its player of files does not loop: longer than any test. */
const TONE_SECONDS = 120;
const START_MAX_MS = 8_000;

interface Event {
  readonly event?: boolean;
  readonly type?: string;
  readonly accountaor?: string;
  readonly param?: string;
}

export class Baresip implements PeerPhone {
  readonly program: Program;
  readonly events: Event[] = [];
  readonly #control: Socket;
  readonly #folder: string;
  readonly #registrars: number;

  private constructor(program: Program, control: Socket, options: PeerPhoneOptions) {
    this.program = program;
    this.#control = control;
    this.#folder = options.folder;
    this.#registrars = options.registrars.length;
    let buffered: Buffer = Buffer.alloc(0);
    control.on('data', (bytes: Buffer) => {
      buffered = Buffer.concat([buffered, bytes]);
      for (let next = takeNetstring(buffered); next !== undefined; next = takeNetstring(buffered)) {
        buffered = next.rest;
        this.events.push(JSON.parse(next.text) as Event);
      }
    });
    // It closes the connection when it ends.
    control.on('error', () => {});
  }

  static async start(options: PeerPhoneOptions): Promise<Baresip> {
    const { folder } = options;
    mkdirSync(join(folder, 'heard'), { recursive: true });
    const ports = await drawPorts();
    writeTone(join(folder, 'tone.wav'), options.toneHz, TONE_SECONDS);
    writeFileSync(join(folder, 'config'), configuration(options, ports));
    writeFileSync(
      join(folder, 'accounts'),
      options.registrars.map((port) => accountOf(options, port)).join(''),
    );
    writeFileSync(join(folder, 'contacts'), '');
    // -s writes every SIP message to its output.
    const program = Program.start({ command: 'baresip', args: ['-f', folder, '-v', '-s'], folder });
    let control: Socket | undefined;
    await program.until('its control port answers', START_MAX_MS, async () => {
      control = await connected(ports.control);
      return control !== undefined;
    });
    return new Baresip(program, control as Socket, options);
  }

  registered(): Promise<void> {
    return this.program.until(
      'it is registered everywhere',
      START_MAX_MS,
      () =>
        this.program.lines.filter((line) => /200 OK.*\[\d+ bindings?\]/.test(line)).length >=
        this.#registrars,
    );
  }

  get calls(): number {
    const count = (type: string) => this.events.filter((event) => event.type === type).length;
    // It hangs up where nobody takes a call that it transfers, and says no more than that.
    return count('CALL_ESTABLISHED') - count('CALL_CLOSED') - count('TRANSFER_FAILED');
  }

  command(command: string, params = ''): void {
    const text = JSON.stringify({ command, params, token: command });
    this.#control.write(`${Buffer.byteLength(text)}:${text},`);
  }

  dial(uri: string): void {
    this.command('dial', uri);
  }

  hangUp(): void {
    this.command('hangup');
  }

  /** It writes two files for each call: `…-dec.wav` is what it heard. */
  heard(): Int16Array {
    const folder = join(this.#folder, 'heard');
    const parts = readdirSync(folder)
      .filter((name) => name.endsWith('-dec.wav'))
      .sort()
      .map((name) => {
        const wav = readWav(readFileSync(join(folder, name)));
        return wav.ok ? [...wav.samples] : [];
      });
    return Int16Array.from(parts.flat());
  }

  algorithms(): ReadonlySet<string> {
    return algorithmsIn(this.program.lines.join('\n'));
  }

  async stop(): Promise<void> {
    this.#control.destroy();
    await this.program.stop();
  }
}

/** Of all Authorization header fields in a text; MD5 is what one without a name means (RFC 7616 §3.4). */
export function algorithmsIn(text: string): ReadonlySet<string> {
  const found = [...text.matchAll(/^\s*Authorization:\s*Digest\s+(.*(?:\r?\n[ \t].*)*)/gim)];
  return new Set(found.map(([, fields]) => /algorithm="?([\w-]+)/i.exec(fields ?? '')?.[1] ?? 'MD5'));
}

/** One line of its file of accounts. */
export function accountOf(
  { number, password, registerEveryS, trusts }: PeerPhoneOptions,
  port: number,
): string {
  const settings = `auth_user=${number};auth_pass=${password};regint=${registerEveryS};answermode=auto`;
  const transport = trusts === undefined ? '' : ';transport=tls';
  return `<sip:${number}@127.0.0.1:${port}${transport}>;${settings};audio_codecs=PCMU\n`;
}

interface BaresipPorts {
  readonly sip: number;
  readonly control: number;
  readonly rtp: number;
}

/** A SIP port takes the next one too, for TLS; calls take a pair of RTP ports each. */
async function drawPorts(): Promise<BaresipPorts> {
  const [control] = (await freePorts(1)) as [number];
  const sip = await freePortPair();
  const rtp = await freePortPair();
  return { sip, control, rtp };
}

function configuration({ folder, trusts }: PeerPhoneOptions, { sip, control, rtp }: BaresipPorts): string {
  const modules = MODULE_FOLDERS.find(existsSync) ?? MODULE_FOLDERS[0];
  return [
    'poll_method epoll',
    `sip_listen 127.0.0.1:${sip}`,
    ...(trusts === undefined ? [] : [`sip_cafile ${trusts}`, 'sip_verify_server yes']),
    'net_interface 127.0.0.1',
    'audio_player aubridge,speaker',
    `audio_source aufile,${folder}/tone.wav`,
    'audio_alert none,default',
    'ausrc_srate 8000',
    'auplay_srate 8000',
    'ausrc_channels 1',
    'auplay_channels 1',
    `rtp_ports ${rtp}-${rtp + 20}`,
    `module_path ${modules}`,
    'module g711.so',
    'module aufile.so',
    'module sndfile.so',
    'module aubridge.so',
    `snd_path ${folder}/heard`,
    'module_tmp uuid.so',
    'module_tmp account.so',
    'module_app menu.so',
    'module_app ctrl_tcp.so',
    `ctrl_tcp_listen 127.0.0.1:${control}`,
    '',
  ].join('\n');
}

function connected(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}

/** `LENGTH:TEXT,` */
function takeNetstring(bytes: Buffer): { readonly text: string; readonly rest: Buffer } | undefined {
  const colon = bytes.indexOf(':');
  if (colon === -1) return undefined;
  const end = colon + 1 + Number(bytes.toString('latin1', 0, colon));
  if (bytes.length <= end) return undefined;
  return { text: bytes.toString('utf8', colon + 1, end), rest: bytes.subarray(end + 1) };
}
