/**
 * Kamailio as a registrar and proxy of somebody else's make: it keeps contacts, asks for a password when told to,
 * and puts itself into the route of calls.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePorts } from '../free-ports.ts';
import { Program } from './processes.ts';

export interface KamailioOptions {
  /** Of its own. */
  readonly folder: string;
  /** Asks for digest of this realm and takes this password from everybody; without it nobody is asked. */
  readonly digest?: {
    readonly realm: string;
    readonly password: string;
    readonly algorithm: 'MD5' | 'SHA-256';
  };
  /** Processes that read UDP. */
  readonly children?: number;
  /** SIP port of another one on 127.0.0.1: each tells the other what is registered (`dmq_usrloc`). */
  readonly mate?: number;
  /** UDP and TCP on 127.0.0.1; any free one where it does not matter. */
  readonly port?: number;
  /** What it is configured to be; a registrar and proxy where nothing is said. */
  readonly configuration?: (place: KamailioPlace) => string;
}

/** What every configuration of it has to name. */
export interface KamailioPlace {
  readonly folder: string;
  readonly port: number;
  /** Its control socket. */
  readonly control: string;
}

const run = promisify(execFile);
const START_MAX_MS = 10_000;
const ANSWER_MAX_MS = 3_000;

export class Kamailio {
  readonly program: Program;
  /** UDP and TCP on 127.0.0.1. */
  readonly port: number;
  readonly #control: string;

  private constructor(program: Program, port: number, control: string) {
    this.program = program;
    this.port = port;
    this.#control = control;
  }

  static async start(options: KamailioOptions): Promise<Kamailio> {
    const { folder } = options;
    mkdirSync(folder, { recursive: true });
    const port = options.port ?? ((await freePorts(1)) as [number])[0];
    const control = join(folder, 'control');
    const file = join(folder, 'kamailio.cfg');
    const place = { folder, port, control };
    writeFileSync(file, options.configuration?.(place) ?? registrar(options, place));
    const program = Program.start({
      command: 'kamailio',
      // -DD stays in the foreground, -E logs to standard error, -m megabytes that its processes share.
      args: ['-DD', '-E', '-f', file, '-P', join(folder, 'pid'), '-Y', folder, '-m', '256', '-M', '16'],
      folder,
    });
    const kamailio = new Kamailio(program, port, control);
    await program.until('it answers at its control socket', START_MAX_MS, async () => {
      try {
        return (await kamailio.control('core.uptime')).includes('uptime');
      } catch {
        // Not there yet.
        return false;
      }
    });
    return kamailio;
  }

  /** What `kamcmd` says; rejects when Kamailio refuses. */
  async control(...command: string[]): Promise<string> {
    const { stdout } = await run('kamcmd', ['-s', `unix:${this.#control}`, ...command], {
      timeout: ANSWER_MAX_MS,
    });
    return stdout;
  }

  /** The contacts of one user, with the CSeq of the REGISTER that each came from. */
  async contactsOf(user: string): Promise<{ readonly uri: string; readonly cseq: number }[]> {
    try {
      // The prefix keeps a number a text.
      const answer = await this.control('ul.lookup', 'location', `s:${user}`);
      const found = answer.matchAll(/^\s*Address:\s*(\S+)[^}]*?^\s*CSeq:\s*(\d+)/gm);
      return [...found].map(([, uri, cseq]) => ({ uri: uri as string, cseq: Number(cseq) }));
    } catch (error) {
      // A user without contacts: 404.
      if (String(error).includes('404')) return [];
      throw error;
    }
  }

  /** Whether it tells the one at that port what is registered. */
  async tells(mate: number): Promise<boolean> {
    const nodes = await this.control('dmq.list_nodes');
    return new RegExp(`port: ${mate}\\b[^}]*status: active`).test(nodes);
  }

  /** Contacts in all. */
  async contacts(): Promise<number> {
    const answer = await this.control('stats.get_statistics', 'usrloc:');
    return Number(/location_contacts = (\d+)/.exec(answer)?.[1] ?? Number.NaN);
  }

  stop(): Promise<void> {
    return this.program.stop();
  }
}

function registrar(
  { digest, mate, children = 4 }: KamailioOptions,
  { port, control }: KamailioPlace,
): string {
  const modules = [
    'kex',
    'corex',
    'tm',
    'sl',
    'rr',
    'pv',
    'maxfwd',
    'textops',
    'siputils',
    'usrloc',
    'registrar',
  ];
  if (digest !== undefined) modules.push('auth');
  if (mate !== undefined) modules.push('dmq', 'dmq_usrloc');
  const challenge =
    digest === undefined
      ? ''
      : `    if (!pv_www_authenticate("${digest.realm}", "${digest.password}", "0")) {
      www_challenge("${digest.realm}", "1");
      exit;
    }
`;
  return `listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
children=${children}
tcp_children=2
debug=1
${[...modules, 'ctl'].map((name) => `loadmodule "${name}.so"\n`).join('')}
modparam("ctl", "binrpc", "unix:${control}")
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "hash_size", 12)
modparam("registrar", "gruu_enabled", 0)
modparam("registrar", "min_expires", 1)
${digest === undefined ? '' : `modparam("auth", "algorithm", "${digest.algorithm}")\n`}${mate === undefined ? '' : mirroring(port, mate)}
request_route {
${mate === undefined ? '' : '  if (is_method("KDMQ")) { dmq_handle_message(); exit; }\n'}  if (is_method("OPTIONS") && $rU == $null) { sl_send_reply("200", "OK"); exit; }
  if (is_method("REGISTER")) {
${challenge}    if (!save("location")) sl_reply_error();
    exit;
  }
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (is_method("INVITE")) record_route();
  if (has_totag()) {
    if (loose_route()) t_relay();
    else if (is_method("ACK") && t_check_trans()) t_relay();
    else sl_send_reply("404", "Not Here");
    exit;
  }
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  t_relay();
}
`;
}

/** `server_id` keeps the names apart that each of the two gives to its contacts. */
function mirroring(port: number, mate: number): string {
  return `server_id=${port}
modparam("dmq", "server_address", "sip:127.0.0.1:${port}")
modparam("dmq", "notification_address", "sip:127.0.0.1:${mate}")
modparam("dmq", "num_workers", 2)
modparam("dmq_usrloc", "enable", 1)
`;
}
