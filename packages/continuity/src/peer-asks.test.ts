import { describe, expect, it } from 'vitest';
import { PEER_ANSWER_MAX_MS, PEER_ASKS_MAX, PeerAsks } from './peer-asks.ts';

const ask = (person: string, number: number, desk = 'd') => ({
  person,
  epoch: { number, desk },
  login: desk,
});

describe('log-ins that wait for the other site', () => {
  it('[LL8] one for each person; it ends once: by its answer, by a higher epoch, or by its time', () => {
    const asks = new PeerAsks<string>();
    asks.wait(0, ask('ada', 5));
    asks.wait(10, ask('bob', 5));
    expect(asks.take('ada', { number: 4, desk: 'd' })).toBeUndefined();
    expect(asks.take('ada', { number: 5, desk: 'd' })).toMatchObject({ person: 'ada' });
    expect(asks.take('ada', { number: 5, desk: 'd' })).toBeUndefined();
    expect(asks.giveWay('bob', { number: 5, desk: 'd' })).toBeUndefined();
    expect(asks.giveWay('bob', { number: 5, desk: 'e' })).toMatchObject({ person: 'bob' });
    expect(asks.size).toBe(0);
    expect(asks.nextDeadline()).toBeUndefined();
    asks.wait(20, ask('cyd', 7));
    expect(asks.nextDeadline()).toBe(20 + PEER_ANSWER_MAX_MS);
    expect(asks.takeDue(19 + PEER_ANSWER_MAX_MS)).toBeUndefined();
    expect(asks.takeDue(20 + PEER_ANSWER_MAX_MS)).toMatchObject({ person: 'cyd' });
    expect(asks.takeDue(1e9)).toBeUndefined();
  });

  it('[LL8] all at once when the link is lost, and no more than a site has agents', () => {
    const asks = new PeerAsks<string>();
    for (let n = 0; n < PEER_ASKS_MAX; n++) asks.wait(n, ask(`person ${n}`, n));
    expect(asks.isFull).toBe(true);
    expect(asks.of('person 7')).toMatchObject({ epoch: { number: 7 } });
    expect(asks.takeAll()).toHaveLength(PEER_ASKS_MAX);
    expect(asks.size).toBe(0);
    expect(asks.nextDeadline()).toBeUndefined();
  });
});
