/**
 * `holdfast`, the command line. It thinks nothing itself: servers and the lab are child processes, started by
 * their entry files; what concerns one message or the option catalogue is asked of the packages.
 *
 * Exit status: 0 all checks hold, 1 a check failed, 2 it could not run (the reason on stderr).
 */
import { readFileSync } from 'node:fs';
import { OPTION_LIST, PROPERTIES } from '@holdfast/protocol';
import { explainMessage } from '@holdfast/sip';
import { Command, CommanderError } from 'commander';
import { flags, type Runner } from './command-runner.ts';
import { addConfig } from './config-commands.ts';
import { CHECK_FAILED, COULD_NOT_RUN, OK } from './exit-status.ts';
import { optionTable, plainOption, plainProperty, propertyTable } from './option-table.ts';
import { runChild } from './run-child.ts';

/** `isParentGone`: whether whoever started us has gone without being able to tell us. */
export async function main(
  args: readonly string[],
  root: string,
  isParentGone: () => boolean = () => false,
): Promise<number> {
  let status = OK;
  const runner: Runner = {
    async child(entry, childArgs) {
      status = await runChild({ root, entry, args: childArgs, isParentGone });
    },
    ended(value) {
      status = value;
    },
  };
  const program = new Command('holdfast')
    .description('An open, two-site SIP contact centre whose agents keep taking calls when a site dies.')
    .exitOverride()
    .showHelpAfterError();
  addDemo(program, runner);
  addLab(program, runner);
  addSimulate(program, runner);
  addOptions(program);
  addRun(program, runner);
  addSupervisor(program, runner);
  addConfig(program, runner);
  addDrain(program, runner);
  addRoles(program, runner);
  addKeys(program, runner);
  addActAlone(program, runner);
  addSip(program, runner);
  try {
    await program.parseAsync(args as string[], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? OK : COULD_NOT_RUN;
  }
  return status;
}

function addDemo(program: Command, { child }: Runner): void {
  program
    .command('demo')
    .description(
      'two sites, robot agents and callers, and a live page to kill a site on (what `npm start` runs)',
    )
    .option('--agents <n>', 'robot agents, at least 6', '20')
    .option('--port <n>', 'port of the live page', '8080')
    .option('--site-ports <n>', 'first port of the two sites, which use some up to 150 above it', '5110')
    .option('--seed <s>', 'seed of all that the lab draws by chance', '1')
    .action((options: Record<string, string>) => child('lab.mjs', ['demo', ...flags(options)]));
}

function addLab(program: Command, runner: Runner): void {
  const lab = program.command('lab').description('disasters with real processes on this machine');
  lab
    .command('list')
    .description('the scenarios: what each one breaks, and how many agents it needs at least')
    .action(() => runner.child('lab.mjs', ['list']));
  lab
    .command('run <scenario>')
    .description('run one scenario and check what must hold')
    .option(
      '--agents <n>',
      'robot agents: 20 unless told otherwise, 1000 at the most; `lab list` says how many at least',
    )
    .option('--seed <s>', 'seed of all that the lab draws by chance')
    .option(
      '--times <set>',
      'the waits: short, or documents for those of the source documents (a minute and more)',
    )
    .option('--json <file>', 'write the report there, also when checks fail')
    .action((scenario: string, options: Record<string, string>) =>
      runner.child('lab.mjs', ['run', scenario, ...flags(options)]),
    );
}

function addSimulate(program: Command, runner: Runner): void {
  program
    .command('simulate')
    .description('disasters in virtual time, each from one seed that replays exactly')
    .option('--core', 'only the decisions of continuity, under every fault')
    .option('--whole', 'both sites, phones, desks, calls and queue')
    .option('--scripted', 'the lab’s scenarios of both families, calm and under every fault')
    .option('--seeds <n>', 'how many seeds (100 unless a time is given)')
    .option('--minutes <m>', 'the seeds that failed once, then as many others as fit this time')
    .option('--from <s>', 'the first seed', '1')
    .option('--agents <n>', 'agents in a whole simulation, at most 2000')
    .option('--json <file>', 'write the report there, also when seeds fail')
    .action((options: Record<string, string | boolean>) => runner.child('simulate.mjs', flags(options)));
}

function addOptions(program: Command): void {
  program
    .command('options')
    .description(
      'every option and property: range, default, unit, where it may be set, what it does and who acts on it',
    )
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }) => {
      process.stdout.write(
        options.json
          ? `${JSON.stringify({ options: OPTION_LIST.map(plainOption), properties: PROPERTIES.map(plainProperty) }, null, 2)}\n`
          : `${optionTable(OPTION_LIST)}\n${propertyTable(PROPERTIES)}`,
      );
    });
}

/** CW5: what is promised is said where it is chosen. */
const STORES = `
Databases of the configuration, and what was answered as done survives in them:
  pglite:FOLDER                  part of the process, nothing to install: the death of the process; that of the machine may cost the last seconds, or
                                 the database, and then the copies at proxies are what is left. One process alone opens it
  postgres://USER@HOST1,HOST2/DB the death of any process; of the machine when that one comes back. For good, also where a standby is
                                 promoted, only with synchronous_standby_names at the database

A password in the address stands in HOLDFAST_CONFIG_STORE and not in --store, which every list of processes shows.
`;

