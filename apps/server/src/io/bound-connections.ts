/** Closes what is more connections than one address may have, so that it cannot keep others out. */
import type { Socket } from 'node:net';

/** Listener of `connection` of a server. */
export function boundConnections(max: number): (socket: Socket) => void {
  const open = new Map<string, number>();
  return (socket) => {
    const { remoteAddress } = socket;
    const from = open.get(remoteAddress ?? '') ?? 0;
    if (remoteAddress === undefined || from >= max) return void socket.destroy();
    open.set(remoteAddress, from + 1);
    socket.once('close', () => {
      const left = (open.get(remoteAddress) ?? 0) - 1;
      if (left > 0) open.set(remoteAddress, left);
      else open.delete(remoteAddress);
    });
  };
}
