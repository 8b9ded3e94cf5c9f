import { Command } from 'commander';
import { SCOPES } from '../common/scopes.js';
import { createApiKey, listApiKeys, revokeApiKey } from '../database/tenants/api-keys.js';
import { getTenant } from '../database/tenants/tenants.js';
import { didYouMean } from '../common/nearest-name.js';
import type { CliContext } from './context.js';

const DAY_MS = 86_400_000;

/** `passrelay keys create|list|revoke` */
export function keyCommands(context: () => CliContext): Command {
  const keys = new Command('keys').description('API keys of a tenant');
  const existing = async (tenantId: string) => {
    const sql = context().database().tenant(tenantId);
    const tenant = await getTenant(sql);
    if (!tenant) throw new Error(`There is no tenant "${tenantId}".`);
    return { sql, environment: tenant.environment };
  };
  keys
    .command('create <tenantId> <name>')
    .description('make a key; it is shown once')
    .requiredOption('--scope <scopes...>', `what it may do: ${SCOPES.join(', ')}`)
    .option('--test', 'what it causes is marked as a test', false)
    .option('--expires-in-days <days>', 'when it ends', Number)
    .action(
      async (tenantId: string, name: string, options: { scope: string[]; test: boolean; expiresInDays?: number }) => {
        for (const scope of options.scope.filter((word) => !(SCOPES as readonly string[]).includes(word))) {
          throw new Error(`There is no scope "${scope}". ${didYouMean(scope, SCOPES)}`);
        }
        const days = options.expiresInDays;
        if (days !== undefined && !(days > 0)) throw new Error('--expires-in-days takes a number above 0.');
        const expiresAt = days === undefined ? null : new Date(Date.now() + days * DAY_MS);
        const { sql, environment } = await existing(tenantId);
        if (environment === 'staging' && !options.test) {
          throw new Error(`Tenant "${tenantId}" is in staging, where all keys are test keys: add --test.`);
        }
        const made = await createApiKey(sql, { tenantId, name, scopes: options.scope, test: options.test, expiresAt });
        context().out(`${made.key}\nKey ${made.keyId}: keep it now, it is not shown again.`);
      },
    );
  keys
    .command('list <tenantId>')
    .description('names, scopes and dates; never the keys')
    .action(async (tenantId: string) => {
      for (const row of await listApiKeys((await existing(tenantId)).sql)) {
        const state = row.revoked_at ? 'revoked' : row.expires_at && row.expires_at < new Date() ? 'expired' : 'valid';
        const used = row.last_used_at ? `last used ${row.last_used_at.toISOString()}` : 'never used';
        context().out(`${row.key_id}  ${state}  ${row.name}  ${row.scopes.join(' ')}  ${used}`);
      }
    });
  keys
    .command('revoke <tenantId> <keyId>')
    .description('end a key now')
    .action(async (tenantId: string, keyId: string) => {
      const revoked = await revokeApiKey((await existing(tenantId)).sql, keyId);
      if (!revoked) throw new Error(`Tenant "${tenantId}" has no key ${keyId}.`);
      context().out(`Key ${keyId} is revoked.`);
    });
  return keys;
}
