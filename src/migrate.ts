import { parseDatabaseUrl } from './config.js';
import { migrate } from './database/migrate.js';

migrate(parseDatabaseUrl()).then(
  ({ applied, newer }) => {
    if (newer.length > 0) {
      process.stdout.write(
        `The schema is of a newer version and stays as it is: it has ${newer.join(', ')}. This version runs on it.\n`,
      );
      return;
    }
    process.stdout.write(applied.length > 0 ? `Applied ${applied.join(', ')}.\n` : 'The schema is up to date.\n');
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
