import { setTimeout as pause } from 'node:timers/promises';
import { Command } from 'commander';
import { waitForAccountTurn } from '../activities/klaviyo-calls.js';
import { findCustomer } from '../database/customers/customers.js';
import { listLinkRecipients, mintLink, revokeLinks, type LinkRecipientRow } from '../database/customers/links.js';
import { getSecret, SECRET_NAMES } from '../database/secrets.js';
import { getTenant, type Tenant } from '../database/tenants/tenants.js';
import { createKlaviyoClient, type KlaviyoClient } from '../klaviyo/client.js';
import { keyHash } from '../klaviyo/key-hash.js';
import { linkTokenBody, type WrittenRecipient } from '../klaviyo/write-back.js';
import { PermanentError, TransientError } from '../common/errors.js';
import { hashLinkToken, readLinkToken } from '../passes/link-token.js';
import type { CliContext } from './context.js';

const PAGE = 200;
const TRIES = 8;
const BACK_OFF_MS = 2_000;
/** What is wrong with one profile must not block the others. */
const REFUSALS = ['klaviyo-invalid', 'klaviyo-not-found', 'klaviyo-duplicate-profile'];

/** `passrelay links backfill|revoke|print` */
export function linkCommands(context: () => CliContext): Command {
  const links = new Command('links').description('Personal links of customers');
  const existing = async (tenantId: string) => {
    const sql = context().database().tenant(tenantId);
    const tenant = await getTenant(sql);
    if (!tenant) throw new Error(`There is no tenant "${tenantId}".`);
    return { sql, tenant };
  };
  const mint = (tenant: Tenant, customerId: string, rotate = false): Promise<string> =>
    mintLink(context().database().tenant(tenant.tenantId), context().secretBox(), {
      tenantId: tenant.tenantId,
      customerId,
      purpose: 'mail',
      settings: tenant.settings.links,
      now: Date.now,
      rotate,
    });

  links
    .command('backfill <tenantId>')
    .description(
      'write the token of the personal link to the Klaviyo profile of every customer, with or without a pass',
    )
    .option('--rotate', 'give everybody a fresh token; the present ones work on for the grace time', false)
    .option('--after <customerId>', 'go on after this customer, as an interrupted run says')
    .action(async (tenantId: string, options: { rotate: boolean; after?: string }) => {
      const { sql, tenant } = await existing(tenantId);
      const key = await getSecret(sql, SECRET_NAMES.klaviyoApiKey, context().secretBox());
      if (!key) throw new Error(`Tenant "${tenantId}" has no Klaviyo key: name its file in tenant.json and apply it.`);
      const apiKey = key.toString('utf8').trim();
      const client = createKlaviyoClient({ apiUrl: context().klaviyoApiUrl(), apiKey });
      const account = { client, keyHash: keyHash(apiKey) };
      const turn = () => waitForAccountTurn(sql, account, 'profiles');
      const { out } = context();
      let after = options.after ?? null;
      let written = 0;
      let refused = 0;
      try {
        for (;;) {
          const page = await listLinkRecipients(sql, after, PAGE);
          if (page.length === 0) break;
          for (const row of page) {
            const token = await mint(tenant, row.customer_id, options.rotate);
            if (await writeToken(client, turn, token, row)) written++;
            else refused++;
            after = row.customer_id;
          }
          out(`${written} written, ${refused} refused`);
        }
      } catch (error) {
        if (after !== null) out(`Interrupted after ${written}: go on with --after ${after}`);
        throw error;
      }
      out(`Done: ${written} profiles carry neostore.authenticationToken, ${refused} were refused by Klaviyo.`);
    });

  links
    .command('revoke <tenantId>')
    .description('end links now: of one customer, one token, or all')
    .option('--customer <id>', "one customer's: our id or the merchant's")
    .option('--token <token>', 'one token, as it is in the link')
    .option('--all', 'every link of the tenant', false)
    .action(async (tenantId: string, options: { customer?: string; token?: string; all: boolean }) => {
      const { sql } = await existing(tenantId);
      const given = [options.customer, options.token, options.all || undefined].filter((part) => part !== undefined);
      if (given.length !== 1) throw new Error('Say what to revoke: --customer <id>, --token <token> or --all.');
      const which: { customerId?: string; tokenHash?: Buffer } = {};
      if (options.customer !== undefined) {
        const customer = await findCustomer(sql, options.customer);
        if (!customer) throw new Error('The tenant has no such customer.');
        which.customerId = customer.customer_id;
      } else if (options.token !== undefined) {
        const read = readLinkToken(options.token);
        if (read.kind !== 'token')
          throw new Error('This is not a token: give what follows neo.authToken= in the link.');
        which.tokenHash = hashLinkToken(read.token);
      }
      const count = await revokeLinks(sql, which);
      context().out(
        `${count} ${count === 1 ? 'link' : 'links'} revoked. The next write-back or backfill writes fresh ones.`,
      );
    });

  links
    .command('print <tenantId> <customer>')
    .description("one customer's links, to open by hand: our id or the merchant's")
    .action(async (tenantId: string, id: string) => {
      const { sql, tenant } = await existing(tenantId);
      const customer = await findCustomer(sql, id);
      if (!customer) throw new Error('The tenant has no such customer.');
      const token = await mint(tenant, customer.customer_id);
      const base = `${context().publicUrl()}/${tenantId}/mail`;
      context().out(`${base}?neo.authToken=${token}\n${base}/confirm?neo.authToken=${token}`);
    });
  return links;
}

/** Writes one token; false where Klaviyo does not take this profile. Waits out throttling and short outages. */
async function writeToken(
  client: KlaviyoClient,
  turn: () => Promise<void>,
  token: string,
  row: LinkRecipientRow,
): Promise<boolean> {
  const recipient: WrittenRecipient = {
    profileId: row.klaviyo_profile_id,
    email: row.email,
    phone: row.phone,
    externalId: null,
  };
  for (let attempt = 1; ; attempt++) {
    try {
      await turn();
      await client.importProfile(linkTokenBody(token, recipient));
      return true;
    } catch (error) {
      const { code } = error as { code?: string };
      const byAddress = recipient.email !== null || recipient.phone !== null;
      if (code === 'klaviyo-not-found' && recipient.profileId !== null && byAddress) {
        // Deleted or merged away in Klaviyo: its address finds it again.
        recipient.profileId = null;
      } else if (error instanceof PermanentError && REFUSALS.includes(error.code)) return false;
      else if (error instanceof TransientError && attempt < TRIES)
        await pause(error.retryAfterMs ?? BACK_OFF_MS * attempt);
      else throw error;
    }
  }
}
