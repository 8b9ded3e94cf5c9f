import type { Knex } from 'knex';
import * as tenants from './0001_tenants.js';
import * as operations from './0002_operations.js';
import * as passTypes from './0003_pass_types.js';
import * as passes from './0004_passes.js';
import * as devices from './0005_devices.js';
import * as links from './0006_links.js';
import * as merchantWebhooks from './0007_merchant_webhooks.js';
import * as deviceLookups from './0008_device_lookups.js';
import * as streamOrder from './0009_stream_order_and_cancellations.js';
import * as klaviyoConnections from './0010_klaviyo_connections.js';
import * as retention from './0011_retention.js';
import * as fairDispatch from './0012_fair_dispatch.js';
import * as consentsHandedOver from './0013_consents_handed_over.js';
import * as unfinishedByAge from './0014_unfinished_by_age.js';
import * as klaviyoAccounts from './0016_klaviyo_accounts.js';
import * as dispatchedBy from './0017_dispatched_by.js';
import * as endpointDisabledAt from './0018_endpoint_disabled_at.js';
import * as forgottenOperations from './0019_forgotten_operations.js';
import * as customerMerges from './0020_customer_merges.js';
import * as cancellationsInOrder from './0024_cancellations_in_order.js';
import * as coveredOperations from './0025_covered_operations.js';
import * as fairDeliveries from './0026_fair_deliveries.js';
import * as notificationsChargedFirst from './0027_notifications_charged_first.js';
import * as schemaReadable from './0032_schema_readable.js';
import * as bursts from './0035_bursts.js';
import * as walletBadges from './0040_wallet_badges.js';
import * as messages from './0041_messages.js';
import * as offers from './0047_offers.js';
import * as campaigns from './0050_campaigns.js';
import * as campaignOfOperation from './0051_campaign_of_operation.js';
import * as gatheredWriteBack from './0058_gathered_write_back.js';
import * as eventPositionsByClock from './0059_event_positions_by_clock.js';
import * as countsOfCampaigns from './0060_counts_of_campaigns.js';
import * as offersBesideTheCard from './0061_offers_beside_the_card.js';
import * as traceContext from './0064_trace_context.js';
import * as klaviyoRecordChecks from './0065_klaviyo_record_checks.js';
import * as refusedDeliveries from './0066_refused_deliveries.js';
import * as messagesOfATenant from './0068_messages_of_a_tenant.js';
import * as dryRunOfACampaign from './0069_dry_run_of_a_campaign.js';
import * as burstsOfStateChanges from './0071_bursts_of_state_changes.js';
import * as whatGrows from './0078_indexes_of_what_grows.js';
import * as walletsOfAGathering from './0079_wallets_of_a_gathering.js';
import * as operationsThatGoAlone from './0080_operations_that_go_alone.js';
import * as burstsOfMessages from './0081_bursts_of_messages.js';
import * as burstsOfOffers from './0082_bursts_of_offers.js';
import * as endsOfMessagesAskedFor from './0083_ends_of_messages_asked_for.js';
import * as backfillJobs from './0084_backfill_jobs.js';
import * as payloadKeys from './0089_payload_keys.js';
import * as referencesAreFound from './0090_references_are_found.js';

const MIGRATIONS: [name: string, migration: Knex.Migration][] = [
  ['0001_tenants', tenants],
  ['0002_operations', operations],
  ['0003_pass_types', passTypes],
  ['0004_passes', passes],
  ['0005_devices', devices],
  ['0006_links', links],
  ['0007_merchant_webhooks', merchantWebhooks],
  ['0008_device_lookups', deviceLookups],
  ['0009_stream_order_and_cancellations', streamOrder],
  ['0010_klaviyo_connections', klaviyoConnections],
  ['0011_retention', retention],
  ['0012_fair_dispatch', fairDispatch],
  ['0013_consents_handed_over', consentsHandedOver],
  ['0014_unfinished_by_age', unfinishedByAge],
  ['0016_klaviyo_accounts', klaviyoAccounts],
  ['0017_dispatched_by', dispatchedBy],
  ['0018_endpoint_disabled_at', endpointDisabledAt],
  ['0019_forgotten_operations', forgottenOperations],
  ['0020_customer_merges', customerMerges],
  ['0024_cancellations_in_order', cancellationsInOrder],
  ['0025_covered_operations', coveredOperations],
  ['0026_fair_deliveries', fairDeliveries],
  ['0027_notifications_charged_first', notificationsChargedFirst],
  ['0032_schema_readable', schemaReadable],
  ['0035_bursts', bursts],
  ['0040_wallet_badges', walletBadges],
  ['0041_messages', messages],
  ['0047_offers', offers],
  ['0050_campaigns', campaigns],
  ['0051_campaign_of_operation', campaignOfOperation],
  ['0058_gathered_write_back', gatheredWriteBack],
  ['0059_event_positions_by_clock', eventPositionsByClock],
  ['0060_counts_of_campaigns', countsOfCampaigns],
  ['0061_offers_beside_the_card', offersBesideTheCard],
  ['0064_trace_context', traceContext],
  ['0065_klaviyo_record_checks', klaviyoRecordChecks],
  ['0066_refused_deliveries', refusedDeliveries],
  ['0068_messages_of_a_tenant', messagesOfATenant],
  ['0069_dry_run_of_a_campaign', dryRunOfACampaign],
  ['0071_bursts_of_state_changes', burstsOfStateChanges],
  ['0078_indexes_of_what_grows', whatGrows],
  ['0079_wallets_of_a_gathering', walletsOfAGathering],
  ['0080_operations_that_go_alone', operationsThatGoAlone],
  ['0081_bursts_of_messages', burstsOfMessages],
  ['0082_bursts_of_offers', burstsOfOffers],
  ['0083_ends_of_messages_asked_for', endsOfMessagesAskedFor],
  ['0084_backfill_jobs', backfillJobs],
  ['0089_payload_keys', payloadKeys],
  ['0090_references_are_found', referencesAreFound],
];

/** In the order in which they run. */
export const MIGRATION_NAMES: readonly string[] = MIGRATIONS.map(([name]) => name);

/** Migrations as a list in code, so that a build or a bundle finds them without reading a folder. */
export const migrationSource: Knex.MigrationSource<string> = {
  getMigrations: async () => MIGRATIONS.map(([name]) => name),
  getMigrationName: (name) => name,
  getMigration: async (name) => MIGRATIONS.find(([known]) => known === name)![1],
};
