/** Pages show commands that there are: each `holdfast config` in them is understood as it stands there. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { expect, test, vi } from 'vitest';
import { addConfig } from './config-commands.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const pages = ['README.md', ...readdirSync(`${root}docs`, { recursive: true, encoding: 'utf8' })]
  .filter((name) => name.endsWith('.md'))
  .map((name) => (name === 'README.md' ? name : `docs/${name}`));

/** Lines of an example, and what stands as code within a sentence or a table. */
function commandsIn(page: string): string[] {
  const text = readFileSync(root + page, 'utf8');
  const spans = [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span.replaceAll('\\|', '|'));
  return [...text.split('\n'), ...spans]
    .map((line) => /^(?:npx )?holdfast config (?!…)(.+)/.exec(line.trim())?.[1] ?? '')
    .filter((words) => words !== '');
}

/** As a shell does it, up to a comment or another command. */
function wordsOf(command: string): string[] {
  const [alone = ''] = command.split(/ (?:&&|#|;) ?/);
  return [...alone.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, one, two, three]) => one ?? two ?? three ?? '',
  );
}

async function understood(command: string): Promise<string> {
  const asked: (readonly string[])[] = [];
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  addConfig(program, { child: async (_, args) => void asked.push(args), ended: () => {} });
  const config = program.commands.find((one) => one.name() === 'config');
  for (const one of config?.commands ?? []) one.exitOverride().configureOutput({ writeErr: () => {} });
  try {
    await program.parseAsync(['config', ...wordsOf(command)], { from: 'user' });
  } catch (error) {
    // What commander says of a word or a flag that there is not.
    return (error as Error).message;
  }
  return asked.length === 1 ? 'yes' : 'nothing is run';
}

test('each holdfast config that a page shows is a command, with flags that it takes', async () => {
  vi.stubEnv('HOLDFAST_CONFIG', '127.0.0.1:5110');
  const shown = pages.flatMap((page) => commandsIn(page).map((command) => ({ page, command })));
  expect(shown.length).toBeGreaterThan(20);
  const wrong: unknown[] = [];
  for (const { page, command } of shown) {
    const answer = await understood(command);
    if (answer !== 'yes') wrong.push({ page, command, answer });
  }
  expect(wrong).toEqual([]);
  expect(await understood('get Person --yaml --prune')).toContain('--prune');
  vi.unstubAllEnvs();
});
