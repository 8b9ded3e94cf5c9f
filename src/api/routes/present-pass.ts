import { z } from 'zod';
import type { PassViewRow } from '../../database/passes/pass-view.js';
import { PASS_STATES } from '../../passes/pass.js';

const time = z.iso.datetime();

export const passView = z.object({
  id: z.uuid(),
  serialNumber: z.string(),
  externalId: z.string().nullable(),
  customer: z.object({ id: z.uuid(), customerId: z.string().nullable() }),
  passTemplate: z.string().describe('Id of the pass type'),
  passType: z.string().describe('Name of the pass type'),
  passTypeVersion: z.int(),
  passTypeIdentifier: z.string().nullable().describe("Apple's pass type identifier"),
  state: z.enum(PASS_STATES),
  data: z.record(z.string(), z.unknown()),
  visuals: z.record(z.string(), z.string()),
  revision: z.int(),
  test: z.boolean(),
  wallets: z.object({
    apple: z.object({ devices: z.int() }),
    google: z.object({ saved: z.boolean() }),
  }),
  createdAt: time,
  modifiedAt: time,
  firstInstalledAt: time.nullable(),
  installedAt: time.nullable(),
  uninstalledAt: time.nullable(),
  urls: z.object({ landing: z.url() }),
});

/** A pass as readers of the API see it. */
export function presentPass(place: { publicUrl: string }, row: PassViewRow): z.output<typeof passView> {
  return {
    id: row.pass_id,
    serialNumber: row.serial_number,
    externalId: row.external_id,
    customer: { id: row.customer_id, customerId: row.external_customer_id },
    passTemplate: row.pass_type_id,
    passType: row.pass_type_name,
    passTypeVersion: row.pass_type_version,
    passTypeIdentifier: row.apple_pass_type_identifier,
    state: row.state,
    data: row.data as z.output<typeof passView>['data'],
    visuals: row.visuals,
    revision: row.revision,
    test: row.test,
    wallets: { apple: { devices: row.apple_devices }, google: { saved: row.google_saved } },
    createdAt: row.created_at.toISOString(),
    // It has whole seconds, for If-Modified-Since: a new pass would seem older than itself.
    modifiedAt: new Date(Math.max(row.modified_at.getTime(), row.created_at.getTime())).toISOString(),
    firstInstalledAt: row.first_installed_at?.toISOString() ?? null,
    installedAt: row.installed_at?.toISOString() ?? null,
    uninstalledAt: row.uninstalled_at?.toISOString() ?? null,
    urls: { landing: `${place.publicUrl}/p/${encodeURIComponent(row.serial_number)}` },
  };
}
