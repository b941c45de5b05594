/**
 * Kills the writer of a store so many times in the midst of its writes, and tells whether anything acknowledged was lost:
 *
 *     node --import tsx apps/server/src/store/test-store-kills-main.ts ADDRESS [KILLS]
 *
 * Exit status 0 when nothing was, and the log is sound.
 */
import { buildWriter, killStorm } from './test-store-kills.ts';

const [address = '', kills = '200'] = process.argv.slice(2);
const writer = await buildWriter();
try {
  const report = await killStorm({ writer: writer.file, address, kills: Number(kills) }, Math.random);
  console.log(JSON.stringify(report, null, 2));
  process.exitCode = report.lost.length === 0 && report.verdict.type === 'sound' ? 0 : 1;
} finally {
  writer.remove();
}
