/**
 * Long edits come in parts: the JSON text of their edits, in pieces that fit into messages, so that nobody can make this process read
 * a huge message before it has said who it is (CE16).
 */
import type { Millis } from '@holdfast/kernel';
import { EDITS_MAX, type Edit, edit, PARTS_MAX } from '@holdfast/protocol';

/** Of all uploads together, 80 million letters; one part more is refused. */
export const PARTS_HELD_MAX = PARTS_MAX;
/** Whoever sends nothing more for so long has given up: the room is for others. */
export const UPLOAD_SILENT_MAX_MS = 60_000;

/** Whose it is: the connection that it comes over, the person, and the name that it was given. */
export interface UploadName {
  readonly connection: string;
  readonly person: string;
  readonly upload: string;
}

interface Upload {
  readonly connection: string;
  readonly texts: string[];
  heardAt: Millis;
}

export type Uploaded = { readonly edits: Edit[] } | { readonly wrong: string };

export class Uploads {
  readonly #uploads = new Map<string, Upload>();
  #held = 0;

  /** How many parts of it there are now; undefined when there is no room. */
  take(now: Millis, name: UploadName, text: string): number | undefined {
    for (const [key, { heardAt }] of this.#uploads)
      if (now >= heardAt + UPLOAD_SILENT_MAX_MS) this.#drop(key);
    if (this.#held >= PARTS_HELD_MAX) return undefined;
    const key = keyOf(name);
    const upload = this.#uploads.get(key) ?? { connection: name.connection, texts: [], heardAt: now };
    upload.texts.push(text);
    upload.heardAt = now;
    this.#held += 1;
    this.#uploads.set(key, upload);
    return upload.texts.length;
  }

  /** What its parts come to; they are forgotten. */
  finish(name: UploadName, parts: number): Uploaded {
    const key = keyOf(name);
    const { texts } = this.#uploads.get(key) ?? { texts: [] };
    this.#drop(key);
    if (texts.length !== parts)
      return { wrong: `Of the ${parts} parts of the edit ${texts.length} are here. Send it again.` };
    return editsOf(texts.join(''));
  }

  gone(connection: string): void {
    for (const [key, upload] of this.#uploads) if (upload.connection === connection) this.#drop(key);
  }

  #drop(key: string): void {
    this.#held -= this.#uploads.get(key)?.texts.length ?? 0;
    this.#uploads.delete(key);
  }
}

function keyOf({ connection, person, upload }: UploadName): string {
  return JSON.stringify([connection, person, upload]);
}

const edits = edit.array().max(EDITS_MAX);

function editsOf(text: string): Uploaded {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Its sender has cut it wrongly, or it is none.
    return { wrong: 'The parts of the edit are together no JSON.' };
  }
  const parsed = edits.safeParse(value);
  if (parsed.success) return { edits: parsed.data };
  const [issue] = parsed.error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  return { wrong: `Of the uploaded edits "${field}" is wrong: ${issue?.message ?? 'malformed'}.` };
}
