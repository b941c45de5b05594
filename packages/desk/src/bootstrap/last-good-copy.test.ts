import { describe, expect, it } from 'vitest';
import type { Bootstrap } from './bootstrap.ts';
import {
  type BootstrapCopy,
  type BootstrapDelivery,
  chooseBootstrap,
  readBootstrapCopy,
  writeBootstrapCopy,
} from './last-good-copy.ts';
import { readBootstrap } from './read-bootstrap.ts';

const encoder = new TextEncoder();

function fileOf(nodes: string): string {
  return JSON.stringify({
    environment: 'Main',
    sites: {
      preferred: { application: 'workspace', nodes: [nodes] },
      peer: { application: 'workspace', nodes: ['south:1'] },
    },
  });
}

function delivered(text: string): BootstrapDelivery {
  return { name: 'file', isThere: true, content: text, reading: readBootstrap(encoder.encode(text)) };
}

function bootstrapOf(text: string): Bootstrap {
  const reading = readBootstrap(encoder.encode(text));
  if (!reading.ok) throw new Error('the test needs a sound file');
  return reading.bootstrap;
}

const FILE = fileOf('north:1');
const RENEWED: BootstrapCopy = { bootstrap: bootstrapOf(fileOf('north:2')), madeOf: FILE };
const AWAY: BootstrapDelivery = { name: 'file', isThere: false, text: 'It is not there.' };

describe('which bootstrap a desk starts with', () => {
  it('[DS20] at the first start the file counts', () => {
    expect(chooseBootstrap(delivered(FILE), undefined)).toEqual({
      ...{ ok: true, bootstrap: bootstrapOf(FILE), madeOf: FILE, warnings: [] },
    });
  });

  it('[DS20] afterwards its renewed copy, as long as the file is the same', () => {
    expect(chooseBootstrap(delivered(FILE), RENEWED)).toEqual({
      ...{ ok: true, ...RENEWED, delivered: bootstrapOf(FILE), warnings: [] },
    });
  });

  it('[DS20] a file that has changed since was delivered anew and counts again', () => {
    const other = fileOf('north:3');
    const choice = chooseBootstrap(delivered(other), RENEWED);
    expect(choice).toMatchObject({ ok: true, bootstrap: bootstrapOf(other), madeOf: other });
  });

  it('[DS20] a broken file is told with line and key, and the copy serves; mended, it counts again', () => {
    const broken = FILE.replace('"south:1"', '"south"');
    const choice = chooseBootstrap(delivered(broken), RENEWED);
    expect(choice).toMatchObject({ ok: true, ...RENEWED });
    expect(choice.ok && choice.warnings[0]).toMatch(/^file, line 1, sites\.peer\.nodes: /);
    expect(choice.ok && choice.warnings.at(-1)).toMatch(/copy/);
  });

  it('[DS20] a file out of reach is told, and the copy serves', () => {
    expect(chooseBootstrap(AWAY, RENEWED)).toMatchObject({
      ok: true,
      ...RENEWED,
      warnings: ['file: It is not there.', expect.stringMatching(/copy/)],
    });
  });

  it('[DS20] neither file nor copy: both are named', () => {
    expect(chooseBootstrap(AWAY, undefined)).toEqual({
      ok: false,
      problems: ['file: It is not there.', expect.stringMatching(/no copy/)],
    });
  });

  it('[DS22] what is used all the same but endangers the start is told', () => {
    const lonely = JSON.stringify({
      environment: 'Main',
      sites: { preferred: { application: 'workspace', nodes: ['north:1'] } },
    });
    const choice = chooseBootstrap(delivered(lonely), undefined);
    expect(choice.ok && choice.warnings).toEqual([expect.stringMatching(/^file, sites\.peer: /)]);
  });

  it('[DS20] a copy is read as it was written, and what is no copy is none', () => {
    const text = writeBootstrapCopy(RENEWED);
    expect(readBootstrapCopy(encoder.encode(text))).toEqual(RENEWED);
    for (const damaged of [
      '',
      'null',
      '[]',
      '{}',
      text.slice(0, -10),
      text.replace('"madeOf"', '"x"'),
      text.replace('"north:2"', '7'),
    ])
      expect(readBootstrapCopy(encoder.encode(damaged)), damaged).toBeUndefined();
  });
});
