import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import { findBackfill, pauseBackfill, startBackfill, type BackfillRow } from '../database/bulk/backfills.js';
import { tryKeyAgain } from '../database/klaviyo/klaviyo-connections.js';
import { findPassType, listPassTypes } from '../database/tenants/pass-types.js';
import { getSecret, putSecret, SECRET_NAMES } from '../database/secrets.js';
import { getTenant, setKlaviyoDataSource } from '../database/tenants/tenants.js';
import { checkAccount } from '../klaviyo/check-account.js';
import { createKlaviyoClient } from '../klaviyo/client.js';
import { setUpCustomObject } from '../klaviyo/set-up.js';
import { FLOW_ACTIONS, ownIdentifiers } from '../klaviyo/flow-snippets.js';
import { PermanentError } from '../common/errors.js';
import { didYouMean } from '../common/nearest-name.js';
import type { CliContext } from './context.js';
import { patientClient } from './patient-client.js';

const FOLLOW_MS = 1_000;
const WRITE_BACK_OFF =
  'Nothing is written back yet: set "writeBack": true under settings.klaviyo of tenant.json, and apply the folder.';

const describe = ({ status, detail, last_error: error }: BackfillRow): string => {
  const { done = 0, total, records = 0, failed = 0, paused } = detail;
  const share = total ? ` (${Math.floor((done / total) * 100)} %)` : '';
  const trouble = status === 'retrying' && error ? `; waiting: ${error.message}` : '';
  const word = paused === true && status !== 'succeeded' ? 'paused' : status;
  return `${word}: ${done} of ${total ?? '?'} passes${share}, ${records} records, ${failed} refused${trouble}`;
};

const ACTIONS = Object.keys(FLOW_ACTIONS);

