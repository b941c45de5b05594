import { must } from '@holdfast/kernel';
import type { DeskReply, DeskRequest } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import { ANSWERS_MAX } from './answers.ts';
import { centreWorld } from './testing/centre-world.ts';
import { type Ask, Desk } from './testing/desk.ts';

const NUMBER = 77;

/** Ada's desk, logged in, and one that has come back in its session. */
function working() {
  const centre = centreWorld({}, { isFollowed: true });
  const ada = centre.phone('7001', { answerAfterMs: 500 });
  const bob = centre.phone('7002', { answerAfterMs: null });
  const desk = centre.agent('ada', '7001');
  const numbered = (request: Ask, ReferenceID = NUMBER) => ({ ...request, ReferenceID }) as DeskRequest;
  const back = (more: { session?: string; isNew?: boolean } = {}) => {
    const again = new Desk(centre.site, 'ada', more.session ?? desk.session);
    again.answering = desk.answering;
    const { position } = centre.site.node.parts.log;
    again.register(more.isNew === true ? {} : { resume: { epoch: position.epoch, number: position.number } });
    again.ask({ type: 'RegisterAddress', dn: '7001' });
    again.replies.length = 0;
    again.events.length = 0;
    return again;
  };
  const repeat = (again: Desk, request: Ask, ReferenceID = NUMBER): (DeskReply | string)[] => {
    again.send(numbered(request, ReferenceID));
    centre.world.run(50);
    const events = again.events.map(({ name, attributes }) => `${name} ${attributes.ReferenceID}`);
    again.events.length = 0;
    return [...again.replies.splice(0), ...events];
  };
  return { ...centre, ada, bob, desk, numbered, back, repeat };
}

const CALL = { type: 'MakeCall', dn: '7001', destination: '7002' } as const;

