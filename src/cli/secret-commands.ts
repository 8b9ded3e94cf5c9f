import { Command } from 'commander';
import { rotateSecrets } from '../database/secrets.js';
import type { CliContext } from './context.js';

/** `passrelay secrets rotate` */
export function secretCommands(context: () => CliContext): Command {
  const secrets = new Command('secrets').description('Secrets at rest');
  secrets
    .command('rotate')
    .description('seal every secret again under the first key of SECRETS_KEY')
    .action(async () => {
      const { database, secretBox, out } = context();
      const { rotated, kept } = await rotateSecrets(database().system, secretBox());
      out(`${rotated} sealed again, ${kept} already under the current key; older keys can go from SECRETS_KEY.`);
    });
  return secrets;
}
