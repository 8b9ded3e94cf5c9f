import type { Knex } from 'knex';

/** The job of profiles that a tenant's backfill has given to Klaviyo, until everything that it left open is settled. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table backfill_jobs (
      tenant_id text primary key references tenants on delete cascade,
      operation_id uuid not null,
      -- When it was about to be sent; tells one job from the next.
      sent_at timestamptz not null,
      -- Klaviyo's id; null until Klaviyo has answered, which a worker may not live to hear.
      job_id text check (length(job_id) <= 100),
      -- The last pass that it covers, and how many it covers: some have no profile to be written to.
      up_to uuid not null,
      passes integer not null,
      -- What is in it: passes, the place of each one's profile, and a digest of what was written of it. From its end on, the
      -- passes of which nothing is to be written again.
      pass_ids uuid[] not null,
      places integer[] not null default '{}',
      digests text[] not null default '{}',
      -- When Klaviyo was seen to work on it no longer.
      ended_at timestamptz,
      -- Passes that changed while Klaviyo worked: they are written again.
      overtaken uuid[] not null default '{}',
      -- Passes whose profile is written alone, because the job did not take it.
      alone uuid[] not null default '{}',
      -- The ids of new profiles were looked up as far as this pass.
      named_up_to uuid
    );
    select protect('backfill_jobs');
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
