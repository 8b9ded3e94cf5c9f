import { Command } from 'commander';
import { rotateSecrets } from '../database/rotate-secrets.js';
import { deleteSecret, getSecret, putSecret, SECRET_NAMES } from '../database/secrets.js';
import { getTenant } from '../database/tenants/tenants.js';
import type { CliContext } from './context.js';

/** `passrelay secrets rotate` */
export function secretCommands(context: () => CliContext): Command {
  const secrets = new Command('secrets').description('Secrets at rest');
  secrets
    .command('rotate')
    .description('encrypt every secret again under the first key of SECRETS_KEY')
    .action(async () => {
      const { database, secretKeys, out } = context();
      const { rotated, kept } = await rotateSecrets(database().system, secretKeys());
      out(`${rotated} sealed again, ${kept} already under the current key; what open runs in Temporal need is kept.`);
      out('Older keys can go from SECRETS_KEY. Dumps made before this still need them.');
    });
  secrets
    .command('set-webhook <tenantId>')
    .description("store the secret of Klaviyo's system webhooks; the former one stays valid until it is dropped")
    .option('--env <name>', 'variable with the secret', 'KLAVIYO_WEBHOOK_SECRET')
    .option('--drop-former', 'only end the former secret', false)
    .action(async (tenantId: string, options: { env: string; dropFormer: boolean }) => {
      const { database, secretBox, out, env } = context();
      const sql = database().tenant(tenantId);
      if (!(await getTenant(sql))) throw new Error(`There is no tenant "${tenantId}".`);
      const { klaviyoWebhook, formerKlaviyoWebhook } = SECRET_NAMES;
      if (options.dropFormer) {
        const gone = await deleteSecret(sql, formerKlaviyoWebhook);
        return out(gone ? 'The former secret is no longer taken.' : 'There was no former secret.');
      }
      const secret = env[options.env]?.trim() ?? '';
      if (secret.length < 16) throw new Error(`Set ${options.env}: Klaviyo wants 16 characters or more.`);
      const box = secretBox();
      await sql.transaction(async (inside) => {
        const before = await getSecret(inside, klaviyoWebhook, box);
        if (before && before.toString('utf8') !== secret) {
          await putSecret(inside, formerKlaviyoWebhook, before, box);
        }
        await putSecret(inside, klaviyoWebhook, secret, box);
      });
      out('The secret is stored; "--drop-former" ends the one before it.');
    });
  return secrets;
}
