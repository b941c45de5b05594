/**
 * Where messages go and where they came from. The core knows addresses and the names of flows; sockets are in
 * the shells.
 */
export type TransportName = 'UDP' | 'TCP' | 'TLS' | 'WS' | 'WSS';

/** Everything but UDP: no retransmissions (RFC 3261 §17). */
export function isReliable(transport: TransportName): boolean {
  return transport !== 'UDP';
}

/** One way to reach someone. With `flow`, that connection or local socket if it still stands, else a new one. */
export interface Target {
  readonly transport: TransportName;
  /** An address literal (or, in the simulator, a host's name): no look-up is left to do. */
  readonly host: string;
  readonly port: number;
  readonly flow?: string;
}

/** Where a message came from: the address as seen, and the name of the flow that answers travel on. */
export interface Source {
  readonly transport: TransportName;
  readonly host: string;
  readonly port: number;
  readonly flow: string;
}

/**
 * The name of the connection to (or from) this remote address. Shells name the flows of reliable transports so,
 * and the endpoint finds by it the requests that a broken connection took with it.
 */
export function connectionFlow(transport: TransportName, host: string, port: number): string {
  return `${transport} ${host} ${port}`;
}
