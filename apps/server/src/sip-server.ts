/**
 * The process of a SIP Server: reads its configuration, opens its ports, and runs the node that does the
 * thinking. Everything here is plumbing: sockets, links, DNS and the announcer on one side, the node's inputs
 * and effects on the other.
 */
import { type LogLine, must } from '@holdfast/kernel';
import {
  LedServer,
  type LedServerEffect,
  type LedServerInput,
  type Probed,
  readPairMembership,
  readSipServerConfiguration,
  type ServerAddress,
  type ServerReport,
  type SipAddress,
  type SipServerEffect,
  type SipServerInput,
  type SipServerOptions,
  sipPortOf,
} from '@holdfast/servers';
import { cryptoRandom, ProcessClock, runNode } from '@holdfast/shell';
import { pairFile } from './arbiter/member-socket.ts';
import { nodeHashes } from './crypto.ts';
import { DnsClient } from './io/dns.ts';
import { watchLoad } from './io/process-load.ts';
import { LogBudget } from './log-budget.ts';
import { Announcer } from './media/announcer.ts';
import { musicOf } from './media/music.ts';
import { makeTone } from './media/sound.ts';
import { OwnProbes } from './own-probes.ts';
import { runPairMember } from './pair-member.ts';
import { CannotRun, type ReportingRole, type RoleOptions } from './role.ts';
import { SipServerLink } from './sip-server-link.ts';
import { cannotOpen, SipServerPorts } from './sip-server-ports.ts';
import { verifyPersonToken } from './tokens.ts';

/** The tone of the treatment `tone`: what a European exchange calls ringing. */
const TONE_HZ = 425;

/**
 * Resolves when the server answers on all its ports; a member of a pair has them only when it becomes primary. Rejects
 * when its configuration or a port cannot be had.
 */
export async function startSipServer(
  options: RoleOptions,
  dns: DnsClient = new DnsClient(),
): Promise<ReportingRole> {
  const { application, log } = options;
  const read = readOwn(options);
  const { sip, hostAddress, clientPort, pair } = read;
  const clients = { host: hostAddress, port: clientPort };
  let current = options.configuration;
  const clock = new ProcessClock();
  const music = await musicOf(options.configuration, application);
  // An address that moves with the role is not here yet, and a treatment does not outlive the process that plays it.
  const mediaHost = pair?.addressHook === undefined ? sip.host : hostAddress;
  const announcer = await Announcer.open({
    host: mediaHost,
    port: 0,
    sounds: { music, tone: makeTone(TONE_HZ, 4) },
  }).catch(cannotOpen('The port of the announcer', mediaHost));
  const strangers = new LogBudget(log, { lines: options.lines });
  const input = (value: SipServerInput) => running?.input(value);
  let running: RunningServer | undefined;
  const ports = new SipServerPorts({
    ...{ sip, clients, log, strangers, input },
  });
  const server: SipServerOptions = {
    configuration: read.configuration,
    random: cryptoRandom(),
    hashes: nodeHashes,
    now: clock.now(),
    wallOffsetMs: clock.wallOffset(),
    sentBy: (transport) => ({ host: sip.host, port: sipPortOf(sip, transport) }),
    sipName: read.sipName,
    verifyToken: (token, wall) => verifyPersonToken(token, wall, current),
    serverSecret: options.secret,
  };
  const peer = new SipServerLink((heard) => input({ type: 'peer', input: heard }), log);
  let end: () => void = () => {};
  const done = new Promise<void>((resolve) => {
    end = resolve;
  });
  const perform = performer({ ports, peer, dns, announcer, log, strangers, input, end: () => end() });
  const stepDown = () => {
    announcer.stopAll();
    peer.stop();
  };
  const shell = { server, ports, clock, strangers, perform, address: { sip, clients } };
  running =
    pair === undefined
      ? await runAlone({ ...shell, role: options })
      : await runPairMember({ ...shell, role: options, pair, stepDown });
  const load = watchLoad((busy) => input({ type: 'load', busy }));
  clock.onJump(() => input({ type: 'clockJumped', wallOffsetMs: clock.wallOffset() }));
  options.subscribe((configuration) => {
    const next = readSipServerConfiguration(configuration, application);
    if (!next.ok) return log({ level: 'error', what: 'new configuration not taken', because: next.text });
    current = configuration;
    input({ type: 'configuration', configuration: next.configuration });
  });
  log({
    level: 'info',
    what: pair === undefined ? 'SIP Server ready' : 'SIP Server is a member of a pair',
    site: read.configuration.site,
    detail: {
      ...{ sip: `${sip.host}:${sip.port}`, ...sip.ports, clients: clientPort },
      ...(pair !== undefined && { mate: pair.mate }),
    },
  });
  return {
    ports: { sip: sip.port, clients: clientPort },
    report: () => must(running, 'it runs').report(),
    done,
    async stop() {
      load.stop();
      await running?.stop();
      peer.stop();
      strangers.stop();
      dns.close();
      announcer.close();
    },
  };
}

