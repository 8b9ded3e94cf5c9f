/** Starts the servers that the test names and holds them until it is killed; prints one line of JSON when ready. */
import { startPostgres } from '../../src/embedded/postgres.js';
import { startTemporal } from '../../src/embedded/temporal.js';
import { SEARCH_ATTRIBUTES } from '../../src/workflows/search-attributes.js';

const searchAttributes = SEARCH_ATTRIBUTES;
const [kind, target, cliPath] = process.argv.slice(2);
const log = (line: string) => process.stderr.write(`${line}\n`);
const ready =
  kind === 'postgres'
    ? { url: (await startPostgres({ dataDir: target!, log })).url }
    : {
        address: (
          await startTemporal({ cliPath: cliPath!, dbFilename: target!, headless: true, searchAttributes, log })
        ).address,
      };
process.stdout.write(`${JSON.stringify(ready)}\n`);
setInterval(() => undefined, 60_000);