describe('a request that a client repeats after a takeover', () => {
  it('[LG3] MakeCall: whose answer was not heard is answered so, and one call is made', () => {
    const { world, site, desk, ada, numbered, back, repeat } = working();
    desk.send(numbered(CALL));
    world.run(1_000);
    expect(ada.news()).toEqual(['ringing', 'established']);
    site.takeOver();
    expect(repeat(back(), CALL)).toEqual([{ type: 'Done', ReferenceID: NUMBER }]);
    world.run(2_000);
    expect(ada.news()).toEqual([]);
    expect(site.node.parts.calls.size).toBe(1);
  });

  it('[LG3] MakeCall: is answered on each later connection, for that may be lost with the answer too', () => {
    const { world, site, desk, ada, numbered, back, repeat } = working();
    desk.send(numbered(CALL));
    world.run(1_000);
    expect(ada.news()).toEqual(['ringing', 'established']);
    site.takeOver();
    for (let loss = 0; loss < 3; loss++) {
      expect(repeat(back(), CALL)).toEqual([{ type: 'Done', ReferenceID: NUMBER }]);
      world.run(2_000);
    }
    site.takeOver();
    expect(repeat(back(), CALL)).toEqual([{ type: 'Done', ReferenceID: NUMBER }]);
    world.run(2_000);
    expect(ada.news()).toEqual([]);
    expect(site.node.parts.calls.size).toBe(1);
  });

  it('[LG3] MakeCall: while its phone rings it is not made again, and the answer comes where the client is now', () => {
    const { world, site, desk, ada, numbered, back, repeat } = working();
    desk.send(numbered(CALL));
    world.run(200);
    site.takeOver();
    const again = back();
    expect(repeat(again, CALL)).toEqual([]);
    expect(site.node.parts.calls.size).toBe(1);
    world.run(1_000);
    expect(again.replies).toEqual([{ type: 'Done', ReferenceID: NUMBER }]);
    expect(ada.news()).toEqual(['ringing', 'established']);
  });

  it('[LG3] ReleaseCall, AgentNotReady and AgentLogout are answered by the event of the first', () => {
    const { world, site, desk, bob, numbered, back, repeat } = working();
    desk.send(numbered(CALL, 1_000));
    world.run(1_000);
    bob.tell({ name: 'answer' });
    world.run(1_000);
    const ConnID = must(desk.events.at(-1)?.attributes.ConnID, 'the call has a ConnID');
    const asked = [
      { type: 'ReleaseCall', dn: '7001', ConnID },
      { type: 'AgentNotReady', dn: '7001' },
      { type: 'AgentLogout', dn: '7001' },
    ] as const;
    asked.forEach((request, index) => {
      desk.send(numbered(request, index + 2_000));
      world.run(100);
    });
    const { number } = site.node.parts.log.position;
    site.takeOver();
    const again = back();
    expect(asked.flatMap((request, index) => repeat(again, request, index + 2_000))).toEqual([
      'EventReleased 2000',
      'EventAgentNotReady 2001',
      'EventAgentLogout 2002',
    ]);
    expect(site.node.parts.log.position.number).toBe(number);
  });

  it('[LG3] AgentLogin, though its stamp is of a server that is gone', () => {
    const { world, site, repeat } = working();
    const desk = new Desk(site, 'bob');
    desk.register();
    desk.ask({ type: 'RegisterAddress', dn: '7002' });
    const login = {
      ...{ type: 'AgentLogin' as const, dn: '7002', AgentID: '1002', queues: ['8000'], place: 'p' },
      ...{ token: 'token bob', epoch: { number: 1_790_000_000_500, desk: 'bob' }, stamp: desk.newestStamp },
    } as const;
    desk.send({ ...login, ReferenceID: NUMBER } as DeskRequest);
    world.run(50);
    expect(site.node.parts.centre.agentOn('7002')).toBeDefined();
    site.takeOver();
    const again = new Desk(site, 'bob', desk.session);
    again.register({ resume: { ...site.node.parts.log.position } });
    again.replies.length = 0;
    expect(repeat(again, login)).toEqual([`EventAgentLogin ${NUMBER}`]);
  });

  it('[LG3] not what another session asks, nor other content, nor a client that begins anew, nor on one connection', () => {
    const { world, site, desk, numbered, back, repeat } = working();
    const request = { type: 'AgentNotReady', dn: '7001' } as const;
    const asked = () => {
      desk.send(numbered(request));
      world.run(50);
    };
    const number = () => site.node.parts.log.position.number;
    asked();
    const before = number();
    // On the same connection it is asked twice.
    asked();
    expect(number()).toBe(before + 1);
    site.takeOver();
    expect(repeat(back({ session: 'another one' }), request)).toEqual([`EventAgentNotReady ${NUMBER}`]);
    expect(number()).toBe(before + 2);
    expect(repeat(back(), { ...request, reasons: { ReasonCode: 'tea' } })).toEqual([
      `EventAgentNotReady ${NUMBER}`,
    ]);
    expect(number()).toBe(before + 3);
    expect(repeat(back({ isNew: true }), request)).toEqual([`EventAgentNotReady ${NUMBER}`]);
    expect(number()).toBe(before + 4);
  });

  it('[LG3] the newest answers of a session are kept, and an answer is given once on each connection', () => {
    const { world, site, desk, numbered, back, repeat } = working();
    const request = { type: 'AgentNotReady', dn: '7001' } as const;
    for (let index = 0; index < 40; index++) {
      desk.send(numbered(request, 100 + index));
      world.run(5);
    }
    world.run(50);
    expect(site.node.parts.clients.answers.size).toBe(ANSWERS_MAX);
    site.takeOver();
    const again = back();
    const { number } = site.node.parts.log.position;
    expect(repeat(again, request, 139)).toEqual(['EventAgentNotReady 139']);
    expect(site.node.parts.log.position.number).toBe(number);
    expect(repeat(again, request, 139)).toEqual(['EventAgentNotReady 139']);
    expect(site.node.parts.log.position.number).toBe(number + 1);
    expect(repeat(again, request, 100)).toEqual(['EventAgentNotReady 100']);
    expect(site.node.parts.log.position.number).toBe(number + 2);
  });
});