function addSupervisor(program: Command, { child }: Runner): void {
  program
    .command('supervisor')
    .description(
      'start the processes of one site on this host, as its configuration names them, and keep them running',
    )
    .requiredOption('--site <name>', 'the site')
    .requiredOption('--data <dir>', 'where its processes keep what they write')
    .option('--host <name>', 'the Host object of this machine, where the site has several')
    .option(
      '--files <dir>',
      'what the database is filled with while it is empty; later starts read it no more',
    )
    .option(
      '--store <address>',
      'the database of the configuration, where this site has a Configuration Server; a PGlite in the data folder unless another is named',
    )
    .option('--files-only', 'no database: the files are the configuration, read at the start and at SIGHUP')
    .option('--no-restart', 'what has died stays dead until SIGUSR2')
    .option('--outlive', 'the processes go on without their supervisor')
    .addHelpText('after', STORES)
    .action(({ restart, ...options }: Record<string, string | boolean>) =>
      child('server.mjs', ['supervisor', ...flags(options), ...(restart === false ? ['--no-restart'] : [])]),
    );
}

function addRun(program: Command, { child }: Runner): void {
  program
    .command('run <application>')
    .description('run one server application, as its Application object says')
    .option('--config <addresses>', 'host:port of a Configuration Server; several with commas')
    .option('--files <dir>', 'a Configuration Server has files instead, or fills an empty database with them')
    .option(
      '--store <address>',
      'its database: postgres://… or pglite:FOLDER; HOLDFAST_CONFIG_STORE where a password stands in it',
    )
    .addHelpText('after', STORES)
    .option('--proxy', 'it is a proxy: it follows those of --config and keeps a copy in --data')
    .option('--data <dir>', 'where it keeps a copy of what the database holds')
    .option('--secret-file <file>', 'what the server shows to the Configuration Server')
    .action((application: string, options: Record<string, string>) =>
      child('server.mjs', ['--application', application, ...flags(options)]),
    );
}

function addDrain(program: Command, { child }: Runner): void {
  program
    .command('drain <site>')
    .description(
      'take a site out of service without cutting a call (graceful shutdown). Asks as an administrator: HOLDFAST_USER and HOLDFAST_PASSWORD, else it asks for both',
    )
    .requiredOption('--config <addresses>', 'host:port of a Configuration Server; several with commas')
    .option('--within <duration>', 'who is left then is logged out: 90s, 15m, 2h')
    .option('--wave <n>', 'so many idle agents at once; else as the SIP Server is configured')
    .option('--force', 'at the deadline calls are released too, but none to an emergency number')
    .option('--stop', 'the SIP Server ends when nothing is left, and is not started again')
    .option('--wait', 'until it is drained (0) or its deadline has passed (1)')
    .option('--undo', 'take it back')
    .option('--application <name>', 'a desktop Application by which the administrator logs in', 'workspace')
    .action((site: string, options: Record<string, string | boolean>) =>
      child('server.mjs', ['drain', site, ...flags(options)]),
    );
}

function addRoles(program: Command, { child }: Runner): void {
  const words = {
    promote: 'make this member of a SIP Server pair the primary',
    demote: 'make the mate of this member of a SIP Server pair the primary',
  };
  for (const [word, what] of Object.entries(words))
    program
      .command(`${word} <application>`)
      .description(
        `${what}, without losing a call: the other gives its role up when this is granted, and only where it is ready. Asks as an administrator, like drain`,
      )
      .requiredOption('--config <addresses>', 'host:port of a Configuration Server; several with commas')
      .option('--application <name>', 'a desktop Application by which the administrator logs in', 'workspace')
      .action((application: string, options: Record<string, string>) =>
        child('server.mjs', [word, application, ...flags(options)]),
      );
}

function addKeys(program: Command, { child }: Runner): void {
  program
    .command('keys')
    .description('the keys that the servers share')
    .command('rotate <kinds...>')
    .description(
      'change them: token (log-ins), nonce (digest), secret (between servers). The former ones are good for as long as something needs them. Asks as an administrator, like drain',
    )
    .requiredOption('--config <addresses>', 'host:port of a Configuration Server; several with commas')
    .option('--stolen', 'what the former ones have made counts no more')
    .option('--application <name>', 'a desktop Application by which the administrator logs in', 'workspace')
    .action((kinds: string[], options: Record<string, string | boolean>) =>
      child('server.mjs', ['rotate-keys', ...kinds, ...flags(options)]),
    );
}

function addActAlone(program: Command, { child }: Runner): void {
  program
    .command('act-alone <application>')
    .description(
      'make this member of a SIP Server pair the primary although neither its mate nor the arbiter answers. Said on its own machine, to a member that runs, by the user of the server; if the mate acts after all, there are two primaries',
    )
    .requiredOption('--data <dir>', "the member's data folder, which is its supervisor's")
    .option(
      '--yes',
      'you have made sure that the mate does not act; without it the risk is told and nothing done',
    )
    .action((application: string, options: Record<string, string | boolean>) =>
      child('server.mjs', ['act-alone', application, ...flags(options)]),
    );
}

function addSip(program: Command, { ended }: Runner): void {
  const sip = program.command('sip').description('look at SIP');
  sip
    .command('parse <file>')
    .description('one SIP message as JSON, or what is wrong with it and where')
    .action((file: string) => ended(parseSip(file)));
}

function parseSip(file: string): number {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    // The file system's word names the file and what is wrong with it.
    process.stderr.write(`holdfast: ${(error as Error).message}\n`);
    return COULD_NOT_RUN;
  }
  const explained = explainMessage(bytes);
  process.stdout.write(`${JSON.stringify(explained, null, 2)}\n`);
  return explained.ok ? OK : CHECK_FAILED;
}
