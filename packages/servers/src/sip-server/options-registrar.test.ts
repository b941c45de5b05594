/** Options of the registrar, of the login lease and of addresses, each from its object to the wire. */
import type { TransportName } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { sipPortOf } from './read-configuration.ts';
import { centreWorld } from './testing/centre-world.ts';
import { configured, readConfigured, type SetOptions } from './testing/configured-site.ts';
import { Desk } from './testing/desk.ts';
import { Peer } from './testing/people.ts';
import { GATEWAY, SERVER, Site } from './testing/server-site.ts';
import { SIP_PORT, World } from './testing/server-world.ts';

function worldWith(options: SetOptions) {
  const world = new World();
  const site = new Site(world, configured(options));
  return { world, site, ada: new Peer(world, '7001', '10.0.1.1') };
}

/** The values of this header in the answers that the phone has got, status by status. */
function answered(ada: Peer, header: string): string[] {
  return (ada.world.packets ?? []).flatMap(({ to, message }) =>
    to === ada.host && message.kind === 'response'
      ? message.headers.flatMap(({ key, value }) => (key === header ? [`${message.status} ${value}`] : []))
      : [],
  );
}

/** What a phone that asks for `expires`, or for nothing, is granted. */
function granted(set: SetOptions, expires?: number): string[] {
  const server = { ...set.server, holdfast: { 'registrar-timeout-spread': '0', ...set.server?.holdfast } };
  const { world, ada } = worldWith({ ...set, server });
  world.packets = [];
  const contact = `<${ada.contact('UDP')}>${expires === undefined ? '' : `;expires=${expires}`}`;
  const status = ada.request('REGISTER', { headers: [['Contact', contact]] });
  const [bounds] = [...answered(ada, 'min-expires'), ...answered(ada, 'contact')];
  return [String(status), bounds?.replace(/^\d+ .*?(expires=)?(\d+)$/, '$2') ?? ''];
}

describe('the registrar', () => {
  it('[option TServer/registrar-default-timeout] grants it to a phone that asks for no time', () => {
    expect(granted({})).toEqual(['200', '1800']);
    expect(granted({ server: { TServer: { 'registrar-default-timeout': '90' } } })).toEqual(['200', '90']);
  });

  it('[option holdfast/registrar-min-timeout] refuses less with 423, and names it', () => {
    expect(granted({}, 10)).toEqual(['200', '10']);
    const server = { holdfast: { 'registrar-min-timeout': '30' } };
    expect(granted({ server }, 10)).toEqual(['423', '30']);
    expect(granted({ server }, 30)).toEqual(['200', '30']);
  });

  it('[option holdfast/registrar-max-timeout] shortens more to it', () => {
    expect(granted({}, 7_200)).toEqual(['200', '3600']);
    expect(granted({ server: { holdfast: { 'registrar-max-timeout': '120' } } }, 7_200)).toEqual([
      '200',
      '120',
    ]);
  });

  it('[option holdfast/registrar-timeout-spread] differs by chance by so many percent from what is asked', () => {
    const grants = (server: SetOptions['server'] = {}) => {
      const { world, ada } = worldWith({ server });
      world.packets = [];
      for (let i = 0; i < 40; i++) ada.register({ expires: 100 });
      return answered(ada, 'contact').map((value) => Number(/expires=(\d+)/.exec(value)?.[1]));
    };
    const within = (granted: readonly number[], share: number) =>
      granted.every((one) => one >= 100 - share && one <= 100 + share);
    const [byDefault, half] = [grants(), grants({ holdfast: { 'registrar-timeout-spread': '50' } })];
    expect(within(byDefault, 20)).toBe(true);
    expect(new Set(byDefault).size).toBeGreaterThan(10);
    expect([within(half, 20), within(half, 50)]).toEqual([false, true]);
  });

  it('[option holdfast/realm] asks for proof in that realm', () => {
    const realmOf = (options: SetOptions) => {
      const { world, ada } = worldWith(options);
      world.packets = [];
      ada.request('REGISTER', { credentials: null });
      return answered(ada, 'www-authenticate').map((value) => /realm="([^"]*)"/.exec(value)?.[1]);
    };
    expect(realmOf({})).toEqual(['holdfast', 'holdfast']);
    expect(realmOf({ 'Tenant/bank': { holdfast: { realm: 'bank.example' } } })).toEqual([
      'bank.example',
      'bank.example',
    ]);
  });

  it('[option holdfast/digest-algorithms] offers these algorithms, the DN going before the server', () => {
    const offered = (options: SetOptions, number = '7001') => {
      const { world } = worldWith(options);
      const phone = new Peer(world, number, '10.0.1.9');
      world.packets = [];
      expect(phone.register()).toBe(number === '7001' ? 200 : 401);
      const challenges = answered(phone, 'www-authenticate');
      return new Set(challenges.map((value) => /algorithm=([\w-]+)/.exec(value)?.[1]));
    };
    const only = (algorithm: string) => ({ holdfast: { 'digest-algorithms': algorithm } });
    expect([...offered({})]).toEqual(['SHA-256', 'MD5']);
    expect([...offered({ server: only('md5') })]).toEqual(['MD5']);
    // Who has no DN is asked as the server says, so that strangers learn nothing.
    expect([...offered({ server: only('md5') }, '4711')]).toEqual(['MD5']);
    expect([...offered({ server: only('md5'), 'DN/7001@switch-north': only('sha-256') })]).toEqual([
      'SHA-256',
    ]);
  });
});

