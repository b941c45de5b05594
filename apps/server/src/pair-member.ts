/**
 * The shell of a member of a SIP Server pair: beside what any SIP Server wants done it opens and closes the ports with
 * the role, asks the arbiter, writes the epoch to the disk, and speaks with the mate.
 */
import { mayAct, whyNotAlone } from '@holdfast/continuity';
import type { LogLine } from '@holdfast/kernel';
import type {
  PairMembership,
  ServerAddress,
  ServerReport,
  ServerSecret,
  SipAddress,
  SipServerEffect,
  SipServerOptions,
} from '@holdfast/servers';
import { type PairEffect, type PairInput, PairNode } from '@holdfast/servers';
import { type ProcessClock, readStoredFile, runNode, storeFile } from '@holdfast/shell';
import type { Arbiter, ArbiterHandlers } from './arbiter/arbiter.ts';
import { openEtcdArbiter } from './arbiter/etcd-arbiter.ts';
import { pairFile, SOCKET_VARIABLE } from './arbiter/member-socket.ts';
import { identityOf } from './arbiter/process-identity.ts';
import { openRoleReport, type RoleReport } from './arbiter/role-report.ts';
import { openSupervisorArbiter } from './arbiter/supervisor-arbiter.ts';
import type { LogBudget } from './log-budget.ts';
import { type MateLink, openMateLink } from './mate-link.ts';
import { openOperatorSocket } from './operator/operator-socket.ts';
import { OwnProbes } from './own-probes.ts';
import { CannotRun, type RoleOptions } from './role.ts';
import type { SipServerPorts } from './sip-server-ports.ts';
import { StandbyPort } from './standby-port.ts';

export interface PairMemberOptions {
  readonly role: RoleOptions;
  readonly pair: PairMembership;
  readonly server: SipServerOptions;
  /** Where it serves, while it does. */
  readonly address: { readonly sip: SipAddress; readonly clients: ServerAddress };
  readonly ports: SipServerPorts;
  readonly clock: ProcessClock;
  readonly strangers: LogBudget;
  /** Performs what any SIP Server wants done. */
  perform(effect: SipServerEffect): void;
  /** Nothing that a server wanted done goes on: it is no longer primary. */
  stepDown(): void;
}

export interface RunningMember {
  input(input: PairInput): void;
  report(): ServerReport;
  stop(): Promise<void>;
}

/**
 * The former primary has ended before the role is granted (PR7), but what it held may take the system a moment; across
 * hosts the SIP address comes to this one only now (PR10).
 */
const BIND_MAX_MS = 4_000;

export async function runPairMember(options: PairMemberOptions): Promise<RunningMember> {
  const { role, pair, clock, ports } = options;
  const { application, log } = role;
  const { own, data, secret } = needed(options);
  const file = pairFile(data, application, 'epoch');
  const input = (value: PairInput) => running?.input(value);
  let running: ReturnType<typeof runNode<PairInput, PairEffect>> | undefined;
  const mate = await openMateLink({
    ...{ application, process: own, secret, pair, log, strangers: options.strangers },
    linked: () => input({ type: 'mateLinked' }),
    unlinked: (because) => input({ type: 'mateUnlinked', because }),
    message: (message) => input({ type: 'mateMessage', message }),
  });
  const arbiter = openArbiter(options, own, {
    answered: (answer) => input({ type: 'arbiterAnswer', answer }),
    changed: (seen) => input({ type: 'keySeen', seen }),
    mateEnded: ({ process }) => input({ type: 'mateEnded', process }),
  });
  const now = clock.now();
  const member = {
    ...{ name: application, process: own, written: readEpoch(file, log) },
    epochLeast: Math.floor(now + clock.wallOffset()),
  };
  const toSupervisor = openReport(options, own);
  const { sip } = options.address;
  const standbyPort = options.server.sipName === undefined ? undefined : new StandbyPort({ sip, clock, log });
  const probes = await OwnProbes.open({
    ...{ ...options.address, realm: options.server.configuration.realm, secret, clock },
    file: pairFile(data, application, 'probe'),
    heard: input,
  });
  const perform = memberPerformer({
    ...options,
    input,
    mate,
    arbiter,
    file,
    probes,
    toSupervisor,
    standbyPort,
  });
  const { probe } = probes;
  const node = new PairNode({ ...options.server, probe, now, member });
  running = runNode<PairInput, PairEffect>(node, {
    now: () => clock.now(),
    perform,
  });
  const operator = await openOperatorSocket({
    ...{ path: pairFile(data, application, 'operator'), log },
    actAlone() {
      const why = whyNotAlone(node.parts.pair, clock.now());
      input({ type: 'operator', word: 'actAlone' });
      if (why !== undefined) return `${why}.`;
      return mayAct(node.parts.pair, clock.now())
        ? undefined
        : 'it could not write its epoch to the disk; see its log.';
    },
  });
  return {
    input,
    report: () => node.report(clock.now()),
    async stop() {
      running?.stop();
      arbiter.close();
      toSupervisor?.close();
      await Promise.all([
        ...[mate.close(), ports.close(), probes.stop(), standbyPort?.close()],
        operator.stop(),
      ]);
    },
  };
}

