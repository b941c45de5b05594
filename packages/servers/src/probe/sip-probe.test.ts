import { digestSecret, type ParseFailure, portableHashes, type SipMessage, type Source } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import type { Probed } from '../pair/fitness-watch.ts';
import { PROBE_USER } from '../sip-server/registrations.ts';
import { Desk } from '../sip-server/testing/desk.ts';
import { configurationOf, GATEWAY, REALM, SERVER, Site, trunk } from '../sip-server/testing/server-site.ts';
import { type Party, SIP_PORT, World } from '../sip-server/testing/server-world.ts';
import { openingOfProbe, proofOfProbe, seenIn } from './log-in-probe.ts';
import { type SipProbeInput, SipProbeNode } from './sip-probe.ts';

const PASSWORD = 'known to this process alone';
const OWN = '10.0.0.2';
const SECRET = 'the secret of all servers';

class Prober implements Party {
  readonly host = OWN;
  readonly seen: Omit<Probed, 'type'>[] = [];
  readonly #world: World;
  readonly #node: SipProbeNode;

  constructor(world: World, password = PASSWORD) {
    this.#world = world;
    this.#node = new SipProbeNode({
      ...{ random: world.random, hashes: portableHashes, realm: REALM, password },
      target: { host: SERVER, port: SIP_PORT, transport: 'UDP' },
      own: { host: OWN, port: SIP_PORT },
    });
    world.add(this);
  }

  ask(n: number, probe: 'register' | 'call'): void {
    this.#do({ type: 'ask', n, probe });
  }

  #do(input: SipProbeInput): void {
    this.#perform(this.#node.handle(this.#world.now, input));
    this.#world.touch(this);
  }

  #perform(effects: ReturnType<SipProbeNode['handle']>): void {
    for (const effect of effects) {
      if (effect.type === 'transmit') this.#world.transmit(this, effect);
      if (effect.type !== 'probed') continue;
      const { type: _, ...seen } = effect;
      this.seen.push(seen);
    }
  }

  sip(message: SipMessage, source: Source): void {
    this.#do({ type: 'sip', message, source });
  }

  malformed(failure: ParseFailure): void {
    throw new Error(failure.reason);
  }

  failed(): void {}

  nextDeadline(): number | undefined {
    return this.#node.nextDeadline();
  }

  wake(): void {
    this.#perform(this.#node.expire(this.#world.now));
  }
}

function world(password?: string) {
  const world = new World();
  const account = { user: PROBE_USER, realm: REALM, password: PASSWORD };
  const credentials = { sha256: digestSecret(portableHashes, 'SHA-256', account) };
  const { dns } = configurationOf();
  const site = new Site(world, configurationOf({ dns: [...dns, trunk('9001', GATEWAY)] }), {
    probe: { credentials },
    serverSecret: SECRET,
  });
  world.packets = [];
  return { world, site, prober: new Prober(world, password) };
}

describe('[GF1] a REGISTER and a call to oneself', () => {
  it('go the whole way, and leave nothing behind', () => {
    const { world: time, site, prober } = world();
    const max = new Desk(site, 'max');
    max.register();
    max.ask({ type: 'RegisterAll' });
    const heard = max.replies.length;
    const before = site.node.holding(time.now).records;
    const count = [...before].length;
    for (let n = 1; n <= 20; n++) {
      prober.ask(n, n % 2 === 0 ? 'call' : 'register');
      time.run(1_000);
    }
    expect(prober.seen.slice(0, 2)).toEqual([
      { n: 1, probe: 'register', ok: true, because: 'answered 200' },
      { n: 2, probe: 'call', ok: true, because: 'answered 404' },
    ]);
    expect(prober.seen.filter(({ ok }) => ok)).toHaveLength(20);
    time.run(40_000);
    // Neither agents, nor boards, nor the mate, nor a gateway, nor the log hear of it.
    const told = max.replies.slice(heard).filter(({ type }) => type !== 'Stamp' && type !== 'Ping');
    expect(told).toEqual([]);
    expect([...site.node.holding(time.now).records]).toHaveLength(count);
    expect(site.node.parts.registrations.size).toBe(0);
    expect(time.packets?.filter(({ to }) => to !== SERVER && to !== OWN)).toEqual([]);
    expect(site.logs.filter(({ level }) => level !== 'info')).toEqual([]);
    expect(site.node.sizes()).toMatchObject({ calls: 0, centre: 0, transactions: 0 });
  });

  it('fail where nothing answers, and are over then', () => {
    const { world: time, prober } = world();
    time.cut.add(SERVER);
    prober.ask(1, 'register');
    prober.ask(2, 'call');
    time.run(40_000);
    expect(prober.seen).toEqual([
      { n: 1, probe: 'register', ok: false, because: 'no answer within 2000 ms' },
      { n: 2, probe: 'call', ok: false, because: 'no answer within 2000 ms' },
    ]);
    expect(prober.nextDeadline()).toBeUndefined();
  });

  it('are nobody’s way in: without the password of the process there is no answer but a refusal', () => {
    const { world: time, site, prober } = world('guessed');
    prober.ask(1, 'register');
    prober.ask(2, 'call');
    time.run(5_000);
    expect(prober.seen.map(({ ok }) => ok)).toEqual([false, false]);
    expect(
      site.logs.some(({ because }) => because === 'wrong password' || because?.includes('user name')),
    ).toBe(true);
  });

  it('a graceful shutdown refuses the call, and that is an answer as good as any', () => {
    const { world: time, site, prober } = world();
    const max = new Desk(site, 'max');
    max.register();
    max.ask({ type: 'GracefulShutdown', on: true });
    time.run(100);
    prober.ask(1, 'call');
    time.run(1_000);
    expect(prober.seen).toMatchObject([{ ok: true, because: 'answered 603' }]);
  });
});

it('[GF2] a log-in to oneself has passed when a stamp comes, and failed by a refusal', () => {
  const { world: time, site } = world();
  const own = new Desk(site, undefined, 'holdfast-probe');
  const logIn = (desk: Desk, secret: string) => {
    const nonce = `nonce of ${desk.session}`;
    desk.send(openingOfProbe(nonce));
    time.run(100);
    const [challenge] = desk.replies;
    if (challenge?.type !== 'Challenge') throw new Error('a server is challenged');
    desk.send(proofOfProbe(portableHashes, secret, { nonce, challenge }));
    time.run(100);
  };
  logIn(own, SECRET);
  expect(own.replies.map(seenIn)).toEqual([undefined, undefined]);
  expect(seenIn({ type: 'Stamp', stamp: own.newestStamp })).toEqual({ ok: true, because: 'a stamp came' });
  const wrong = new Desk(site, undefined, 'holdfast-probe2');
  logIn(wrong, 'another secret');
  expect(wrong.replies.map(seenIn)).toEqual([undefined, { ok: false, because: 'refused: not-allowed' }]);
});
