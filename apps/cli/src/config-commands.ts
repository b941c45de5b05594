/** `holdfast config …`: the words and what help says of them. What they do is done by a server bundle's operator part. */
import { type Command, Option } from 'commander';
import { flags, type Runner } from './command-runner.ts';
import { addSync } from './config-sync-command.ts';

type Options = Record<string, string | boolean>;

const WHERE = `
Where and who:
  --config (or HOLDFAST_CONFIG) names Configuration Servers or proxies; the first that answers is asked, and what is to be written goes on to the
  one that writes. Log in as an administrator: HOLDFAST_USER and HOLDFAST_PASSWORD, else it asks for both.

Exit status: 0 done, or nothing to do; 1 refused (diff and sync --drift: it differs; check: there are errors; verify: it is broken);
2 could not run.
`;

const FIELDS = `
Fields:
  displayName=Kim                        a field; displayName= takes it away
  options/TServer/wrap-up-time=5         an option
  ports/default=5110                     an entry of a map
  members=kim,lee                        a list; members+=max puts in, members-=kim takes out
  connections='[{"server":"sip-north"}]' anything else as JSON
`;

const FILES = `
Files are those that a site can be started with, YAML or JSON: lists of tenants, hosts, applications, switches, dns, places,
agentLogins, persons, agentGroups, keys. Secrets that they do not hold stay as they are.
`;

const PASSWORDS = `
The new password is asked for twice and not shown, or is the first line of stdin; it is never an argument. Of yourself it is set in place of the
present one, also when that has expired. Of somebody else, by an administrator, it is good for setting another: at the next log-in the person is asked
for that.
`;

const CHOICES = `
Choices:
  main        what the main line has
  branch      what the site that was cut off had
  Kim         another value, as config set takes it for that field; =main where it is that very word
  ''          nothing: the field, or the object, is taken away
`;

export function addConfig(program: Command, { child }: Runner): void {
  const config = program
    .command('config')
    .description('read and edit the configuration')
    .addHelpText('after', WHERE);
  const command = (usage: string, what: string): Command =>
    config
      .command(usage)
      .description(what)
      .addOption(
        new Option(
          '--config <addresses>',
          'host:port of a Configuration Server or proxy; several with commas',
        )
          .env('HOLDFAST_CONFIG')
          .makeOptionMandatory(),
      )
      .option('--application <name>', 'a desktop Application by which persons log in', 'workspace');
  const writing = (usage: string, what: string): Command =>
    command(usage, what)
      .option('--dry-run', 'only say what would be changed, and what speaks against it')
      .option('--note <text>', 'why, for the history');
  // Words may begin with a dash, and are words all the same.
  const run = (word: string, options: Options, words: readonly string[] = []) =>
    child('server.mjs', ['config', word, ...flags(options), '--', ...words]);

  command('get <key|type>', 'one object (Person/kim) as a file that can be applied, or the objects of a type')
    .option('--json', 'as JSON')
    .option('--yaml', 'as YAML; of a type all that is known of each')
    .action((what: string, options: Options) => run('get', options, [what]));
  writing('set <key> <field=value...>', 'change fields of one object, or create it')
    .addHelpText('after', FIELDS)
    .action((key: string, fields: string[], options: Options) => run('set', options, [key, ...fields]));
  writing('apply <file|folder>', 'make what stands there so: create and change, in one step')
    .option('--prune', 'delete what does not stand there')
    .addHelpText('after', FILES)
    .action((path: string, options: Options) => run('apply', options, [path]));
  command('diff <file|folder>', 'what apply would change; ends with 1 when it differs')
    .option('--prune', 'as apply --prune')
    .action((path: string, options: Options) => run('diff', options, [path]));
  command(
    'export <folder>',
    'write everything but secrets into a folder that can live in git, as apply reads it',
  )
    .option('--json', 'JSON files')
    .action((folder: string, options: Options) => run('export', options, [folder]));
  writing(
    'import <folder>',
    'make the whole configuration that of the folder; shows what that changes, and asks',
  )
    .option('--yes', 'do not ask')
    .addHelpText('after', FILES)
    .action((folder: string, options: Options) => run('import', options, [folder]));
  writing('restore [key...]', 'bring objects back to what they were, as a new edit')
    .requiredOption('--to <revision|time>', 'a revision as 3.128, or a time as in history --since')
    .option('--all', 'the whole configuration; shows what that changes, and asks')
    .option('--yes', 'do not ask')
    .action((keys: string[], options: Options) => run('restore', options, keys));
  writing('check', 'what is wrong with the configuration that is served, or would be when a site dies')
    .option('--fix', 'make the changes that need no choice; shows them, and asks')
    .option('--yes', 'do not ask')
    .option('--json', 'as JSON')
    .action((options: Options) => run('check', options));
  for (const add of [addConflicts, addSync, addHistory, addPersons]) add({ command, writing, run });
}

interface Words {
  command(usage: string, what: string): Command;
  writing(usage: string, what: string): Command;
  run(word: string, options: Options, words?: readonly string[]): Promise<void>;
}

function addConflicts({ command, writing, run }: Words): void {
  command(
    'conflicts',
    'what both a site that was cut off and the others have edited, and nobody has chosen between yet',
  )
    .option('--all', 'also those that are resolved, and what was settled by rule')
    .option('--limit <n>', 'so many, the oldest first', '20')
    .option('--json', 'as JSON')
    .action((options: Options) => run('conflicts', options));
  writing('resolve <id> <main|branch|value>', 'choose what becomes of a conflict, as a new edit')
    .addHelpText('after', CHOICES)
    .action((id: string, choice: string, options: Options) => run('resolve', options, [id, choice]));
}

/** What has been edited, and whether that is what was. */
function addHistory({ command, run }: Words): void {
  command('history [key]', 'who has changed what, and when; the newest first')
    .option('--who <user>', 'by that person alone')
    .option('--since <time>', '2026-03-01, 2026-03-01T08:30 (UTC), or 90s, 15m, 2h ago')
    .option('--until <time>', 'likewise')
    .option('--limit <n>', 'so many entries', '20')
    .option('--json', 'as JSON')
    .action((key: string | undefined, options: Options) =>
      run('history', options, key === undefined ? [] : [key]),
    );
  command('verify', 'whether the history, and the objects that it has made, are what was written')
    .option('--json', 'as JSON')
    .action((options: Options) => run('verify', options));
}

/** How one person logs in. */
function addPersons({ command, run }: Words): void {
  const ofPerson = (word: string, what: string): Command =>
    command(`${word} <person>`, what).action((person: string, options: Options) =>
      run(word, options, [person]),
    );
  ofPerson('password', 'set a first or a forgotten password, or your own')
    .option('--note <text>', 'why, for the history')
    .addHelpText('after', PASSWORDS);
  ofPerson(
    'revoke',
    'what a person has logged in with until now counts no more, at both sites within a second',
  ).option('--note <text>', 'why, for the history');
  ofPerson('unlock', 'let a person try again at once who has typed the password wrongly too often');
}
