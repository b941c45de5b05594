/** A Configuration Server in virtual time, and who talks to it. */
import { type Configuration, generateConfiguration, makeConfiguration } from '@holdfast/centre';
import { assert, must, seededRandom } from '@holdfast/kernel';
import {
  type ConfigObject,
  type ConfigReply,
  type ConfigRequest,
  PROTOCOL_VERSION,
} from '@holdfast/protocol';
import { portableHashes } from '@holdfast/sip';
import { OwnProof } from '../../own-proof.ts';
import { ConfigServerNode } from '../config-server-node.ts';
import type { ConfigServerEffect, TokenReading } from '../config-server-types.ts';

export const SECRET = 'a secret of the servers';
export const HASH = '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g';
export const WALL = 1_700_000_000_000;

function objects(): ConfigObject[] {
  const site = (name: string, base: number) => ({
    name,
    address: '127.0.0.1',
    configPort: base,
    clientPort: base + 1,
    statPort: base + 4,
    sipPort: base + 2,
    gateway: `127.0.0.1:${base + 3}`,
  });
  const generated = generateConfiguration({
    agents: 8,
    sites: [site('north', 5100), site('south', 5200)],
    realm: 'holdfast',
    passwordHash: () => HASH,
    digest: () => ({ md5: '0'.repeat(32), sha256: '0'.repeat(64) }),
    keys: {
      tokenKeys: [{ id: 'k1', publicKey: 'A'.repeat(43), privateKey: 'B'.repeat(43) }],
      nonceKeys: ['ab'.repeat(16)],
      serverSecret: SECRET,
    },
  });
  return JSON.parse(JSON.stringify(generated.objects)) as ConfigObject[];
}

export function revision(changed: (list: ConfigObject[]) => void = () => {}): Configuration {
  const list = objects();
  changed(list);
  return makeConfiguration(list, (text) => String(text.length).padStart(8, '0') + text.slice(-40));
}

export function person(list: ConfigObject[], name: string) {
  const found = list.find((object) => object.objectType === 'Person' && object.name === name);
  if (found?.objectType !== 'Person') throw new Error(`no ${name}`);
  return found;
}

/** Token = "token <person> <end> [when it was made]"; else so long before its end. */
const LIFE_MS = 12 * 3_600_000;
function readToken(token: string, wall: number): TokenReading {
  const [word, name, end, issued = Number(end) - LIFE_MS] = token.split(' ');
  if (word !== 'token' || name === undefined) return { ok: false, code: 'token-invalid' };
  return Number(end) > wall
    ? { ok: true, person: name, issuedWall: Number(issued), expiresAt: Number(end) }
    : { ok: false, code: 'token-expired' };
}

export function configWorld(configuration = revision()) {
  const node = new ConfigServerNode({
    application: 'config-north',
    configuration,
    now: 0,
    wallOffsetMs: WALL,
    hashes: portableHashes,
    random: seededRandom(1),
    signToken: ({ person: name, issuedAt, expiresAt }) =>
      // Made ahead of the clock, it says so.
      issuedAt + LIFE_MS === expiresAt
        ? `token ${name} ${expiresAt}`
        : `token ${name} ${expiresAt} ${issuedAt}`,
    verifyToken: (token, wall) => readToken(token, wall),
  });
  let now = 0;
  const world = {
    node,
    at(instant: number) {
      now = instant;
      return world;
    },
    input: (input: Parameters<typeof node.handle>[1]) => node.handle(now, input),
    expire: () => node.expire(now),
    say: (connection: string, message: ConfigRequest) =>
      node.handle(now, { type: 'message', connection, message }),
    /** The only answer. */
    ask(connection: string, message: ConfigRequest): ConfigReply {
      const answers = sent(world.say(connection, message));
      if (answers.length !== 1) throw new Error(`${answers.length} answers`);
      return answers[0] as ConfigReply;
    },
    /** A server shows that it holds `secret` (LK1). */
    open(connection: string, application = 'workspace', secret?: string) {
      world.input({ type: 'opened', connection });
      const random = seededRandom(connection.length);
      const own = new OwnProof({
        link: 'configuration',
        application,
        secret,
        hashes: portableHashes,
        random,
      });
      const reply = world.ask(connection, { ...open(application), ...own.open() });
      if (reply.type !== 'Challenge') return reply;
      const proof = must(own.answer(reply), 'it is challenged once');
      const admitted = world.ask(connection, { type: 'Proof', ReferenceID: 1, proof });
      if (admitted.type === 'Opened') assert(own.isMet(admitted.proof), 'it shows the secret too');
      return admitted;
    },
    /** Password checked as `ok`; what is answered. */
    logIn(connection: string, user: string, ok: boolean): ConfigReply {
      const check = world
        .say(connection, { type: 'LogIn', ReferenceID: 5, user, password: 'x' })
        .find(isCheck);
      if (check === undefined) throw new Error('no check');
      return sent(world.input({ type: 'passwordVerified', id: check.id, ok }))[0] as ConfigReply;
    },
  };
  return world;
}

export const open = (application: string) =>
  ({
    type: 'Open',
    ReferenceID: 1,
    application,
    version: PROTOCOL_VERSION,
    addpTimeoutMs: 1_000,
  }) as const;
export const proof = (given: string) => ({ type: 'Proof', ReferenceID: 1, proof: given }) as const;
export const isCheck = (effect: ConfigServerEffect) => effect.type === 'verifyPassword';

export function sent(effects: readonly ConfigServerEffect[], connection?: string): ConfigReply[] {
  return effects.flatMap((effect) =>
    effect.type === 'send' && (connection === undefined || effect.connection === connection)
      ? [effect.message]
      : [],
  );
}
