/** A trunk's name from a real name server to real sockets: the whole process of a SIP Server, run here. */
import { makeConfiguration } from '@holdfast/centre';
import { LineCounts } from '@holdfast/servers';
import { cryptoRandom } from '@holdfast/shell';
import {
  answerChallenge,
  SipUserAgent,
  type UserAgentEvent,
  type UserAgentOutput,
  writeSdp,
} from '@holdfast/sip';
import type { Packet } from 'dns-packet';
import { afterEach, expect, test } from 'vitest';
import { nodeHashes } from './crypto.ts';
import { DnsClient } from './io/dns.ts';
import { SipTransports } from './io/sip-transports.ts';
import { type NameServer, nameServer } from './io/testing/name-server.ts';
import { startSipServer } from './sip-server.ts';
import { makeWorld } from './store/make-world.ts';

const OUTSIDE = '0301234';
const PASSWORD = 'fake-phone-password';
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A user agent on loopback, over UDP, without timers: nothing is lost there. */
class Agent {
  readonly #waiting: { readonly wanted: string; readonly found: (event: UserAgentEvent) => void }[] = [];
  readonly #events: UserAgentEvent[] = [];
  readonly #transports: SipTransports;
  readonly userAgent: SipUserAgent;
  react: (event: UserAgentEvent) => void = () => undefined;

  private constructor(transports: SipTransports) {
    this.#transports = transports;
    this.userAgent = new SipUserAgent({
      random: cryptoRandom(),
      sentBy: () => this.at,
      contact: `sip:agent@127.0.0.1:${transports.port}`,
      answerChallenge: (challenges, request) => {
        const answer = answerChallenge(challenges, { ...request, hashes: nodeHashes, cnonce: 'of a test' });
        return answer.name === 'answer' ? answer.value : undefined;
      },
    });
  }

  static async open(): Promise<Agent> {
    const transports = await SipTransports.open({
      host: '127.0.0.1',
      port: 0,
      onMessage: (message, source) => agent.do(agent.userAgent.receive(performance.now(), message, source)),
      onMalformed: ({ reason }) => expect.fail(reason),
      onFailure: () => undefined,
      onBroken: (error) => expect.fail(error.message),
    });
    const agent = new Agent(transports);
    closing.push(() => transports.close());
    return agent;
  }

  get at(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: this.#transports.port };
  }

  do({ effects, events }: UserAgentOutput): void {
    for (const effect of effects) if (effect.type === 'transmit') this.#transports.transmit(effect);
    for (const event of events) {
      this.react(event);
      this.#events.push(event);
      const waiting = this.#waiting.findIndex(({ wanted }) => wanted === event.type);
      this.#waiting.splice(waiting, waiting < 0 ? 0 : 1)[0]?.found(event);
    }
  }

  heard(wanted: UserAgentEvent['type']): Promise<UserAgentEvent> {
    const event = this.#events.find(({ type }) => type === wanted);
    return event === undefined
      ? new Promise((found) => this.#waiting.push({ wanted, found }))
      : Promise.resolve(event);
  }

  call(
    to: string,
    at: { readonly host: string; readonly port: number },
    credentials?: { user: string; password: string },
  ) {
    const { output } = this.userAgent.invite(performance.now(), {
      uri: `sip:${to}@holdfast`,
      destination: { type: 'target', target: { transport: 'UDP', ...at } },
      from: `<sip:${credentials?.user ?? OUTSIDE}@holdfast>`,
      to: `<sip:${to}@holdfast>`,
      contact: `sip:agent@127.0.0.1:${this.at.port}`,
      sdp: writeSdp({ host: '127.0.0.1', port: 5000, direction: 'sendrecv', session: 1, version: 1 }),
      ...(credentials && { credentials }),
    });
    this.do(output);
  }
}

/** carrier.test leads by SRV to a port of this machine. */
function zone(port: number): Record<string, Partial<Packet>> {
  const record = { priority: 1, weight: 1, port, target: 'gw.carrier.test' };
  return {
    'SRV _sip._udp.carrier.test': {
      answers: [{ type: 'SRV', name: '_sip._udp.carrier.test', ttl: 60, data: record }],
    },
    'A gw.carrier.test': { answers: [{ type: 'A', name: 'gw.carrier.test', ttl: 60, data: '127.0.0.1' }] },
  };
}

async function withNameServer(records: Record<string, Partial<Packet>>): Promise<NameServer> {
  const server = await nameServer(({ name, type }) => records[`${type} ${name}`] ?? { answers: [] });
  closing.push(() => server.socket.close());
  return server;
}

async function startWithTrunk(
  contact: string,
  names: NameServer,
): Promise<{ readonly host: string; readonly port: number }> {
  const probe = await Promise.all([Agent.open(), Agent.open()]);
  const [sip, clients] = probe.map(({ at }) => at.port);
  for (const close of closing.splice(-2)) await close();
  const site = (name: string, sipPort = 1, clientPort = 1) => ({
    ...{ name, address: '127.0.0.1', configPort: 1, clientPort, sipPort, gateway: '127.0.0.1:1' },
  });
  const { objects } = await makeWorld({
    agents: 1,
    sites: [site('north', sip, clients), site('south')],
    password: 'fake-password',
    phonePassword: PASSWORD,
    options: { 'DN/trunk-north@north': { TServer: { contact } } },
  });
  const role = await startSipServer(
    {
      application: 'sip-north',
      configuration: makeConfiguration(objects, nodeHashes.sha256),
      log: () => undefined,
      lines: new LineCounts(),
      secret: undefined,
      subscribe: () => undefined,
    },
    new DnsClient({ servers: [names] }),
  );
  closing.push(() => role.stop());
  return { host: '127.0.0.1', port: role.ports.sip ?? 0 };
}

test('[SS46] a call leaves for the port that SRV names, and one from there is taken as the gateway’s', async () => {
  const gateway = await Agent.open();
  gateway.react = (event) => {
    if (event.type !== 'incoming') return;
    const sdp = writeSdp({ host: '127.0.0.1', port: 5002, direction: 'sendrecv', session: 2, version: 1 });
    gateway.do(gateway.userAgent.answer(performance.now(), event.leg, { sdp }));
  };
  const names = await withNameServer(zone(gateway.at.port));
  const server = await startWithTrunk('sip:carrier.test', names);
  const phone = await Agent.open();
  phone.call(OUTSIDE, server, { user: '7001', password: PASSWORD });
  await phone.heard('answered');
  await gateway.heard('acknowledged');
  expect(names.asked).toContain('NAPTR carrier.test');
  expect(names.asked).toContain('SRV _sip._udp.carrier.test');
  // 404 is said to a gateway that dials a wrong number; a stranger at another port is asked for a password.
  gateway.call('5999', server);
  expect(await gateway.heard('failed')).toMatchObject({ status: 404 });
  const stranger = await Agent.open();
  stranger.call('5999', server);
  expect(await stranger.heard('failed')).toMatchObject({ status: 401 });
});