describe('the address of the server', () => {
  /** Where a phone is told to send what follows. */
  function contactOf(options: SetOptions): string {
    const { sip, configuration } = readConfigured(options);
    const world = new World();
    new Site(world, configuration, { sentBy: () => sip });
    const bob = new Peer(world, '7002', '10.0.1.2');
    expect(bob.register()).toBe(200);
    world.packets = [];
    new Peer(world, '4930', GATEWAY).call('7002');
    world.run(100);
    const invite = world.packets.find(
      ({ to, message }) => to === bob.host && message.kind === 'request' && message.method === 'INVITE',
    )?.message;
    return invite?.headers.find(({ key }) => key === 'contact')?.value ?? '';
  }

  it('[option TServer/sip-address] is what calls are told, else that of the Host', () => {
    expect(contactOf({})).toBe(`<sip:${SERVER}:${SIP_PORT}>`);
    expect(contactOf({ server: { TServer: { 'sip-address': '10.0.0.99' } } })).toBe('<sip:10.0.0.99:5060>');
  });

  it('[option TServer/sip-port] is the port that they are told', () => {
    expect(contactOf({ server: { TServer: { 'sip-port': '5160' } } })).toBe(`<sip:${SERVER}:5160>`);
  });

  /** Via and Contact of an INVITE to a phone that has registered over this transport. */
  function toldOver(
    transport: TransportName,
    section: 'TServer' | 'holdfast',
    options: Readonly<Record<string, string>>,
  ) {
    const { sip, configuration } = readConfigured({ server: { [section]: options } });
    const world = new World();
    const sentBy = (over: TransportName) => ({ host: sip.host, port: sipPortOf(sip, over) });
    new Site(world, configuration, { sentBy });
    const ada = new Peer(world, '7001', '10.0.1.1');
    expect(ada.register({ transport })).toBe(200);
    world.packets = [];
    new Peer(world, '4930', GATEWAY).call('7001');
    world.run(100);
    const invite = world.packets.find(
      ({ to, message }) => to === ada.host && message.kind === 'request' && message.method === 'INVITE',
    )?.message;
    const [via = '', contact = ''] = ['via', 'contact'].map(
      (name) => invite?.headers.find(({ key }) => key === name)?.value,
    );
    return { sip, via: via.replace(/;.*/, ''), contact };
  }

  function opensAndIsTold(transport: TransportName, section: 'TServer' | 'holdfast', option: string) {
    const { sip, via, contact } = toldOver(transport, section, { [option]: '5261' });
    expect(sip.ports).toEqual({ [transport]: 5261 });
    expect(via).toBe(`SIP/2.0/${transport} ${SERVER}:5261`);
    expect(contact).toBe(`<sip:${SERVER}:5261;transport=${transport.toLowerCase()}>`);
    // Without it none is opened.
    expect(readConfigured().sip).toEqual({ host: SERVER, port: SIP_PORT });
  }

  it('[TR5] [option TServer/sip-port-tls] is opened for TLS, and phones that come over it are told it', () =>
    opensAndIsTold('TLS', 'TServer', 'sip-port-tls'));

  it('[TR5] [option holdfast/sip-port-ws] is opened for WebSocket, and phones that come over it are told it', () =>
    opensAndIsTold('WS', 'holdfast', 'sip-port-ws'));

  it('[TR5] [option holdfast/sip-port-wss] is opened for WebSocket within TLS, and phones that come over it are told it', () =>
    opensAndIsTold('WSS', 'holdfast', 'sip-port-wss'));

  const FILES = { 'sip-tls-cert': '/etc/sip.pem', 'sip-tls-cert-key': '/etc/sip.key' };
  const tlsOf = (server: NonNullable<SetOptions['server']>) => readConfigured({ server }).sip.tls;

  it('[TR5] [option TServer/sip-tls-cert] is shown for the name or address that phones know', () => {
    const tls = { certificate: '/etc/sip.pem', key: '/etc/sip.key' };
    expect(tlsOf({ TServer: FILES })).toEqual({ ...tls, name: SERVER });
    const named = { TServer: FILES, holdfast: { 'sip-name': 'north.example.net' } };
    expect(tlsOf(named)).toEqual({ ...tls, name: 'north.example.net' });
  });

  it('[TR5] [option TServer/sip-tls-cert-key] belongs to it, and neither is anything alone', () => {
    expect(tlsOf({ TServer: { ...FILES, 'sip-tls-cert-key': '/other.key' } })?.key).toBe('/other.key');
    expect(tlsOf({ TServer: { 'sip-tls-cert': '/etc/sip.pem' } })).toBeUndefined();
  });
});

describe('a login lease', () => {
  it('[option holdfast/stamp-period] is renewed by a stamp that often', () => {
    const stamps = (options: SetOptions) => {
      const { world, site } = centreWorld(configured(options));
      const desk = new Desk(site, 'ada');
      desk.register();
      desk.ask({ type: 'RegisterAddress', dn: '7001' });
      desk.stamps = [];
      world.run(10_000);
      return desk.stamps.length;
    };
    expect(stamps({})).toBe(5);
    expect(stamps({ server: { holdfast: { 'stamp-period': '500' } } })).toBe(20);
  });

  it('[option holdfast/lease-length] ends so long after the last stamp: then nobody is rung there', () => {
    const isRung = (options: SetOptions, afterMs: number) => {
      const { world, caller, phone, agent } = centreWorld(configured(options));
      const ada = phone('7001');
      const desk = agent('ada', '7001');
      desk.answering = undefined;
      world.run(afterMs);
      ada.news();
      caller.tell({ name: 'call', to: '8000' });
      world.run(100);
      return ada.news().includes('ringing');
    };
    expect(isRung({}, 7_000)).toBe(true);
    expect(isRung({}, 9_000)).toBe(false);
    expect(isRung({ server: { holdfast: { 'lease-length': '20000' } } }, 9_000)).toBe(true);
  });
});
