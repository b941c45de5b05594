/**
 * A SIP Server as in production, without DNS and announcer: real sockets, real hashes, the whole node, and a board
 * that hears every event. The messages for clients are written as JSON and go no further.
 */
import {
  type SipDN,
  type SipServerConfiguration,
  type SipServerEffect,
  type SipServerInput,
  SipServerNode,
} from '@holdfast/servers';
import { cryptoRandom, type RunningNode, runNode } from '@holdfast/shell';
import { digestSecret } from '@holdfast/sip';
import { nodeHashes } from '../apps/server/src/crypto.ts';
import { SipTransports } from '../apps/server/src/io/sip-transports.ts';
import { serveParent } from './two-processes.ts';

interface Options {
  readonly phones: number;
  /** From which calls are taken without digest. */
  readonly gatewayPort: number;
}

export const REALM = 'holdfast';
const HOST = '127.0.0.1';
const options = JSON.parse(process.argv[2] ?? '{}') as Options;

function extension(index: number): SipDN {
  const number = String(10_000 + index);
  const account = { user: number, realm: REALM, password: 'secret' };
  const credentials = {
    md5: digestSecret(nodeHashes, 'MD5', account),
    sha256: digestSecret(nodeHashes, 'SHA-256', account),
  };
  return { number, type: 'Extension', name: number, credentials };
}

const gateway = { host: HOST, port: options.gatewayPort, transport: 'UDP' } as const;
const configuration: SipServerConfiguration = {
  revision: 'bench',
  site: 'north',
  application: 'sip-north',
  switchName: 'north',
  realm: REALM,
  digestAlgorithms: ['SHA-256', 'MD5'],
  nonceKeys: { current: 'bench' },
  dns: [
    ...Array.from({ length: options.phones }, (_, index) => extension(index)),
    { number: '9000', type: 'Trunk', name: 'trunk', gateway },
  ],
  centre: { wrapUpMs: 0, agentLogins: [] },
  persons: [{ name: 'sue', agentLogins: [], rank: 'supervisor' }],
  registrar: { minExpiresS: 10, maxExpiresS: 3600, defaultExpiresS: 600, spread: 0.2 },
  loginRate: 10_000,
  stampEveryMs: 2_000,
  leaseLengthMs: 8_000,
  shutdownRejectCode: 603,
  shutdownWave: { percent: 10, everyMs: 2_000 },
  emergencyNumbers: [],
  ringingMaxMs: 60_000,
};

const figures = { events: 0, eventBytes: 0, received: 0, sent: 0 };
const transports = await SipTransports.open({
  host: HOST,
  port: 0,
  onMessage: (message, source) => {
    figures.received++;
    node.input({ type: 'sip', message, source });
  },
  onMalformed: (failure, source) => node.input({ type: 'sipMalformed', failure, source }),
  onFailure: (what) => node.input({ type: 'sipFailed', ...what }),
  onBroken: (error) => {
    throw error;
  },
});
const now = () => performance.now();
const thinking = new SipServerNode({
  configuration,
  random: cryptoRandom(),
  hashes: nodeHashes,
  now: now(),
  wallOffsetMs: Date.now() - now(),
  sentBy: () => ({ host: HOST, port: transports.port }),
  verifyToken: () => ({ ok: true, person: 'sue', issuedWall: 0 }),
});

function perform(effect: SipServerEffect): void {
  switch (effect.type) {
    case 'transmit':
      figures.sent++;
      return transports.transmit(effect);
    case 'send':
      figures.events++;
      figures.eventBytes += JSON.stringify(effect.message).length;
      return;
    default:
  }
}

const node: RunningNode<SipServerInput> = runNode(thinking, { now, perform });
const board = { type: 'message', connection: 'board' } as const;
node.input({ type: 'opened', connection: 'board' });
node.input({
  ...board,
  message: {
    type: 'RegisterClient',
    ReferenceID: 1,
    application: 'board',
    session: 'board of the bench',
    version: 1,
    token: 'any',
    addpTimeoutMs: 3_600_000,
  },
});
node.input({ ...board, message: { type: 'RegisterAll', ReferenceID: 2 } });
serveParent({ port: transports.port }, () => {
  const { centre, calls, transactions } = thinking.sizes();
  return { ...figures, callsHeld: centre + calls, transactions };
});
