import { Command } from 'commander';
import { runRetention } from '../database/bulk/retention.js';
import type { CliContext } from './context.js';

/** `passrelay retention run` */
export function retentionCommands(context: () => CliContext): Command {
  const retention = new Command('retention').description('Forgetting in time');
  retention
    .command('run')
    .description("empty old operations and remove old device logs now, by each tenant's settings.retention")
    .action(async () => {
      const { database, out } = context();
      const { operations, deviceLogs, nonces } = await runRetention(database());
      out(`${operations} operations emptied, ${deviceLogs} device log entries and ${nonces} callback nonces removed.`);
    });
  return retention;
}
