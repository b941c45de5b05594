import { expect, it } from 'vitest';
import { PARTS_HELD_MAX, UPLOAD_SILENT_MAX_MS, Uploads } from './uploads.ts';

const name = { connection: 'a', person: 'kim', upload: 'upload-1' };
const text = JSON.stringify([
  { key: 'Person/kim', patch: { displayName: 'Kim "the" Ü' } },
  { key: 'Person/lee', patch: null },
]);

it('[CE16] the parts of a long edit are put together in their order, wherever it was cut, once', () => {
  const uploads = new Uploads();
  const pieces = [...text];
  pieces.forEach((piece, i) => {
    expect(uploads.take(0, name, piece)).toBe(i + 1);
  });
  // Another's of the same name is another.
  uploads.take(0, { ...name, person: 'lee' }, '[]');
  expect(uploads.finish(name, pieces.length)).toEqual({ edits: JSON.parse(text) });
  expect(uploads.finish(name, pieces.length)).toEqual({ wrong: expect.stringContaining('0 are here') });
  expect(uploads.finish({ ...name, person: 'lee' }, 1)).toEqual({ edits: [] });
});

it('[CE16] with a part too few nothing of it is done, and what is no edit is named', () => {
  const uploads = new Uploads();
  const all = (...parts: string[]) => {
    for (const part of parts) uploads.take(0, name, part);
    return uploads.finish(name, parts.length);
  };
  uploads.take(0, name, '[]');
  expect(uploads.finish(name, 2)).toEqual({ wrong: expect.stringContaining('1 are here') });
  expect(all('[{"key":', ']')).toEqual({ wrong: expect.stringContaining('no JSON') });
  expect(all('[{"key":"Person/kim",', '"patch":7}]')).toEqual({ wrong: expect.stringContaining('0.patch') });
  expect(all('{}')).toEqual({ wrong: expect.stringContaining('wrong') });
});

it('[CE16] only so many parts are held; those of who is gone, or silent for a minute, make room', () => {
  const uploads = new Uploads();
  for (let n = 0; n < PARTS_HELD_MAX; n++) uploads.take(0, name, ' ');
  const other = { ...name, connection: 'b' };
  expect(uploads.take(UPLOAD_SILENT_MAX_MS - 1, other, '[]')).toBeUndefined();
  expect(uploads.take(UPLOAD_SILENT_MAX_MS, other, '[]')).toBe(1);
  expect(uploads.finish(name, PARTS_HELD_MAX)).toHaveProperty('wrong');
  uploads.gone('b');
  expect(uploads.finish(other, 1)).toHaveProperty('wrong');
});
