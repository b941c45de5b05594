import { describe, expect, it } from 'vitest';
import type { SipServerConfiguration } from './configuration.ts';
import { HOP_PARAMETER } from './peer-forward.ts';
import { attributesOf, type CentreWorld, centreWorld } from './testing/centre-world.ts';
import { Desk } from './testing/desk.ts';
import { Peer } from './testing/people.ts';
import { configurationOf, GATEWAY, trunk } from './testing/server-site.ts';

const PEER_GATEWAY = '10.0.9.2';

/** A centre with an administrator. */
function centreWithAdministrator(configuration: Partial<SipServerConfiguration> = {}) {
  const centre = centreWorld(configuration);
  const admin = new Desk(centre.site, 'max');
  admin.register();
  return { ...centre, admin };
}

function shutDown(admin: Desk, on = true): string {
  return admin.outcome({ type: 'GracefulShutdown', on });
}

/** What a client has been told, without what only says how it goes on. */
function statesOf(desk: Desk): boolean[] {
  const told = desk.replies.flatMap((reply) => (reply.type === 'ServerState' ? [reply.isShuttingDown] : []));
  return told.filter((state, i) => state !== told[i - 1]);
}

/** What an INVITE of this gateway or extension is answered. */
function answerTo(caller: Peer, number: string): { status: number; contacts: readonly string[] } {
  const { world } = caller;
  world.packets = [];
  caller.call(number);
  world.run(100);
  const answers = world.packets.flatMap(({ to, message }) =>
    to === caller.host && message.kind === 'response' && message.status >= 200 ? [message] : [],
  );
  const contacts = answers.flatMap(({ headers }) =>
    headers.flatMap(({ key, value }) => (key === 'contact' ? [value] : [])),
  );
  return { status: answers.at(-1)?.status ?? 0, contacts };
}

describe('a graceful shutdown', () => {
  it('[SS40] is for administrators, by the rank of now; whoever else asks changes nothing', () => {
    const { site, board, admin, phone, agent } = centreWithAdministrator();
    phone('7001');
    const ada = agent('ada', '7001');
    expect(shutDown(board)).toBe('not-allowed');
    expect(shutDown(ada)).toBe('not-allowed');
    const persons = configurationOf().persons.filter(({ name }) => name !== 'max');
    site.input({
      type: 'configuration',
      configuration: configurationOf({
        persons: [...persons, { name: 'max', agentLogins: [], rank: 'supervisor' }],
      }),
    });
    expect(shutDown(admin)).toBe('not-allowed');
    expect(site.node.parts.centre.isShuttingDown).toBe(false);
    expect(ada.news()).toEqual([]);
    expect(statesOf(ada)).toEqual([]);
    site.input({ type: 'configuration', configuration: configurationOf() });
    expect(shutDown(admin)).toBe('Done');
    expect(ada.news()).toEqual(['EventAgentLogout 7001']);
  });

  it('[SS40] is told to every client once, and to those who come later', () => {
    const { world, site, board, admin } = centreWithAdministrator();
    const early = new Desk(site, 'ada');
    early.register();
    expect(shutDown(admin)).toBe('Done');
    expect(shutDown(admin)).toBe('Done');
    world.run(10);
    expect([board, early, admin].map(statesOf)).toEqual([[true], [true], [true]]);
    const late = new Desk(site, 'bob');
    expect(late.register()).toMatchObject({ type: 'ServerInfo' });
    world.run(10);
    expect(statesOf(late)).toEqual([true]);
    expect(shutDown(admin, false)).toBe('Done');
    world.run(10);
    expect([early, late].map(statesOf)).toEqual([
      [true, false],
      [true, false],
    ]);
    const last = new Desk(site, 'cyd');
    last.register();
    world.run(10);
    expect(statesOf(last)).toEqual([]);
    const lines = site.logs.filter(({ what }) => what.startsWith('graceful shutdown'));
    expect(lines.map(({ what, because, site: of }) => ({ what, because, of }))).toEqual([
      { what: 'graceful shutdown begun', because: 'asked for by max', of: 'north' },
      { what: 'graceful shutdown done', because: 'neither an agent nor a call is left', of: 'north' },
      { what: 'graceful shutdown taken back', because: 'asked for by max', of: 'north' },
    ]);
  });

  it('[SS41] logs out who is idle at once, the others when they have finished, and admits nobody until it is taken back', () => {
    const { world, site, caller, admin, phone, agent } = centreWithAdministrator();
    phone('7001', { answerAfterMs: 100 });
    phone('7002');
    const ada = agent('ada', '7001');
    const bob = agent('bob', '7002');
    bob.ask({ type: 'AgentNotReady', dn: '7002' });
    caller.tell({ name: 'call', to: '8000' });
    world.run(1_000);
    ada.news();
    bob.news();
    shutDown(admin);
    world.run(10);
    expect(attributesOf(bob.events, 'EventAgentLogout', '7002')?.Reasons).toEqual({
      LogoutReason: 'graceful_shutdown_logout',
    });
    expect(bob.login('7002')).toBe('shutting-down');
    expect(ada.news()).toEqual([]);
    // The call goes on, also with a hold.
    world.run(60_000);
    expect(site.node.parts.calls.size).toBe(1);
    caller.tell({ name: 'hangup' });
    world.run(1_000);
    expect(ada.news()).toEqual(['EventReleased 7001', 'EventAgentLogout 7001']);
    expect(ada.login('7001')).toBe('shutting-down');
    expect(site.node.parts.calls.size).toBe(0);
    shutDown(admin, false);
    // His phone was let go, and comes back.
    world.run(15_000);
    expect(bob.login('7002')).toBe('EventAgentLogin');
    caller.tell({ name: 'call', to: '7001' });
    world.run(500);
    expect(caller.news()).toContain('established');
  });

  it('[SS42] refuses calls that clients ask for', () => {
    const { admin, phone, agent, world, caller } = centreWithAdministrator();
    phone('7001', { answerAfterMs: 100 });
    const ada = agent('ada', '7001');
    // In a call, else there would be no agent who could ask.
    caller.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    shutDown(admin);
    expect(ada.outcome({ type: 'MakeCall', dn: '7001', destination: '7002' })).toBe('shutting-down');
    shutDown(admin, false);
    const answers = ada.begin({ type: 'MakeCall', dn: '7001', destination: '7002' });
    world.run(5_000);
    expect(answers()).toMatchObject([{ type: 'Done' }]);
  });

  it('[SS43] [C67] answers OPTIONS as it would answer a call: 503, and 200 again when it is taken back', () => {
    const { world, admin } = centreWithAdministrator();
    const gateway = new Peer(world, '55512345', GATEWAY);
    expect(gateway.request('OPTIONS')).toBe(200);
    shutDown(admin);
    expect(gateway.request('OPTIONS')).toBe(503);
    shutDown(admin, false);
    expect(gateway.request('OPTIONS')).toBe(200);
  });
});

