/**
 * `holdfast`, the command line. It thinks nothing itself: servers and the lab are child processes, started by
 * their entry files; what concerns one message or the option catalogue is asked of the packages.
 *
 * Exit status: 0 all checks hold, 1 a check failed, 2 it could not run (the reason on stderr).
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { OPTION_LIST } from '@holdfast/protocol';
import { explainMessage } from '@holdfast/sip';
import { Command, CommanderError } from 'commander';
import { optionTable, plainOption } from './option-table.ts';

const OK = 0;
const CHECK_FAILED = 1;
const COULD_NOT_RUN = 2;

export async function main(args: readonly string[], root: string): Promise<number> {
  let status = OK;
  const child = async (entry: string, childArgs: readonly string[]) => {
    status = await runChild(root, entry, childArgs);
  };
  const program = new Command('holdfast')
    .description('An open, two-site SIP contact centre whose agents keep taking calls when a site dies.')
    .exitOverride()
    .showHelpAfterError();

  program
    .command('demo')
    .description(
      'two sites, robot agents and callers, and a live page to kill a site on (what `npm start` runs)',
    )
    .option('--agents <n>', 'robot agents', '20')
    .option('--port <n>', 'port of the live page', '8080')
    .option('--seed <s>', 'seed of all that the lab draws by chance', '1')
    .action((options: Record<string, string>) => child('lab.mjs', ['demo', ...flags(options)]));

  const lab = program.command('lab').description('disasters with real processes on this machine');
  lab
    .command('list')
    .description('the scenarios, with what each one breaks')
    .action(() => child('lab.mjs', ['list']));
  lab
    .command('run <scenario>')
    .description('run one scenario and check what must hold')
    .option('--agents <n>', 'robot agents')
    .option('--seed <s>', 'seed of all that the lab draws by chance')
    .option(
      '--times <set>',
      'the waits: short, or documents for those of the source documents (a minute and more)',
    )
    .option('--json <file>', 'write the report there, also when checks fail')
    .action((scenario: string, options: Record<string, string>) =>
      child('lab.mjs', ['run', scenario, ...flags(options)]),
    );

  program
    .command('simulate')
    .description('disasters in virtual time, each from one seed that replays exactly')
    .option('--core', 'only the decisions of continuity, under every fault')
    .option('--whole', 'both sites, phones, desks, calls and queue')
    .option('--seeds <n>', 'how many seeds (100 unless a time is given)')
    .option('--minutes <m>', 'the seeds that failed once, then as many others as fit this time')
    .option('--from <s>', 'the first seed', '1')
    .option('--agents <n>', 'agents in a whole simulation')
    .option('--json <file>', 'write the report there, also when seeds fail')
    .action((options: Record<string, string | boolean>) => child('simulate.mjs', flags(options)));

  program
    .command('options')
    .description('every option: section, range, default, unit, where it may be set and what it does')
    .option('--json', 'as JSON')
    .action((options: { json?: boolean }) => {
      process.stdout.write(
        options.json
          ? `${JSON.stringify(OPTION_LIST.map(plainOption), null, 2)}\n`
          : optionTable(OPTION_LIST),
      );
    });

  program
    .command('run <application>')
    .description('run one server application, as its Application object says')
    .option('--config <addresses>', 'host:port of a Configuration Server; several with commas')
    .option('--files <dir>', 'a Configuration Server has files instead')
    .option('--secret-file <file>', 'what the server shows to the Configuration Server')
    .action((application: string, options: Record<string, string>) =>
      child('server.mjs', ['--application', application, ...flags(options)]),
    );

  const sip = program.command('sip').description('look at SIP');
  sip
    .command('parse <file>')
    .description('one SIP message as JSON, or what is wrong with it and where')
    .action((file: string) => {
      status = parseSip(file);
    });

  try {
    await program.parseAsync(args as string[], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? OK : COULD_NOT_RUN;
  }
  return status;
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

/** Options as a child understands them: flags without a value stand alone. */
function flags(options: Readonly<Record<string, string | boolean>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === false) return [];
    // Commander writes secret-file as secretFile.
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === true ? [flag] : [flag, String(value)];
  });
}

/** Ctrl-C reaches the child through the terminal; here it only must not end us before the child has cleaned up. */
function runChild(root: string, entry: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--enable-source-maps', `${root}.build/${entry}`, ...args], {
      stdio: 'inherit',
    });
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    const ignore = () => {};
    process.on('SIGINT', ignore);
    process.on('SIGTERM', pass);
    child.on('error', (error) => {
      process.stderr.write(`holdfast: ${entry} could not be started: ${error.message}\n`);
      resolve(COULD_NOT_RUN);
    });
    child.on('exit', (code, signal) => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', pass);
      resolve(code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? OK : COULD_NOT_RUN));
    });
  });
}
