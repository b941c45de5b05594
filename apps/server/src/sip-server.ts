/**
 * The process of a SIP Server: reads its configuration, opens its ports, and runs the node that does the
 * thinking. Everything here is plumbing: sockets, links, DNS and the announcer on one side, the node's inputs
 * and effects on the other.
 */
import type { Configuration } from '@holdfast/centre';
import type { LogLine } from '@holdfast/kernel';
import { type DeskReply, type DeskRequest, deskRequest } from '@holdfast/protocol';
import {
  readSipServerConfiguration,
  type SipServerConfiguration,
  type SipServerEffect,
  type SipServerInput,
  SipServerNode,
  type TokenCheck,
} from '@holdfast/servers';
import { ConfigClient } from './config-client.ts';
import { nodeHashes, type TokenKey, verifyToken } from './crypto.ts';
import { ProcessClock } from './io/clock.ts';
import { DnsClient } from './io/dns.ts';
import { type LinkServer, startLinkServer } from './io/link-server.ts';
import { cryptoRandom } from './io/random.ts';
import { type RunningNode, runNode } from './io/run-node.ts';
import { SipTransports } from './io/sip-transports.ts';
import { Announcer } from './media/announcer.ts';
import { makeMusic, makeTone } from './media/sound.ts';

export interface SipServerProcessOptions {
  /** Name of the Application object. */
  readonly application: string;
  readonly configServers: readonly { readonly host: string; readonly port: number }[];
  /** Shown to the Configuration Server. */
  readonly secret?: string;
  readonly log: (line: LogLine) => void;
  /** What music waiting callers hear, 8,000 samples a second; the project's own when absent. */
  readonly music?: Int16Array;
}

export interface SipServerProcess {
  stop(): Promise<void>;
}

/** The tone of the treatment `tone`: what a European exchange calls ringing. */
const TONE_HZ = 425;

/** Resolves when the server answers on all its ports; rejects when its configuration or a port cannot be had. */
export async function startSipServer(options: SipServerProcessOptions): Promise<SipServerProcess> {
  let running: Running | undefined;
  let taken: (configuration: Configuration) => void = () => {};
  const first = new Promise<Configuration>((resolve) => {
    taken = resolve;
  });
  const client = new ConfigClient({
    ...options,
    servers: options.configServers,
    onConfiguration: (configuration) => {
      if (running === undefined) return taken(configuration);
      const read = readSipServerConfiguration(configuration, options.application);
      if (read.ok) running.configure(read.configuration, configuration);
      else options.log({ level: 'error', what: 'new configuration not taken', because: read.text });
    },
  });
  client.start();
  try {
    running = await Running.start(options, await first);
  } catch (error) {
    client.stop();
    throw error;
  }
  const { stop } = running;
  return {
    stop: async () => {
      client.stop();
      await stop();
    },
  };
}

/** One SIP Server at work. */
class Running {
  #keys: readonly TokenKey[] = [];
  #node!: RunningNode<SipServerInput>;
  readonly stop: () => Promise<void>;

  private constructor(stop: () => Promise<void>) {
    this.stop = stop;
  }

  configure(configuration: SipServerConfiguration, objects: Configuration): void {
    this.#keys = tokenKeysOf(objects);
    this.#node.input({ type: 'configuration', configuration });
  }