/** `passrelay klaviyo set-key|setup|check|snippet|backfill` */
export function klaviyoCommands(context: () => CliContext): Command {
  const klaviyo = new Command('klaviyo').description('The Klaviyo account of a tenant');
  const existing = async (tenantId: string) => {
    const sql = context().database().tenant(tenantId);
    const tenant = await getTenant(sql);
    if (!tenant) throw new Error(`There is no tenant "${tenantId}".`);
    return { sql, tenant };
  };
  const connect = async (tenantId: string) => {
    const { sql, tenant } = await existing(tenantId);
    const key = await getSecret(sql, SECRET_NAMES.klaviyoApiKey, context().secretBox());
    if (!key) throw new Error(`Tenant "${tenantId}" has no Klaviyo key: "passrelay klaviyo set-key" keeps one.`);
    const apiKey = key.toString('utf8').trim();
    const client = patientClient(createKlaviyoClient({ apiUrl: context().klaviyoApiUrl(), apiKey }));
    return { sql, tenant, client };
  };

  klaviyo
    .command('set-key <tenantId>')
    .description('store a new private key; write-back that waits for one continues by itself')
    .option('--env <name>', 'variable with the key', 'KLAVIYO_API_KEY')
    .action(async (tenantId: string, { env }: { env: string }) => {
      const { sql } = await existing(tenantId);
      const { out, secretBox, klaviyoApiUrl, env: variables } = context();
      const apiKey = variables[env]?.trim() ?? '';
      if (apiKey === '') throw new Error(`Set ${env} to the private key.`);
      const checked = await patientClient(createKlaviyoClient({ apiUrl: klaviyoApiUrl(), apiKey }))
        .getAccounts()
        .then(() => true)
        .catch((error: unknown) => {
          // Klaviyo may be away, or the key may lack this one scope: neither says that the key is wrong.
          const wrong = error instanceof PermanentError && error.details['status'] === 401;
          if (wrong) throw new Error('Klaviyo does not know this key: nothing was changed.');
          return error instanceof PermanentError;
        });
      const another = await putSecret(sql, SECRET_NAMES.klaviyoApiKey, apiKey, secretBox());
      // The same key again: its scopes were changed at Klaviyo, and the refusal must not rest for its quarter of an hour.
      if (!another) await tryKeyAgain(sql);
      if (!checked) out('Klaviyo could not be asked, so the key is unchecked: "passrelay klaviyo check" tries it.');
      out('The key is stored; what waits for one goes on within ten minutes.');
      out('Where tenant.json says where the key lies, put it there too: the next apply takes that one.');
    });

  klaviyo
    .command('setup <tenantId>')
    .description(
      'make data source, object type, schema, mapping and relationship for passes, where the account allows it',
    )
    .action(async (tenantId: string) => {
      const { sql, client, tenant } = await connect(tenantId);
      const { dataSourceId, done, byHand } = await setUpCustomObject(client);
      const { out } = context();
      done.forEach((line) => out(`- ${line}`));
      if (byHand.length > 0) {
        out('To do by hand:');
        byHand.forEach((line, index) => out(`${index + 1}. ${line}`));
      }
      if (dataSourceId === null) return;
      await setKlaviyoDataSource(sql, dataSourceId);
      const { dataSourceId: before, writeBack } = tenant.settings.klaviyo;
      out('The tenant writes to it from now on; applying its folder keeps that.');
      if (before !== null && before !== dataSourceId)
        out(`It wrote to ${before} before: where tenant.json names that dataSourceId, take the line out.`);
      if (!writeBack) out(WRITE_BACK_OFF);
    });

  klaviyo
    .command('check <tenantId>')
    .description('try the key, its scopes and a round trip with a test profile')
    .option('--email <address>', 'the test profile that is written and stays', 'passrelay-check@example.com')
    .action(async (tenantId: string, { email }: { email: string }) => {
      const { client, tenant } = await connect(tenantId);
      const { account, checks } = await checkAccount(client, email, tenant.settings.klaviyo.dataSourceId);
      const { out } = context();
      out(`Account ${account ?? 'unknown'}`);
      for (const { ok, what, scope, detail } of checks)
        out(`${ok ? 'ok    ' : 'FAILED'} ${what} (${scope})${detail ? `: ${detail}` : ''}`);
      if (!tenant.settings.klaviyo.writeBack) out(WRITE_BACK_OFF);
      if (tenant.settings.klaviyo.dataSourceId === null) out('No custom object is set up: "passrelay klaviyo setup".');
      if (tenant.settings.consentTexts.some(({ handToKlaviyo }) => handToKlaviyo))
        out('Not tried, since it would subscribe somebody: consents need lists:write and subscriptions:write too.');
      out('Not tried, since it would leave a job: bulk imports need lists:read and lists:write too.');
      const failed = checks.filter(({ ok }) => !ok).length;
      if (failed > 0)
        throw new Error(
          `${failed} of ${checks.length} checks failed: do as they say, or make a key with these scopes.`,
        );
    });

  klaviyo
    .command('snippet <tenantId> <passType>')
    .description('the webhook of a flow that issues this pass, ready to paste into Klaviyo')
    .option('--action <action>', `what the flow does: ${ACTIONS.join(', ')}`, 'issue')
    .option('--update', 'the same as --action update')
    .action(async (tenantId: string, passType: string, options: { action: string; update?: boolean }) => {
      const action = options.update ? 'update' : options.action;
      if (!ACTIONS.includes(action)) throw new Error(`There is no action "${action}". ${didYouMean(action, ACTIONS)}`);
      const { sql, tenant } = await existing(tenantId);
      const type = await findPassType(sql, passType);
      if (!type) {
        const names = (await listPassTypes(sql)).map(({ design }) => design.name);
        throw new Error(`There is no pass type "${passType}". ${didYouMean(passType, names)}`);
      }
      const { settings, accountId } = tenant;
      const place = { publicUrl: context().publicUrl(), tenantId, accountId, own: ownIdentifiers(settings) };
      const { make } = FLOW_ACTIONS[action as keyof typeof FLOW_ACTIONS];
      const { url, headers, body, notes } = make(type.design, place);
      const { out } = context();
      out(`URL\n${url}\n\nHeaders`);
      for (const [name, value] of Object.entries(headers)) out(`${name}: ${value}`);
      out(`\nBody\n${body}\n\nNotes`);
      notes.forEach((note) => out(`- ${note}`));
    });

  klaviyo
    .command('backfill <tenantId>')
    .description('write all existing passes to Klaviyo, without starting flows; shows the progress until it ends')
    .option('--pause', 'pause the one under way')
    .option('--resume', 'go on with a paused one')
    .option('--no-follow', 'start it and return')
    .action(async (tenantId: string, options: { pause?: boolean; resume?: boolean; follow: boolean }) => {
      const { sql } = await existing(tenantId);
      const { out } = context();
      if (options.pause || options.resume) {
        const changed = await pauseBackfill(sql, options.pause === true);
        if (!changed) throw new Error('No backfill is under way.');
        if (options.pause) return out('The backfill pauses; "--resume" goes on.');
      } else {
        out(`Backfill ${await startBackfill(sql)}`);
      }
      let last = '';
      while (options.follow) {
        const row = await findBackfill(sql);
        if (!row) return;
        const line = describe(row);
        if (line !== last) out(line);
        last = line;
        if (row.status === 'failed') throw new Error(row.reason ?? 'The backfill failed.');
        if (row.status === 'succeeded' || row.status === 'cancelled' || row.detail.paused === true) return;
        await pause(FOLLOW_MS);
      }
    });
  return klaviyo;
}
