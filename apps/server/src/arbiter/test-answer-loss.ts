/** For tests: stands before an arbiter, lets every request through, and loses the answers while it is told to. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net';

export class AnswerLoss {
  readonly #server = createServer();
  readonly #sockets = new Set<Socket>();
  #isLosing = false;

  /** `path` of a Unix domain socket to listen on; without it a port of its own. */
  static async open(target: NetConnectOpts, path?: string): Promise<AnswerLoss> {
    const loss = new AnswerLoss();
    loss.#server.on('connection', (near) => {
      const far = connect(target);
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        loss.#sockets.add(one);
        one.on('error', () => {});
        one.on('close', () => {
          loss.#sockets.delete(one);
          other.destroy();
        });
      }
      near.on('data', (data) => far.write(data));
      far.on('data', (data) => {
        if (!loss.#isLosing) near.write(data);
      });
    });
    if (path === undefined) loss.#server.listen(0, '127.0.0.1');
    else loss.#server.listen(path);
    await once(loss.#server, 'listening');
    return loss;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  lose(): void {
    this.#isLosing = true;
  }

  /** What was lost stays lost: the connections that lack a part of an answer end. */
  heal(): void {
    this.#isLosing = false;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    this.heal();
    this.#server.close();
  }
}
