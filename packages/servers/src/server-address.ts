/** Where a server listens for its clients. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}
