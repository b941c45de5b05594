import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packDesk } from './build-desk.ts';
import { EmptyProject } from './empty-project.ts';

const project = new EmptyProject();

beforeAll(async () => {
  project.install(await packDesk(join(project.folder, 'packed')));
}, 60_000);

afterAll(() => project.remove());

function outputOf(program: string): string {
  project.write('use.js', program);
  return project.run(process.execPath, ['use.js']).trim();
}

test('the pure entry starts a desk: it wants to connect to the first Configuration Server of its file', () => {
  const output = outputOf(`
    import { DeskNode, readBootstrap } from '@holdfast/desk';
    const file = { environment: 'Main', sites: { preferred: { application: 'workspace', nodes: ['north:1'] } } };
    const { bootstrap } = readBootstrap(new TextEncoder().encode(JSON.stringify(file)));
    const desk = new DeskNode({ random: () => 0.5 });
    const localData = { bootstrap, addpTimeoutMs: 1000, desk: 'd', epochStored: 0, firstLogin: 'wait' };
    const effects = desk.handle(0, { type: 'start', user: 'sue', password: 'x', wallOffset: 0, localData });
    console.log(effects.filter(({ type }) => type === 'connect').map(({ host, port, kind }) => [host, port, kind].join()));
  `);
  expect(output).toBe("[ 'north,1,configuration' ]");
});

test('the pure entry is pure: nothing that it reaches imports anything of Node', () => {
  const folder = join(project.folder, 'node_modules/@holdfast/desk');
  const reached = new Set<string>();
  const waiting = ['index.js'];
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (reached.has(file)) continue;
    reached.add(file);
    const imports = readFileSync(join(folder, file), 'utf8').matchAll(/(?:from|^import) "([^"]+)"/gm);
    waiting.push(...[...imports].map(([, name = '']) => name.replace(/^\.\//, '')));
  }
  const files = readdirSync(folder).filter((file) => file.endsWith('.js'));
  expect([...reached].sort()).toEqual(files.filter((file) => !['node.js', 'ws.js'].includes(file)));
});

test('the shell for Node says what is missing, and opens no desk', () => {
  const output = outputOf(`
    import { openDesk } from '@holdfast/desk/node';
    const opening = await openDesk({ user: 'sue', password: 'x', bootstrap: 'missing.json', dataFolder: 'data' });
    console.log(opening.ok, opening.problems.join(' '));
  `);
  expect(output).toMatch(/^false missing\.json: It cannot be read: ENOENT.* no copy/);
});

test('its types are whole: a strict project without any other library compiles against both entries', () => {
  project.write(
    'use.ts',
    `import { type DeskCommand, DeskNode, type DeskView } from '@holdfast/desk';
     import { type DeskListeners, type DeskSession, openDesk } from '@holdfast/desk/node';
     const listeners: DeskListeners = {
       view: (view: DeskView) => { const site: string | null = view.site; return void site; },
       dn: (event, { site }) => { const name: string = event.name; return void (name + site); },
     };
     export async function run(): Promise<DeskSession | undefined> {
       const opening = await openDesk({ user: 'a', password: 'b', bootstrap: 'c', dataFolder: 'd', listeners });
       return opening.ok ? opening.desk : undefined;
     }
     export const deadline = new DeskNode({ random: () => 0 }).nextDeadline();
     // @ts-expect-error There is no such state: the types of the schemas are there, and are not any.
     export const wrong: DeskView['state'] = 'Asleep';
     // @ts-expect-error Nor such a command.
     export const command: DeskCommand = { type: 'sleep' };`,
  );
  // zod speaks of URL, which a browser's types and Node's have.
  expect(project.compile('use.ts', 'es2023,dom')).toBe('');
});

test('it brings nothing with it, and names whose code is in it', () => {
  const installed = project.installed();
  expect(Object.keys(installed)).toEqual(['@holdfast/desk']);
  expect(installed['@holdfast/desk']?.dependencies).toBeUndefined();
  const folder = join(project.folder, 'node_modules/@holdfast/desk');
  const named = [...readFileSync(join(folder, 'THIRD-PARTIES.md'), 'utf8').matchAll(/^## (\S+)/gm)];
  expect(named.map(([, name]) => name)).toEqual(['zod', 'saxes', 'xmlchars', 'ws']);
});
