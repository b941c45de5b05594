import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStoredFile, storeFile } from './stored-file.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const module = fileURLToPath(new URL('./stored-file.ts', import.meta.url));
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-stored-'));
  // A process with fewer rights than ours has to get here.
  chmodSync(folder, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A process of its own, because a disk, its rights and a kill are its and not ours. */
function run(program: string, { shell = 'exec "$@"' } = {}) {
  const code = `import { storeFile } from ${JSON.stringify(module)};\n${program}`;
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', code];
  return spawn('sh', ['-c', shell, 'sh', ...node], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
}

async function outputOf(child: ReturnType<typeof run>): Promise<string> {
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  await once(child, 'close');
  return text.trim();
}

test('what is stored is read, for the owner alone, and nothing else is left', () => {
  const path = join(folder, 'one');
  expect(readStoredFile(path)).toBeUndefined();
  storeFile(path, 'first');
  storeFile(path, 'second');
  expect(Buffer.from(readStoredFile(path) ?? []).toString()).toBe('second');
  expect(readdirSync(folder)).toEqual(['one']);
});

test('[DS20] whatever moment kills the process, the file is whole', async () => {
  const path = join(folder, 'killed');
  const length = 200_000;
  const seen = new Set<string>();
  for (let round = 0; round < 6; round++) {
    const child = run(`
      for (let n = 0; ; n++) {
        storeFile(${JSON.stringify(path)}, String(n % 10).repeat(${length}));
        if (n === 0) process.stdout.write('.');
      }`);
    await once(child.stdout, 'data');
    // Each round a little later in the midst of its writes.
    await new Promise((resolve) => setTimeout(resolve, 7 * round));
    child.kill('SIGKILL');
    await once(child, 'close');
    const text = readFileSync(path, 'utf8');
    expect(text.length).toBe(length);
    expect(new Set(text).size).toBe(1);
    seen.add(text.charAt(0));
  }
  // It was killed while it wrote, not before or after.
  expect(seen.size).toBeGreaterThan(1);
  storeFile(path, 'afterwards');
  expect(readFileSync(path, 'utf8')).toBe('afterwards');
}, 60_000);

test('a disk without room leaves the former file, and nothing half beside it', async () => {
  const path = join(folder, 'full');
  storeFile(path, 'former');
  // No file of that process may grow: the system refuses its writes as a full disk does.
  const child = run(
    `try { storeFile(${JSON.stringify(path)}, 'x'.repeat(100_000)); } catch (error) { console.log(error.code); }`,
    { shell: 'ulimit -f 0; exec "$@"' },
  );
  expect(await outputOf(child)).toMatch(/^(EFBIG|ENOSPC)$/);
  expect(readFileSync(path, 'utf8')).toBe('former');
  expect(existsSync(`${path}.new`)).toBe(false);
}, 20_000);

test('a folder that may not be written leaves the former file', async () => {
  const closed = join(folder, 'closed');
  mkdirSync(closed);
  storeFile(join(closed, 'file'), 'former');
  chmodSync(closed, 0o555);
  const child = run(`
    // Whoever may do everything is refused nothing.
    if (process.getuid() === 0) process.setuid(65534);
    try { storeFile(${JSON.stringify(join(closed, 'file'))}, 'new'); } catch (error) { console.log(error.code); }`);
  expect(await outputOf(child)).toBe('EACCES');
  expect(readFileSync(join(closed, 'file'), 'utf8')).toBe('former');
}, 20_000);
