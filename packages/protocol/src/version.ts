/**
 * The version of everything that crosses a process. A change of a schema takes a new number, one line here, a
 * new hash in version.test.ts and a test for the oldest version that is still served.
 *
 * 1  first version
 * 2  members of a pair, and a server and whoever it is client of, show each other that they hold the server secret, and
 *    say it no more (LK1); a primary tells its supervisor that
 *    it offers its role (PR7); calls are transferred (three more requests of clients, EventPartyChanged, PreviousConnID);
 *    a destination is made of what can be dialled. Version 1 is no longer served: a desk of it cannot read EventPartyChanged,
 *    and cuts the link at the third
 */
export const PROTOCOL_VERSION = 2;
export const PROTOCOL_VERSION_OLDEST = 2;
