/** What the tarball of `@holdfast/desk` offers as `./node`. */
export type { DeskListeners, DeskSession } from './desk-session-types.ts';
export { type DeskOpening, type OpenDeskOptions, openDesk } from './open-desk.ts';
