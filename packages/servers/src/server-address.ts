/** Where a server listens for its clients. */
export interface ServerAddress {
  readonly host: string;
  readonly port: number;
  /** Whose it is, by name of the Application: nobody else is taken for it (LK1). Absent where that is not known. */
  readonly applications?: readonly string[];
}
