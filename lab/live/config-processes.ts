/**
 * A Configuration Server over a database and a proxy that follows it, as real processes without a supervisor, in a generated world of
 * two sites: for tests and benches that start them, kill them and weigh them. Nothing is started by the making.
 */
import { closeSync, existsSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ADMINISTRATOR, type GeneratedAgent } from '@holdfast/centre';
import type { ConfigObject, Person } from '@holdfast/protocol';
import { makeWorld, signToken, type TokenKey, writeConfiguration } from '@holdfast/server';
import { ConfigOperator } from './config-operator.ts';
import { freePorts } from './free-ports.ts';
import { generatedSites, PASSWORD, PHONE_PASSWORD, REALM } from './lab-configuration.ts';
import { Program, type ProgramOptions } from './peers/processes.ts';
import { drawPorts } from './site-ports.ts';
import { pause } from './site-processes.ts';

const SERVER_BUNDLE = fileURLToPath(new URL('../../.build/server.mjs', import.meta.url));
export const CONFIG_SERVER = 'config-north';
export const CONFIG_PROXY = 'proxy-north';
/** Of one that has little to read, on a machine that is busy. */
const READY_MAX_MS = 60_000;
/** Of a copy, in which its revision stands. */
const HEAD_BYTES = 256;
const ENTER_MAX_MS = 60_000;
const AGAIN_MS = 50;
const TOKEN_LIFE_S = 3_600;

interface World {
  readonly folder: string;
  readonly ports: { readonly config: number; readonly proxy: number; readonly health: number };
  readonly objects: readonly ConfigObject[];
  readonly agents: readonly GeneratedAgent[];
  readonly tokenKey: TokenKey;
  readonly secret: string;
}

interface StartOptions {
  /** For Node. */
  readonly nodeFlags?: readonly string[];
}

export class ConfigProcesses {
  readonly folder: string;
  readonly ports: World['ports'];
  readonly objects: World['objects'];
  readonly agents: World['agents'];
  readonly #tokenKey: TokenKey;
  readonly #secret: string;

  private constructor({ folder, ports, objects, agents, tokenKey, secret }: World) {
    this.folder = folder;
    this.ports = ports;
    this.objects = objects;
    this.agents = agents;
    this.#tokenKey = tokenKey;
    this.#secret = secret;
  }

  /** Writes the files that an empty database is filled with. */
  static async make({ agents: count }: { readonly agents: number }): Promise<ConfigProcesses> {
    if (!existsSync(SERVER_BUNDLE))
      throw new Error('.build/server.mjs is missing: run node scripts/setup.mjs');
    const drawn = await drawPorts();
    const [proxy, health] = (await freePorts(2)) as [number, number];
    const ports = { config: drawn.config[0], proxy, health };
    const { objects: generated, agents } = await makeWorld({
      ...{ agents: count, password: PASSWORD, phonePassword: PHONE_PASSWORD, realm: REALM },
      sites: generatedSites(drawn),
    });
    const objects = generated.flatMap((object) => withProxy(object, ports));
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
    await writeConfiguration(join(folder, 'files'), objects, 'json');
    const keys = objects.find((object) => object.objectType === 'Keys');
    if (keys?.objectType !== 'Keys') throw new Error('the generated world has no keys');
    const tokenKey = keys.tokenKeys[0] as TokenKey;
    return new ConfigProcesses({ folder, ports, objects, agents, tokenKey, secret: keys.serverSecret ?? '' });
  }

  /** The file that the proxy keeps. */
  get copy(): string {
    return join(this.folder, `${CONFIG_PROXY}.copy`);
  }

  /** What the proxy would start from. */
  get copiedRevision(): string | undefined {
    if (!existsSync(this.copy)) return undefined;
    const head = Buffer.alloc(HEAD_BYTES);
    const file = openSync(this.copy, 'r');
    try {
      readSync(file, head, 0, HEAD_BYTES, 0);
    } finally {
      closeSync(file);
    }
    return /"revision":"([^"]+)"/.exec(head.toString('latin1'))?.[1];
  }

  /** A PGlite of this world; where another database is wanted, its address is given to `startServer`. */
  get pglite(): string {
    return `pglite:${join(this.folder, 'store')}`;
  }

  /** Not ready yet. It keeps a copy of its own, as under a supervisor. */
  beginServer(store: string, options: StartOptions = {}): Program {
    const own = ['--store', store, '--files', join(this.folder, 'files'), '--data', this.folder];
    return this.#begin(CONFIG_SERVER, own, options);
  }

  beginProxy(options: StartOptions = {}): Program {
    const from = ['--proxy', '--config', `127.0.0.1:${this.ports.config}`, '--data', this.folder];
    return this.#begin(CONFIG_PROXY, from, options);
  }

  startServer(store: string = this.pglite): Promise<Program> {
    return ready(this.beginServer(store));
  }

  startProxy(): Promise<Program> {
    return ready(this.beginProxy());
  }

  #begin(application: string, args: readonly string[], { nodeFlags = [] }: StartOptions): Program {
    const options: ProgramOptions = {
      ...{ command: process.execPath, folder: this.folder },
      args: [...nodeFlags, SERVER_BUNDLE, '--application', application, ...args],
      environment: { HOLDFAST_SERVER_SECRET: this.#secret },
    };
    return Program.start(options);
  }

  /** Signed as a Configuration Server would, for those who have been in before. */
  tokenOf(user: string, rank: Person['rank'] = 'agent'): string {
    const now = Math.floor(Date.now() / 1000);
    return signToken({ sub: user, rank, iat: now, exp: now + TOKEN_LIFE_S }, this.#tokenKey);
  }

  /** Who may edit, at a server that runs; on a machine that is busy a connection may not open in time. */
  async administrator(port: number): Promise<ConfigOperator> {
    const { user } = ADMINISTRATOR;
    const token = this.tokenOf(user, 'administrator');
    for (const giveUpAt = performance.now() + ENTER_MAX_MS; ; ) {
      try {
        return await ConfigOperator.enter({ port, user, token });
      } catch (error) {
        // It was not let in, or nobody answered.
        if (performance.now() > giveUpAt) throw error;
        await pause(AGAIN_MS);
      }
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** That it serves, as it says itself. */
export async function ready(program: Program, withinMs = READY_MAX_MS): Promise<Program> {
  const isReady = () => program.lines.some((line) => line.includes('configuration server ready'));
  await program.until('it is ready', withinMs, isReady);
  return program;
}

/** Beside the Configuration Server of north. */
function withProxy(object: ConfigObject, ports: World['ports']): ConfigObject[] {
  if (object.objectType !== 'Application') return [object];
  // CX9: north alone writes.
  if (object.name === 'config-south') return [{ ...object, type: 'ConfigurationServerProxy' }];
  if (object.name !== CONFIG_SERVER) return [object];
  const proxy = { ...object, name: CONFIG_PROXY, type: 'ConfigurationServerProxy' as const };
  return [object, { ...proxy, ports: { default: ports.proxy, health: ports.health } }];
}
