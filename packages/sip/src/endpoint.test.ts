import { expect, test } from 'vitest';
import { createResponse } from './message/build-message.ts';
import { EndpointPair, makeTestRequest } from './transaction/endpoint-pair.ts';

test('[EP1] a request is answered over a good link with one message each way', () => {
  const pair = new EndpointPair({
    react: (at, side, event) => {
      if (event.type !== 'request') return;
      const response = createResponse(event.request, 200, { toTag: 'b1' });
      at.perform(side, at.ends[side].sendResponse(at.now, event.transaction, response));
    },
  });
  const id = pair.send('alice', makeTestRequest('OPTIONS'));
  pair.run(100);
  expect(pair.wire).toEqual(['0 alice OPTIONS', '1 bob 200']);
  expect(pair.events.alice).toMatchObject([{ type: 'response', transaction: id, response: { status: 200 } }]);
  pair.run(60_000);
  expect(pair.ends.alice.status()).toMatchObject({ clientTransactions: 0, deadlines: 0 });
  expect(pair.ends.bob.status()).toMatchObject({ serverTransactions: 0, pending: 0, deadlines: 0 });
});
