/**
 * The process of a Stat Server: reads its configuration, opens its port, connects to its SIP Server, and runs the
 * node that does the thinking.
 */
import { type StatReply, type StatRequest, statRequest } from '@holdfast/protocol';
import {
  readStatServerConfiguration,
  type StatServerEffect,
  type StatServerInput,
  StatServerNode,
} from '@holdfast/servers';
import { cryptoRandom, type LinkServer, ProcessClock, type RunningNode, runNode } from '@holdfast/shell';
import { openClientPort } from './client-port.ts';
import { nodeHashes } from './crypto.ts';
import type { Log } from './log.ts';
import { LogBudget } from './log-budget.ts';
import { CannotRun, type ReportingRole, type RoleOptions } from './role.ts';
import { SipServerLink } from './sip-server-link.ts';
import { verifyPersonToken } from './tokens.ts';

/** Resolves when the port is open; the SIP Server may come later. */
export async function startStatServer(options: RoleOptions): Promise<ReportingRole> {
  const { application, log, secret } = options;
  const read = readStatServerConfiguration(options.configuration, application);
  if (!read.ok) throw new CannotRun(read.text);
  let current = options.configuration;
  const clock = new ProcessClock();
  const strangers = new LogBudget(log, { lines: options.lines });
  const links = await openClientPort<StatRequest, StatReply>({
    ...read.listen,
    schema: statRequest,
    strangers,
    input: (input) => running.input(input),
  });
  const node = new StatServerNode({
    configuration: read.configuration,
    random: cryptoRandom(),
    hashes: nodeHashes,
    now: clock.now(),
    wallOffsetMs: clock.wallOffset(),
    verifyToken: (token, wall) => verifyPersonToken(token, wall, current),
    serverSecret: secret,
  });
  const sip = new SipServerLink((input) => running.input(input), log);
  const running: RunningNode<StatServerInput> = runNode(node, {
    now: () => clock.now(),
    perform: (effect) => perform(effect, { sip, links, log, strangers }),
  });
  clock.onJump(() => running.input({ type: 'clockJumped', wallOffsetMs: clock.wallOffset() }));
  options.subscribe((configuration) => {
    const next = readStatServerConfiguration(configuration, application);
    if (!next.ok) return log({ level: 'error', what: 'new configuration not taken', because: next.text });
    current = configuration;
    running.input({ type: 'configuration', configuration: next.configuration });
  });
  const { site } = read.configuration;
  log({ level: 'info', what: 'Stat Server ready', site, detail: { port: links.port } });
  return {
    ports: { default: links.port },
    report: () => node.report(clock.now()),
    stop: async () => {
      running.stop();
      strangers.stop();
      sip.stop();
      await links.stop();
    },
  };
}

interface Outside {
  readonly sip: SipServerLink;
  readonly links: LinkServer<StatReply>;
  readonly log: Log;
  readonly strangers: LogBudget;
}

function perform(effect: StatServerEffect, { sip, links, log, strangers }: Outside): void {
  switch (effect.type) {
    case 'sipConnect':
    case 'sipSend':
    case 'sipClose':
      return sip.perform(effect);
    case 'send':
      links.send(effect.connection, effect.message);
      return;
    case 'close':
      return links.close(effect.connection, effect.why);
    case 'log':
      return effect.sender === undefined ? log(effect.line) : strangers.line(effect.line, effect.sender);
  }
}
