/**
 * What our processes send, as it left them: kept by the tap in this process and in every process of ours that it
 * starts, and read back here.
 */
import { existsSync, readFileSync } from 'node:fs';
import { complaints } from './accepted-by-others.ts';

const TAP = new URL('message-tap.mjs', import.meta.url).href;

/** A message that a process of ours has sent. */
export interface SentMessage {
  readonly pid: number;
  readonly transport: 'UDP' | 'TCP';
  /** One character for each byte. */
  readonly text: string;
}

/** From now on this process and those that it starts write what they send into that file. */
export async function tapTo(file: string): Promise<void> {
  process.env.HOLDFAST_TAP = file;
  process.env.NODE_OPTIONS = `--import ${TAP}`;
  await import(TAP);
}

export function sentIn(file: string): SentMessage[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as SentMessage);
}

/** What parsers of others refuse, each with the message; empty when they take all. */
export function refusedByOthers(sent: readonly SentMessage[]): string[] {
  return sent.flatMap((message) =>
    complaints(Buffer.from(message.text, 'latin1')).map((text) => `${text} in:\n${message.text}`),
  );
}

/** Method or status of each message. */
export function kindsOf(sent: readonly SentMessage[]): ReadonlySet<string> {
  return new Set(sent.map(({ text }) => /^SIP\/2\.0 (\d{3})|^(\S+)/.exec(text)?.slice(1).join('') ?? ''));
}
