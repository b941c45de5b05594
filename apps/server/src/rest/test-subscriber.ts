/** For tests: a subscriber of changes over a real WebSocket, and all that it has heard. */
import { WebSocket } from 'ws';

export interface Heard {
  readonly type: string;
  readonly revision?: string;
  readonly objects?: readonly { readonly name?: string; readonly displayName?: string }[];
  readonly deleted?: readonly string[];
  readonly problem?: { readonly code: string };
}

export class Subscriber {
  readonly heard: Heard[] = [];
  readonly socket: WebSocket;
  readonly closed: Promise<number>;
  #changed: () => void = () => {};

  constructor(url: string, query: string, token: string) {
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/v1/changes${query}`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    this.socket.on('message', (data) => {
      this.heard.push(JSON.parse(String(data)));
      this.#changed();
    });
    this.closed = new Promise((resolve, reject) => {
      this.socket.on('close', resolve);
      this.socket.on('error', reject);
    });
  }

  /** Takes nothing from its socket any more. */
  stopReading(): void {
    (this.socket as unknown as { readonly _socket: { pause(): void } })._socket.pause();
  }

  async until(isThere: (heard: readonly Heard[]) => boolean): Promise<readonly Heard[]> {
    while (!isThere(this.heard))
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    return this.heard;
  }
}
