/** What the servers of a simulated site have in common, and its Configuration Server: a real node in its shell. */
import { createHash, createHmac } from 'node:crypto';
import type { Configuration } from '@holdfast/centre';
import { type Millis, unreachable } from '@holdfast/kernel';
import type { ConfigRequest } from '@holdfast/protocol';
import {
  type ConfigServerEffect,
  type ConfigServerInput,
  ConfigServerNode,
  type TokenContent,
  type TokenReading,
} from '@holdfast/servers';
import type { Hashes } from '@holdfast/sip';
import { EventKind } from './event-heap.ts';
import { NodeProgram } from './node-program.ts';
import type { Process } from './process.ts';

export const CLIENT_PORT = 7_000;
export const CONFIG_PORT = 7_001;
export const STAT_PORT = 7_002;
/** argon2id takes about so long, off the main thread. */
const PASSWORD_CHECK_MS = 11;

export const nodeHashes: Hashes = {
  md5: (text) => createHash('md5').update(text).digest('hex'),
  sha256: (text) => createHash('sha256').update(text).digest('hex'),
  hmacSha256: (key, text) => createHmac('sha256', key).update(text).digest('hex'),
};

export class ConfigServerProgram extends NodeProgram<ConfigServerInput, ConfigServerEffect> {
  readonly node: ConfigServerNode;

  constructor(process: Process, options: { configuration: Configuration; application: string }) {
    super(process);
    this.node = new ConfigServerNode({
      application: options.application,
      configuration: options.configuration,
      now: process.now(),
      wallOffsetMs: process.wallOffsetMs(),
      hashes: nodeHashes,
      random: process.world.fork(process.index * 1_000 + process.life),
      signToken: (content) => writeToken(content),
      verifyToken: (token, wall) => readToken(token, wall),
    });
    process.listenStreams(CONFIG_PORT);
  }

  protected sip(): ConfigServerInput {
    throw new Error('a Configuration Server hears no SIP');
  }

  protected connectionOpened(connection: string): ConfigServerInput {
    return { type: 'opened', connection };
  }

  protected connectionClosed(connection: string): ConfigServerInput {
    return { type: 'closed', connection };
  }

  protected connectionMessage(connection: string, message: unknown): ConfigServerInput {
    return { type: 'message', connection, message: message as ConfigRequest };
  }

  protected answered(id: string, ok: unknown): ConfigServerInput {
    return { type: 'passwordVerified', id: Number(id), ok: ok === true };
  }

  protected jumped(wallOffsetMs: Millis): ConfigServerInput {
    return { type: 'clockJumped', wallOffsetMs };
  }

  protected perform(_now: Millis, effect: ConfigServerEffect): void {
    switch (effect.type) {
      case 'send':
        return this.send(effect.connection, effect.message);
      case 'close':
        return this.close(effect.connection);
      case 'verifyPassword': {
        const { world, life } = this.process;
        const ok = effect.hash !== undefined && effect.password === PASSWORD;
        return world.schedule(
          world.at + PASSWORD_CHECK_MS,
          EventKind.lookedUp,
          this.process,
          life,
          String(effect.id),
          ok,
        );
      }
      case 'log':
        return;
      case 'hashPassword':
      case 'makeKeys':
      case 'store':
      case 'branch':
      case 'passOn':
        throw new Error('its Configuration Servers have files');
      default:
        unreachable(effect);
    }
  }
}

/** Of every person of the simulated world. */
export const PASSWORD = 'secret';

/** A token as readable text: forging tokens is not what this world is about. */
export function writeToken({ person, issuedAt, expiresAt }: Omit<TokenContent, 'rank'>): string {
  return `sim ${person} ${issuedAt} ${expiresAt}`;
}

export function readToken(token: string, wall: Millis): TokenReading {
  const [mark, person, issued, expires] = token.split(' ');
  const [issuedWall, expiresAt] = [Number(issued), Number(expires)];
  if (mark !== 'sim' || person === undefined || !Number.isFinite(issuedWall) || !Number.isFinite(expiresAt))
    return { ok: false, code: 'token-invalid' };
  return wall < expiresAt
    ? { ok: true, person, issuedWall, expiresAt }
    : { ok: false, code: 'token-expired' };
}
