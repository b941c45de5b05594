/** A relay before PostgreSQL that cuts the connection at a COMMIT: before it is passed on, or when its answer comes. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class CommitLoss {
  lost = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #next: 'question' | 'answer' | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async open(port: number): Promise<CommitLoss> {
    const server = createServer();
    const loss = new CommitLoss(server);
    server.on('connection', (client) => loss.#relay(client, connect(port, '127.0.0.1')));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return loss;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  loseNext(what: 'question' | 'answer'): void {
    this.#next = what;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #relay(client: Socket, database: Socket): void {
    let isCommitted = false;
    for (const [one, other] of [
      [client, database],
      [database, client],
    ] as const) {
      this.#sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
    const cut = () => {
      this.lost += 1;
      this.#next = undefined;
      client.destroy();
    };
    client.on('data', (bytes) => {
      const isCommit = bytes.includes('commit\0');
      if (isCommit && this.#next === 'question') return cut();
      if (isCommit && this.#next === 'answer') isCommitted = true;
      database.write(bytes);
    });
    database.on('data', (bytes) => (isCommitted ? cut() : client.write(bytes)));
  }
}
