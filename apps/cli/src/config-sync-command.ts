/** `holdfast config sync`: its words and what help says of them. */
import { type Command, Option } from 'commander';

const SYNC = `
What is kept alike: Extensions, ACD Queues, Call Processing Ports and Agent Logins exist at both Switches, Places have the DNs of both (or each
DN a Place of its own: --places each), Persons and Agent Groups refer to both. Trunks, Routing Points and the options in sync-own-options stay each
site's own. From then on every edit at one Switch, from whatever tool, is carried to the other in the same entry.

  holdfast config sync north south --master north --preview   what it would do, and each value of south that would be lost
  holdfast config sync north south --master north             do it, after a question; again it does nothing
  holdfast config sync --drift                                whether Switches that are kept alike are, by digest; ends with 1 when not
  holdfast config sync north south --drift                    the same of two that are not kept alike yet
`;

interface Words {
  /** Makes a command of config with what all have that change something. */
  writing(usage: string, what: string): Command;
  run(word: string, options: Record<string, string | boolean>, words: readonly string[]): Promise<void>;
}

export function addSync({ writing, run }: Words): void {
  writing(
    'sync [switches...]',
    'bring two Switches alike and keep them so; shows what that changes, and asks',
  )
    .option('--master <switch>', 'the one of the two whose values hold where they differ')
    .option('--preview', 'as --dry-run, with every line of it')
    .option('--drift', 'only say whether they are alike, and of what is not whose edit it was')
    .addOption(
      new Option(
        '--places <form>',
        'one Place with a DN of each Switch, or one for each DN; else as the master has it',
      ).choices(['one', 'each']),
    )
    .option(
      '--own-options <list>',
      'options that each site sets for itself, as TServer/contact, with commas; else as the master has them',
    )
    .option('--yes', 'do not ask')
    .option('--json', 'of --drift: as JSON')
    .addHelpText('after', SYNC)
    .action((switches: string[], options: Record<string, string | boolean>) =>
      run('sync', options, switches),
    );
}
