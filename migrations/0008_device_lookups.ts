import type { Knex } from 'knex';

/** Devices name no tenant: their id alone must lead to their registrations. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create index apple_devices_by_library_identifier on apple_devices (device_library_identifier);
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
