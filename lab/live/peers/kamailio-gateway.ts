/**
 * Kamailio as the carrier's gateway in front of both sites: it knows their SIP addresses and nothing else of them. It asks
 * each by OPTIONS once a second whether it takes calls (dispatcher), gives new calls to those that do in turn, and when the
 * chosen one does not answer or refuses with 503 it tries the next. Nobody touches it while sites come and go.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kamailio, type KamailioPlace } from './kamailio.ts';

export interface GatewayOptions {
  /** Of its own. */
  readonly folder: string;
  /** That the trunks of both sites name. */
  readonly port: number;
  /** SIP ports of the sites on 127.0.0.1, in the order in which they are tried. */
  readonly sites: readonly number[];
}

/** Without any answer for so long, not even 100, an INVITE goes to the other site, and an OPTIONS has failed. */
const ANSWER_MAX_MS = 1_500;
const PROBE_EVERY_S = 1;
/** So many probes in a row decide, either way. */
const PROBES = 2;
const GROUP = 1;

export class KamailioGateway {
  readonly kamailio: Kamailio;

  private constructor(kamailio: Kamailio) {
    this.kamailio = kamailio;
  }

  static async start({ folder, port, sites }: GatewayOptions): Promise<KamailioGateway> {
    const configuration = (place: KamailioPlace) => {
      const list = join(place.folder, 'dispatcher.list');
      writeFileSync(list, sites.map((site) => `${GROUP} sip:127.0.0.1:${site} 0\n`).join(''));
      return gateway(place, list);
    };
    return new KamailioGateway(await Kamailio.start({ folder, port, configuration }));
  }

  /** Whether it gives new calls to the site at that SIP port: of its two letters the first is A where it does. */
  async gives(site: number): Promise<boolean> {
    const list = await this.kamailio.control('dispatcher.list');
    const flags = new RegExp(`URI: sip:127\\.0\\.0\\.1:${site}[^}]*?FLAGS: (\\w)`).exec(list)?.[1];
    if (flags === undefined) throw new Error(`Kamailio does not know the site at ${site}: ${list}`);
    return flags === 'A';
  }

  stop(): Promise<void> {
    return this.kamailio.stop();
  }
}

const MODULES = 'kex corex tm sl rr pv maxfwd textops siputils dispatcher ctl'.split(' ');

function gateway({ port, control }: KamailioPlace, list: string): string {
  return `listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
children=4
tcp_children=2
debug=1
${MODULES.map((name) => `loadmodule "${name}.so"\n`).join('')}
modparam("ctl", "binrpc", "unix:${control}")
modparam("tm", "fr_timer", ${ANSWER_MAX_MS})
modparam("tm", "fr_inv_timer", 60000)
modparam("dispatcher", "list_file", "${list}")
modparam("dispatcher", "flags", 2)
modparam("dispatcher", "xavp_dst", "_dsdst_")
modparam("dispatcher", "ds_ping_interval", ${PROBE_EVERY_S})
modparam("dispatcher", "ds_probing_mode", 1)
modparam("dispatcher", "ds_probing_threshold", ${PROBES})
modparam("dispatcher", "ds_inactive_threshold", ${PROBES})
modparam("dispatcher", "ds_ping_from", "sip:gateway@127.0.0.1:${port}")
request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (is_method("CANCEL")) { if (t_check_trans()) t_relay(); exit; }
  if (has_totag()) {
    if (loose_route()) t_relay();
    else if (is_method("ACK") && t_check_trans()) t_relay();
    else sl_send_reply("404", "Not Here");
    exit;
  }
  if (is_method("OPTIONS")) { sl_send_reply("200", "OK"); exit; }
  if (!is_method("INVITE")) { sl_send_reply("405", "Method Not Allowed"); exit; }
  record_route();
  if (!ds_select_dst("${GROUP}", "4")) { sl_send_reply("503", "No Site"); exit; }
  t_on_failure("NEXT_SITE");
  t_relay();
}
failure_route[NEXT_SITE] {
  if (t_is_canceled()) exit;
  if (t_branch_timeout() || t_check_status("503")) {
    if (ds_next_dst()) {
      t_on_failure("NEXT_SITE");
      t_relay();
      exit;
    }
  }
}
`;
}