describe('a new call during a graceful shutdown', () => {
  /** From a gateway, and from an extension. */
  function refusals(centre: CentreWorld & { admin: Desk }): ReturnType<typeof answerTo>[] {
    const gateway = new Peer(centre.world, '55512345', GATEWAY);
    const extension = new Peer(centre.world, '7003', '10.0.1.3');
    shutDown(centre.admin);
    return [answerTo(gateway, '8000'), answerTo(extension, '7001')];
  }
  const withPeer = { peerTrunk: '9001', dns: [...configurationOf().dns, trunk('9001', PEER_GATEWAY, 'TCP')] };

  it('[option TServer/shutdown-sip-reject-code] [SS42] is answered 603, or what the option says, wherever it comes from', () => {
    const declined = { status: 603, contacts: [] };
    expect(refusals(centreWithAdministrator())).toEqual([declined, declined]);
    const busy = { status: 486, contacts: [] };
    expect(refusals(centreWithAdministrator({ shutdownRejectCode: 486 }))).toEqual([busy, busy]);
  });

  it('[SS42] is taken again once it is taken back', () => {
    const { world, admin } = centreWithAdministrator();
    const gateway = new Peer(world, '55512345', GATEWAY);
    shutDown(admin);
    expect(answerTo(gateway, '8000').status).toBe(603);
    shutDown(admin, false);
    expect(answerTo(gateway, '8000').status).toBe(200);
  });

  it('[option TServer/dr-peer-trunk] [SS42] is sent to the peer where the code is a redirection', () => {
    for (const status of [300, 301, 302]) {
      const [fromGateway, fromExtension] = refusals(
        centreWithAdministrator({ shutdownRejectCode: status, ...withPeer }),
      );
      expect(fromGateway).toEqual({ status, contacts: [`<sip:8000@${PEER_GATEWAY}:5060;transport=tcp>`] });
      expect(fromExtension).toEqual({ status, contacts: [`<sip:7001@${PEER_GATEWAY}:5060;transport=tcp>`] });
    }
  });

  it('[SS42] is declined where a redirection would lead nowhere, or back to where the call comes from', () => {
    const declined = { status: 603, contacts: [] };
    const nowhere = [
      { shutdownRejectCode: 302 },
      { shutdownRejectCode: 302, peerTrunk: '9999' },
      // A DN, but no trunk.
      { shutdownRejectCode: 302, peerTrunk: '8000' },
      // A redirection that names no place.
      { shutdownRejectCode: 380, ...withPeer },
    ];
    for (const configuration of nowhere)
      expect(refusals(centreWithAdministrator(configuration))).toEqual([declined, declined]);
    const [fromPeer, fromExtension] = refusals(
      centreWithAdministrator({ shutdownRejectCode: 302, peerTrunk: '9000' }),
    );
    expect(fromPeer).toEqual(declined);
    const centre = centreWithAdministrator({ shutdownRejectCode: 302, ...withPeer });
    shutDown(centre.admin);
    // Of two sites that shut down together neither sends its callers to and fro.
    const redirected = new Peer(centre.world, '55512345', GATEWAY);
    expect(answerTo(redirected, `8000${HOP_PARAMETER}`)).toEqual(declined);
    expect(fromExtension?.status).toBe(302);
  });
});
