import { NativeConnection } from '@temporalio/worker';
import { Command } from 'commander';
import { pino } from 'pino';
import { parseTemporalConfig } from '../config.js';
import { compareAllSoon, countUnderWay } from '../database/under-way.js';
import { ensureSearchAttributes } from '../worker/search-attribute-registration.js';
import type { CliContext } from './context.js';

/** `passrelay temporal recover` */
export function temporalCommands(context: () => CliContext): Command {
  const temporal = new Command('temporal').description('The engine behind the operations');
  temporal
    .command('recover')
    .description("after Temporal's data was lost: make its search attributes, and start at once what it does not know")
    .option('--yes', 'do it; without, say what would be done')
    .action(async ({ yes }: { yes?: true }) => {
      const { database, env, out } = context();
      const { connectionOptions, namespace } = parseTemporalConfig(env);
      const { system } = database();
      if (!yes) {
        const { operations, deliveries } = await countUnderWay(system);
        out(`${operations} operations and ${deliveries} deliveries are under way. Workers compare them with Temporal`);
        out(
          '(namespace ' +
            namespace +
            ', ' +
            String(connectionOptions.address) +
            ') and start again what it does not know.',
        );
        out('What Temporal knows goes on as it is. Repeat with --yes.');
        return;
      }
      const connection = await NativeConnection.connect(connectionOptions);
      try {
        await ensureSearchAttributes(connection, namespace, pino({ level: 'silent' }));
      } finally {
        await connection.close();
      }
      const { operations, deliveries } = await compareAllSoon(system);
      out(
        `The search attributes are there. Workers compare ${operations} operations and ${deliveries} deliveries with`,
      );
      out('Temporal within a minute, and start again what it does not know.');
    });
  return temporal;
}
