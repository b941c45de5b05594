/**
 * linphone (Debian: linphone-cli) as `linphonec`, which reads its commands from standard input: so that several of
 * them run beside each other, which its daemon does not allow. Each has a home of its own. It knows SHA-256.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readWav } from '@holdfast/server';
import { algorithmsIn } from './baresip.ts';
import { freePortPair } from './free-port-pair.ts';
import type { PeerPhone, PeerPhoneOptions } from './peer-phone.ts';
import { Program } from './processes.ts';
import { writeTone } from './tone.ts';

const TONE_SECONDS = 120;
const START_MAX_MS = 15_000;
/** What it says of its calls, with its number of each. */
const INCOMING = /Receiving new incoming call from .*, assigned id (\d+)/g;
const CONNECTED = /Call (\d+) with .* connected\./g;
const OVER = /Call (\d+) with .* (?:ended|error)\b/g;

export class Linphone implements PeerPhone {
  readonly program: Program;
  readonly #folder: string;
  readonly #registrars: number;

  private constructor(program: Program, options: PeerPhoneOptions) {
    this.program = program;
    this.#folder = options.folder;
    this.#registrars = options.registrars.length;
  }

  static async start(options: PeerPhoneOptions): Promise<Linphone> {
    const { folder } = options;
    // Where it wants to keep its history and keys.
    for (const part of ['.local/share/linphone', '.config/linphone', '.cache', 'tmp'])
      mkdirSync(join(folder, part), { recursive: true });
    // RTP's reports take the port behind it; the first pair's second port is left free, so that nothing meets.
    const [sip, rtp] = [await freePortPair(), await freePortPair()];
    writeTone(join(folder, 'tone.wav'), options.toneHz, TONE_SECONDS);
    writeFileSync(join(folder, 'linphonerc'), linphonercOf(options, sip, rtp));
    const program = Program.start({
      command: 'linphonec',
      // -a answers by itself; -d 6 -l writes every SIP message to a file.
      args: ['-c', join(folder, 'linphonerc'), '-a', '-C', '-d', '6', '-l', join(folder, 'log')],
      folder,
      environment: { HOME: folder, TMPDIR: join(folder, 'tmp'), XDG_RUNTIME_DIR: join(folder, 'tmp') },
    });
    const phone = new Linphone(program, options);
    phone.command('soundcard use files');
    phone.command(`play ${join(folder, 'tone.wav')}`);
    phone.command(`record ${join(folder, 'heard.wav')}`);
    return phone;
  }

  command(command: string): void {
    this.program.write(`${command}\n`);
  }

  registered(): Promise<void> {
    return this.program.until('it is registered everywhere', START_MAX_MS, () => {
      const identities = this.#log().matchAll(/identity \[(\S+)\] moving .* to \[LinphoneRegistrationOk\]/g);
      return new Set([...identities].map(([, identity]) => identity)).size >= this.#registrars;
    });
  }

  get calls(): number {
    return this.standing.length;
  }

  /** Its own numbers of the calls that are answered and stand, held or not, the oldest first. */
  get standing(): readonly number[] {
    const over = new Set(this.#numbers(OVER));
    return this.#numbers(CONNECTED).filter((call) => !over.has(call));
  }

  /** It answers the first of its calls by itself; another one that rings meanwhile waits for this. */
  get ringing(): readonly number[] {
    const known = new Set([OVER, CONNECTED].flatMap((what) => this.#numbers(what)));
    return this.#numbers(INCOMING).filter((call) => !known.has(call));
  }

  answers(call: number): void {
    this.command(`answer ${call}`);
  }

  #numbers(what: RegExp): number[] {
    return this.program.lines.flatMap((line) => [...line.matchAll(what)].map(([, call]) => Number(call)));
  }

  /** It has put this call on hold. */
  holds(call: number): boolean {
    return this.program.lines.some((line) => new RegExp(`Call ${call} with .* is now paused`).test(line));
  }

  /** Its attended transfer (RFC 5589 §7): REFER in the first call, with Replaces for the second. */
  joins(first: number, second: number): void {
    this.command(`transfer ${first} --to-call ${second}`);
  }

  dial(uri: string): void {
    this.command(`call ${uri}`);
  }

  hangUp(): void {
    this.command('terminate');
  }

  /** It writes the header of its one file when a call is over. */
  heard(): Int16Array {
    const file = join(this.#folder, 'heard.wav');
    const wav = existsSync(file) ? readWav(readFileSync(file)) : undefined;
    return wav?.ok === true ? wav.samples : new Int16Array(0);
  }

  /** In how many messages so far there was a line that begins so. */
  received(line: string): number {
    return this.#log().split(`\n${line}`).length - 1;
  }

  algorithms(): ReadonlySet<string> {
    return algorithmsIn(this.#log());
  }

  async stop(): Promise<void> {
    await this.program.stop();
  }

  #log(): string {
    const file = join(this.#folder, 'log');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }
}

/** Its linphonerc. */
export function linphonercOf(
  { number, password, registrars, realm, registerEveryS }: PeerPhoneOptions,
  sip: number,
  rtp: number,
): string {
  const lines = [
    '[sip]',
    `sip_port=${sip}`,
    'sip_tcp_port=-1',
    'sip_tls_port=-1',
    'bind_address=127.0.0.1',
    'register_only_when_network_is_up=0',
    'default_proxy=0',
    '[rtp]',
    `audio_rtp_port=${rtp}`,
    '[video]',
    'enabled=0',
    // Two of them would talk in these: at another rate, or so that no tone comes out as it went in.
    ...['[audio_codec_0]', 'mime=opus', 'rate=48000', 'channels=2', 'enabled=0'],
    ...['[audio_codec_1]', 'mime=speex', 'rate=16000', 'channels=1', 'enabled=0'],
    ...['[audio_codec_2]', 'mime=speex', 'rate=8000', 'channels=1', 'enabled=0'],
    '[auth_info_0]',
    `username=${number}`,
    `passwd=${password}`,
    `realm=${realm}`,
    ...registrars.flatMap((port, index) => [
      `[proxy_${index}]`,
      `reg_proxy=<sip:127.0.0.1:${port};transport=udp>`,
      `reg_identity=sip:${number}@127.0.0.1:${port}`,
      `realm=${realm}`,
      `reg_expires=${registerEveryS}`,
      'reg_sendregister=1',
      'publish=0',
    ]),
  ];
  return `${lines.join('\n')}\n`;
}