  static async start(options: SipServerProcessOptions, objects: Configuration): Promise<Running> {
    const read = readSipServerConfiguration(objects, options.application);
    if (!read.ok) throw new Error(read.text);
    const application = objects.get('Application', options.application);
    const clientPort = application?.ports.default;
    if (clientPort === undefined)
      throw new Error(`Application/${options.application} has no port "default" for its clients; set it.`);
    const { sip } = read;
    const clock = new ProcessClock();
    let node: RunningNode<SipServerInput>;
    const announcer = await Announcer.open({
      host: sip.host,
      port: 0,
      sounds: { music: options.music ?? makeMusic(), tone: makeTone(TONE_HZ, 4) },
    });
    const transports = await SipTransports.open({
      host: sip.host,
      port: sip.port,
      onMessage: (message, source) => node.input({ type: 'sip', message, source }),
      onMalformed: (failure, source) => node.input({ type: 'sipMalformed', failure, source }),
      onFailure: (what) => node.input({ type: 'sipFailed', ...what }),
      onBroken: (error) => options.log({ level: 'error', what: 'SIP socket lost', because: error.message }),
    });
    const links: LinkServer<DeskReply> = await startLinkServer<DeskRequest, DeskReply>({
      host: sip.host,
      port: clientPort,
      schema: deskRequest,
      handlers: {
        opened: (connection) => node.input({ type: 'opened', connection }),
        message: (connection, message) => node.input({ type: 'message', connection, message }),
        closed: (connection) => node.input({ type: 'closed', connection }),
      },
    });
    const dns = new DnsClient();
    const running = new Running(async () => {
      node.stop();
      dns.close();
      announcer.close();
      await Promise.all([links.stop(), transports.close()]);
    });
    running.#keys = tokenKeysOf(objects);
    const thinking = new SipServerNode({
      configuration: read.configuration,
      random: cryptoRandom(),
      hashes: nodeHashes,
      now: clock.now(),
      wallOffsetMs: clock.wallOffset(),
      sentBy: () => sip,
      verifyToken: (token, wall) => checkToken(token, running.#keys, wall),
    });
    node = runNode(thinking, {
      now: () => clock.now(),
      perform: performer({
        transports,
        links,
        dns,
        announcer,
        log: options.log,
        input: (input) => node.input(input),
      }),
    });
    clock.onJump(() => node.input({ type: 'clockJumped', wallOffsetMs: clock.wallOffset() }));
    running.#node = node;
    options.log({
      level: 'info',
      what: 'SIP Server ready',
      site: read.configuration.site,
      detail: { sip: `${sip.host}:${sip.port}`, clients: clientPort },
    });
    return running;
  }
}

interface Outside {
  readonly transports: SipTransports;
  readonly links: LinkServer<DeskReply>;
  readonly dns: DnsClient;
  readonly announcer: Announcer;
  readonly log: (line: LogLine) => void;
  readonly input: (input: SipServerInput) => void;
}

function performer({
  transports,
  links,
  dns,
  announcer,
  log,
  input,
}: Outside): (effect: SipServerEffect) => void {
  return (effect) => {
    switch (effect.type) {
      case 'transmit':
        return transports.transmit(effect);
      case 'lookup':
        return dns.lookup(effect.record, effect.name, (answer) =>
          input({ type: 'lookedUp', id: effect.id, answer }),
        );
      case 'send':
        links.send(effect.connection, effect.message);
        return;
      case 'close':
        return links.close(effect.connection, effect.why);
      case 'treatmentStart': {
        const started = announcer.start(effect.id, effect.kind, effect.remote);
        if ('sdp' in started) input({ type: 'treatmentReady', id: effect.id, sdp: started.sdp });
        else input({ type: 'treatmentFailed', id: effect.id, reason: started.refused });
        return;
      }
      case 'treatmentRemote':
        return announcer.setRemote(effect.id, effect.remote);
      case 'treatmentStop':
        return announcer.stop(effect.id);
      case 'log':
        return log(effect.line);
    }
  };
}

function checkToken(token: string, keys: readonly TokenKey[], wall: number): TokenCheck {
  const checked = verifyToken(token, keys, wall);
  return typeof checked === 'string' ? { ok: false, code: checked } : { ok: true, person: checked.sub };
}

function tokenKeysOf(objects: Configuration): readonly TokenKey[] {
  return objects
    .all('Keys')
    .flatMap((keys) => keys.tokenKeys.map(({ id, publicKey }) => ({ id, publicKey })));
}