interface RunningServer {
  input(input: SipServerInput): void;
  report(): ServerReport;
  stop(): Promise<void>;
}

interface Shell {
  readonly role: RoleOptions;
  readonly server: SipServerOptions;
  readonly address: { readonly sip: SipAddress; readonly clients: ServerAddress };
  readonly ports: SipServerPorts;
  readonly clock: ProcessClock;
  perform(effect: SipServerEffect): void;
}

async function runAlone(shell: Shell): Promise<RunningServer> {
  const { server, ports, clock, perform } = shell;
  const probes = await openProbes(shell, (probed) => node.input(probed));
  const led = new LedServer({ ...server, ...(probes !== undefined && { probe: probes.probe }) });
  const node = runNode<LedServerInput, LedServerEffect>(led, {
    now: () => clock.now(),
    perform: (effect) => (effect.type === 'probe' ? probes?.ask(effect) : perform(effect)),
  });
  await ports.open();
  return {
    input: (input: SipServerInput) => node.input(input),
    report: () => led.report(clock.now()),
    async stop() {
      node.stop();
      await Promise.all([ports.close(), probes?.stop()]);
    },
  };
}

/** GF2: who does not hold the server secret cannot log in to itself, and tries nothing. */
async function openProbes(
  { role, server, address, clock }: Shell,
  heard: (probed: Probed) => void,
): Promise<OwnProbes | undefined> {
  const { application, data, secret } = role;
  if (secret === undefined) return undefined;
  return OwnProbes.open({
    ...{ ...address, realm: server.configuration.realm, secret, clock, heard },
    file: data === undefined ? undefined : pairFile(data, application, 'probe'),
  });
}

/** What the process starts with, or the sentence that says what is missing. */
function readOwn({ configuration, application }: RoleOptions) {
  const read = readSipServerConfiguration(configuration, application);
  if (!read.ok) throw new CannotRun(read.text);
  const membership = readPairMembership(configuration, application);
  if (!membership.ok) throw new CannotRun(membership.text);
  const clientPort = configuration.get('Application', application)?.ports.default;
  if (clientPort === undefined)
    throw new CannotRun(`Application/${application} has no port "default" for its clients; set it.`);
  return { ...read, clientPort, pair: membership.pair };
}

interface Outside {
  readonly ports: SipServerPorts;
  readonly peer: SipServerLink;
  readonly dns: DnsClient;
  readonly announcer: Announcer;
  readonly log: (line: LogLine) => void;
  readonly strangers: LogBudget;
  readonly input: (input: SipServerInput) => void;
  /** SS48. */
  readonly end: () => void;
}

function performer({
  ports,
  peer,
  dns,
  announcer,
  log,
  strangers,
  input,
  end,
}: Outside): (effect: SipServerEffect) => void {
  return (effect) => {
    switch (effect.type) {
      case 'transmit':
        return ports.transmit(effect);
      case 'lookup':
        return dns.lookup(effect.record, effect.name, (answer) =>
          input({ type: 'lookedUp', id: effect.id, answer }),
        );
      case 'send':
        return ports.send(effect.connection, effect.message);
      case 'close':
        return ports.closeClient(effect.connection, effect.why);
      case 'peer':
        return peer.perform(effect.effect);
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
      case 'end':
        return end();
      case 'log':
        return effect.sender === undefined ? log(effect.line) : strangers.line(effect.line, effect.sender);
    }
  };
}
