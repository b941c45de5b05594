/**
 * The process of a SIP Server: reads its configuration, opens its ports, and runs the node that does the
 * thinking. Everything here is plumbing: sockets, links, DNS and the announcer on one side, the node's inputs
 * and effects on the other.
 */
import type { LogLine } from '@holdfast/kernel';
import { type DeskReply, type DeskRequest, deskRequest } from '@holdfast/protocol';
import {
  readSipServerConfiguration,
  type SipServerEffect,
  type SipServerInput,
  SipServerNode,
} from '@holdfast/servers';
import { cryptoRandom, type LinkServer, ProcessClock, type RunningNode, runNode } from '@holdfast/shell';
import type { ParseFailure, Source } from '@holdfast/sip';
import { openClientPort } from './client-port.ts';
import { nodeHashes } from './crypto.ts';
import { DnsClient } from './io/dns.ts';
import { SipTransports } from './io/sip-transports.ts';
import type { Log } from './log.ts';
import { LogBudget } from './log-budget.ts';
import { Announcer } from './media/announcer.ts';
import { musicOf } from './media/music.ts';
import { makeTone } from './media/sound.ts';
import { CannotRun, type RoleOptions, type RunningRole } from './role.ts';
import { verifyPersonToken } from './tokens.ts';

/** The tone of the treatment `tone`: what a European exchange calls ringing. */
const TONE_HZ = 425;

/** Resolves when the server answers on all its ports; rejects when its configuration or a port cannot be had. */
export async function startSipServer(
  options: RoleOptions,
  dns: DnsClient = new DnsClient(),
): Promise<RunningRole> {
  const { application, log } = options;
  const read = readOwn(options);
  const { sip, clientPort } = read;
  let current = options.configuration;
  const clock = new ProcessClock();
  const music = await musicOf(options.configuration, application);
  const announcer = await Announcer.open({
    host: sip.host,
    port: 0,
    sounds: { music, tone: makeTone(TONE_HZ, 4) },
  }).catch(cannotOpen('The port of the announcer', sip.host));
  const strangers = new LogBudget(log);
  const transports = await openSip({ ...sip, strangers, log, input: (input) => node.input(input) });
  const links = await openClientPort<DeskRequest, DeskReply>({
    ...{ host: sip.host, port: clientPort, schema: deskRequest, strangers },
    input: (input) => node.input(input),
  });
  const thinking = new SipServerNode({
    configuration: read.configuration,
    random: cryptoRandom(),
    hashes: nodeHashes,
    now: clock.now(),
    wallOffsetMs: clock.wallOffset(),
    sentBy: () => sip,
    verifyToken: (token, wall) => verifyPersonToken(token, wall, current),
    serverSecret: options.secret,
  });
  const node: RunningNode<SipServerInput> = runNode(thinking, {
    now: () => clock.now(),
    perform: performer({
      ...{ transports, links, dns, announcer, log, strangers },
      input: (input) => node.input(input),
    }),
  });
  clock.onJump(() => node.input({ type: 'clockJumped', wallOffsetMs: clock.wallOffset() }));
  options.subscribe((configuration) => {
    const next = readSipServerConfiguration(configuration, application);
    if (!next.ok) return log({ level: 'error', what: 'new configuration not taken', because: next.text });
    current = configuration;
    node.input({ type: 'configuration', configuration: next.configuration });
  });
  log({
    level: 'info',
    what: 'SIP Server ready',
    site: read.configuration.site,
    detail: { sip: `${sip.host}:${sip.port}`, clients: clientPort },
  });
  return {
    ports: { sip: sip.port, clients: clientPort },
    stop: async () => {
      node.stop();
      strangers.stop();
      dns.close();
      announcer.close();
      await Promise.all([links.stop(), transports.close()]);
    },
  };
}

/** What the process starts with, or the sentence that says what is missing. */
function readOwn({ configuration, application }: RoleOptions) {
  const read = readSipServerConfiguration(configuration, application);
  if (!read.ok) throw new CannotRun(read.text);
  const clientPort = configuration.get('Application', application)?.ports.default;
  if (clientPort === undefined)
    throw new CannotRun(`Application/${application} has no port "default" for its clients; set it.`);
  return { ...read, clientPort };
}

/** The ports of SIP. What strangers can cause is written within its budget. */
function openSip(options: {
  readonly host: string;
  readonly port: number;
  readonly strangers: LogBudget;
  readonly log: Log;
  input(input: SipServerInput): void;
}): Promise<SipTransports> {
  const { host, port, strangers, log, input } = options;
  return SipTransports.open({
    host,
    port,
    onMessage: (message, source) => input({ type: 'sip', message, source }),
    onMalformed: (failure, source) => {
      strangers.line(malformedLine(failure, source), source.host);
      input({ type: 'sipMalformed', failure, source });
    },
    onCut: (because, remote) =>
      strangers.line(
        {
          level: 'warn',
          what: 'SIP connection cut',
          because,
          detail: { remote: `${remote.host}:${remote.port}` },
        },
        remote.host,
      ),
    onFailure: (what) => input({ type: 'sipFailed', ...what }),
    onBroken: (error) => {
      log({ level: 'error', what: 'SIP socket lost', because: error.message });
      // Without it nothing works: the process ends, and the supervisor starts another.
      throw error;
    },
  }).catch(cannotOpen(`SIP port ${port}`, host));
}

function cannotOpen(port: string, host: string): (error: NodeJS.ErrnoException) => never {
  return ({ code, message }) => {
    const why = code === 'EADDRINUSE' ? 'is taken by another program' : `cannot be opened: ${message}`;
    throw new CannotRun(`${port} on ${host} ${why}.`);
  };
}

/** What was wrong with it and who sent it, never what stood in it: that may be a secret, or meant to mislead. */
function malformedLine({ status, field, reason, method }: ParseFailure, source: Source): LogLine {
  const detail = {
    status,
    field,
    transport: source.transport,
    remote: `${source.host}:${source.port}`,
    ...(method === undefined ? {} : { method: method.slice(0, 32) }),
  };
  return { level: 'warn', what: 'malformed SIP message', because: reason.slice(0, 200), detail };
}

interface Outside {
  readonly transports: SipTransports;
  readonly links: LinkServer<DeskReply>;
  readonly dns: DnsClient;
  readonly announcer: Announcer;
  readonly log: (line: LogLine) => void;
  readonly strangers: LogBudget;
  readonly input: (input: SipServerInput) => void;
}

function performer({
  transports,
  links,
  dns,
  announcer,
  log,
  strangers,
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
        return effect.sender === undefined ? log(effect.line) : strangers.line(effect.line, effect.sender);
    }
  };
}
