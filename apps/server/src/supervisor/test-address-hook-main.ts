/** For tests: an address mover in a process whose limits may be taken away. It is told by lines what to do, and says what it logs. */
import { createInterface } from 'node:readline';
import { AddressMover } from './address-hook.ts';

const [program = '', address = ''] = process.argv.slice(2);
const mover = new AddressMover({
  hook: { program, address },
  application: 'sip-a',
  log: (line) => void process.stdout.write(`${JSON.stringify(line)}\n`),
});
createInterface({ input: process.stdin }).on('line', (verb) => {
  mover.move(verb === 'add' ? 'add' : 'remove', { rule: 'PR10', text: 'A test wants it.' });
});
process.stdout.write('ready\n');