/** What whoever starts a member gives it; the supervisor does. */
function needed({ role, pair }: PairMemberOptions): { own: string; data: string; secret: ServerSecret } {
  const own = identityOf(process.pid);
  const { application, data, secret } = role;
  const sentence = `Application/${application} and "${pair.mate}" are a pair`;
  if (own === undefined)
    throw new CannotRun(`${sentence}, which needs Linux: /proc tells who of them lives.`);
  if (data === undefined)
    throw new CannotRun(
      `${sentence}: it keeps its epoch on the disk. Name a folder by --data, or start the site by its supervisor.`,
    );
  if (secret === undefined)
    throw new CannotRun(
      `${sentence}, which show each other the server secret. Name its file by --secret-file, or start the site by its supervisor.`,
    );
  return { own, data, secret };
}

function openArbiter({ role, pair }: PairMemberOptions, own: string, handlers: ArbiterHandlers): Arbiter {
  const { application } = role;
  if (pair.arbiter.type === 'etcd') {
    const { endpoints } = pair.arbiter;
    return openEtcdArbiter({ endpoints, pair: pair.pair, handlers });
  }
  const socket = process.env[SOCKET_VARIABLE];
  if (socket === undefined)
    throw new CannotRun(
      `Application/${application} and "${pair.mate}" are a pair on one Host, whose arbiter is its supervisor: start the site by that.`,
    );
  return openSupervisorArbiter({ socket, application, process: own, handlers });
}

/** To the supervisor of this host, which on one host is the arbiter and knows (PR8). */
function openReport({ role, pair }: PairMemberOptions, own: string): RoleReport | undefined {
  const socket = process.env[SOCKET_VARIABLE];
  if (pair.arbiter.type === 'supervisor' || socket === undefined) return undefined;
  return openRoleReport({ socket, application: role.application, process: own });
}

interface MemberOutside extends PairMemberOptions {
  readonly mate: MateLink;
  readonly arbiter: Arbiter;
  readonly probes: OwnProbes;
  /** Undefined where nobody watches: on one host, or without a supervisor. */
  readonly toSupervisor: RoleReport | undefined;
  /** Undefined where the members share one SIP address. */
  readonly standbyPort: StandbyPort | undefined;
  /** Of the epoch. */
  readonly file: string;
  input(input: PairInput): void;
}

function memberPerformer(outside: MemberOutside): (effect: PairEffect) => void {
  const { mate, arbiter, probes, toSupervisor, file, input, perform } = outside;
  const serve = portsByRole(outside);
  return (effect) => {
    switch (effect.type) {
      case 'sendToMate':
        return mate.send(effect.message);
      case 'askArbiter':
        return arbiter.ask(effect.request);
      case 'writeEpoch':
        return input(writeEpoch(file, effect.epoch));
      case 'probe':
        return probes.ask(effect);
      case 'yields':
        return arbiter.yields?.(effect.forMs);
      case 'confirmed':
        return toSupervisor?.confirmed(effect.remainsMs);
      case 'role':
        if (!effect.serves) toSupervisor?.standsBy();
        return serve(effect.serves);
      default:
        return perform(effect);
    }
  };
}

/** The ports are open exactly while this member serves. One that cannot have them is no primary, and ends. */
function portsByRole({ ports, role, stepDown, standbyPort }: MemberOutside): (serves: boolean) => void {
  const { log } = role;
  let isServing = false;
  standbyPort?.open();
  return (serves) => {
    if (serves === isServing) return;
    isServing = serves;
    if (!serves) {
      stepDown();
      void ports.close().then(() => {
        if (!isServing) standbyPort?.open();
      });
      return;
    }
    void standbyPort?.close();
    const askedAt = performance.now();
    ports.open(BIND_MAX_MS).then(
      () => {
        const detail = { openedAfterMs: Math.round(performance.now() - askedAt) };
        if (isServing) log({ level: 'info', what: 'serves', detail });
      },
      (error: Error) => {
        log({ level: 'error', what: 'cannot serve', because: error.message });
        // Outside of the promise: the process ends, and its mate takes over.
        setImmediate(() => {
          throw error;
        });
      },
    );
  };
}

function writeEpoch(file: string, epoch: number): PairInput {
  try {
    storeFile(file, `${JSON.stringify({ epoch })}\n`);
    return { type: 'wroteEpoch', epoch };
  } catch (error) {
    // The disk is full or the folder is gone.
    return { type: 'writeFailed', epoch, because: (error as Error).message };
  }
}

/** Without it the member confirms nobody before it has read the key (PR6). */
function readEpoch(file: string, log: (line: LogLine) => void): number | undefined {
  let because: string;
  try {
    const bytes = readStoredFile(file);
    if (bytes === undefined) return undefined;
    const read: unknown = JSON.parse(Buffer.from(bytes).toString());
    const epoch = typeof read === 'object' && read !== null && 'epoch' in read ? read.epoch : undefined;
    if (typeof epoch === 'number' && Number.isSafeInteger(epoch) && epoch >= 0) return epoch;
    because = 'it holds no epoch';
  } catch (error) {
    // It may not be read, or is no JSON.
    because = (error as Error).message;
  }
  log({ level: 'warn', what: 'epoch not read', because, detail: { file } });
  return undefined;
}
