/**
 * What a log-in costs a Configuration Server, its node with real tokens and real hashes in one process without sockets: by
 * token, as at the loss of a site, when half of all agents come at once, and by password, as in the morning. Each is answered
 * with the configuration of its desk, as text. Prints one JSON object.
 *
 *   node --import tsx bench/log-in.ts [--short] [--json FILE]
 */
import { generateConfiguration, makeConfiguration } from '@holdfast/centre';
import { type ConfigRequest, PROTOCOL_VERSION } from '@holdfast/protocol';
import {
  createTokenKeys,
  hashPassword,
  nodeHashes,
  signPersonToken,
  verifyPassword,
  verifyPersonToken,
} from '@holdfast/server';
import { type ConfigServerEffect, type ConfigServerInput, ConfigServerNode } from '@holdfast/servers';
import { cryptoRandom } from '@holdfast/shell';
import { benchRun, round, verdict } from './bench-run.ts';

const run = benchRun({ short: 1, usual: 1 });
const PERSONS = run.isShort ? 2_000 : 10_000;
/** Rounds of all persons by token; the first one warms up. */
const ROUNDS = run.isShort ? 3 : 5;
const BY_PASSWORD = run.isShort ? 60 : 500;
/** Log-ins by token a second on one core. */
const AIM = 2_000;
const PASSWORD = 'fake-password';

const site = (name: string, base: number) => ({
  ...{ name, address: '127.0.0.1', configPort: base, clientPort: base + 1, statPort: base + 2 },
  ...{ sipPort: base + 60, gateway: `127.0.0.1:${base + 90}` },
});
const passwordHash = await hashPassword(PASSWORD);
const { objects, agents } = generateConfiguration({
  agents: PERSONS,
  sites: [site('north', 5_100), site('south', 5_200)],
  realm: 'holdfast',
  passwordHash: () => passwordHash,
  digest: () => ({ md5: '0'.repeat(32), sha256: '0'.repeat(64) }),
  keys: {
    tokenKeys: [createTokenKeys()],
    nonceKeys: ['ab'.repeat(16)],
    serverSecret: 'a secret of the servers',
  },
});
const configuration = makeConfiguration(objects, nodeHashes.sha256);
const now = () => performance.now();
const wallOffsetMs = Date.now() - now();
const node = new ConfigServerNode({
  ...{ application: 'config-north', configuration, now: now(), wallOffsetMs, hashes: nodeHashes },
  ...{ random: cryptoRandom(), signToken: signPersonToken, verifyToken: verifyPersonToken },
});

const answered = { in: 0, refused: 0, bytes: 0 };
let whenAnswered: (() => void) | undefined;

function input(told: ConfigServerInput): void {
  for (const effect of node.handle(now(), told)) perform(effect);
}

function perform(effect: ConfigServerEffect): void {
  if (effect.type === 'verifyPassword') {
    const { id, hash = '', password } = effect;
    verifyPassword(hash, password).then((ok) => input({ type: 'passwordVerified', id, ok }));
  }
  if (effect.type !== 'send' || effect.message.type === 'Opened') return;
  answered.bytes += JSON.stringify(effect.message).length;
  if (effect.message.type === 'LoggedIn') answered.in += 1;
  else answered.refused += 1;
  whenAnswered?.();
}

const say = (connection: string, message: ConfigRequest) => input({ type: 'message', connection, message });
for (const { user } of agents) {
  input({ type: 'opened', connection: user });
  const opening = { application: 'workspace', version: PROTOCOL_VERSION, addpTimeoutMs: 3_600_000 };
  say(user, { type: 'Open', ReferenceID: 1, ...opening });
}

/** CPU time of this process, ms; all threads. */
function cpuMs(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1_000;
}

function tokenOf(user: string): string {
  const issuedAt = now() + wallOffsetMs;
  return signPersonToken(
    { person: user, rank: 'agent', issuedAt, expiresAt: issuedAt + 3_600_000 },
    configuration,
  );
}

function byToken() {
  const tokens = agents.map(({ user }) => tokenOf(user));
  const rounds = Array.from({ length: ROUNDS }, () => {
    const cpu = process.cpuUsage();
    const startedAt = now();
    agents.forEach(({ user }, i) => {
      say(user, { type: 'LogInByToken', ReferenceID: 2, token: tokens[i] as string });
    });
    return { cpuMs: cpuMs(cpu), tookMs: now() - startedAt };
  }).slice(1);
  const fastest = rounds.reduce((one, other) => (other.cpuMs < one.cpuMs ? other : one));
  return {
    log_ins: rounds.length * PERSONS,
    per_cpu_second: round((1_000 * PERSONS) / fastest.cpuMs),
    per_second: round((1_000 * PERSONS) / fastest.tookMs),
    cpu_us_each: round((1_000 * fastest.cpuMs) / PERSONS, 1),
  };
}

/** The check of the signature alone. */
function verifying() {
  const token = tokenOf(agents[0]?.user ?? '');
  const cpu = process.cpuUsage();
  for (let n = 0; n < PERSONS; n++) verifyPersonToken(token, now() + wallOffsetMs, configuration);
  return { cpu_us_each: round((1_000 * cpuMs(cpu)) / PERSONS, 1) };
}

async function byPassword() {
  const users = agents.slice(0, BY_PASSWORD);
  const cpu = process.cpuUsage();
  const startedAt = now();
  const before = answered.in + answered.refused;
  await new Promise<void>((resolve) => {
    let begun = 0;
    const next = () => {
      const user = users[begun++]?.user;
      if (user !== undefined) say(user, { type: 'LogIn', ReferenceID: 3, user, password: PASSWORD });
    };
    whenAnswered = () => {
      if (answered.in + answered.refused - before === users.length) resolve();
      else next();
    };
    // More than are checked at a time, fewer than may wait.
    for (let n = 0; n < Math.min(64, users.length); n++) next();
  });
  const tookMs = now() - startedAt;
  return {
    log_ins: users.length,
    per_second: round((1_000 * users.length) / tookMs),
    cpu_ms_each: round(cpuMs(cpu) / users.length, 2),
  };
}

const token = byToken();
const afterTokens = { ...answered };
const signature = verifying();
const password = await byPassword();
const result = {
  persons: PERSONS,
  objects: configuration.objects.length,
  token: { ...token, reply_bytes: round(afterTokens.bytes / afterTokens.in) },
  signature,
  password,
  refused: answered.refused,
  ...verdict({
    [`${token.per_cpu_second} log-ins by token in a second of CPU time, of ${run.least(AIM)}`]:
      token.per_cpu_second >= run.least(AIM),
    [`${answered.refused} log-ins were refused`]: answered.refused === 0,
  }),
};
run.tell(result);
