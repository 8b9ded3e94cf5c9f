import { parseDatabaseUrl } from './config.js';
import { migrate } from './database/migrate.js';

migrate(parseDatabaseUrl()).then(
  ({ applied }) => {
    process.stdout.write(applied.length > 0 ? `Applied ${applied.join(', ')}.\n` : 'The schema is up to date.\n');
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
