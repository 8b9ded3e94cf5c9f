import type { Knex } from 'knex';

/** Pass types, their immutable versions, their images by digest, and the certificates that sign them. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table pass_types (
      tenant_id text not null references tenants on delete cascade,
      pass_type_id text not null,
      name text not null,
      current_version integer not null default 0,
      created_at timestamptz not null default now(),
      primary key (tenant_id, pass_type_id),
      unique (tenant_id, name)
    );
    select protect('pass_types');

    create table pass_type_versions (
      tenant_id text not null,
      pass_type_id text not null,
      version integer not null,
      design jsonb not null,
      images jsonb not null default '{}',
      digest text not null,
      created_at timestamptz not null default now(),
      primary key (tenant_id, pass_type_id, version),
      foreign key (tenant_id, pass_type_id) references pass_types on delete cascade
    );
    select protect('pass_type_versions');

    create table images (
      tenant_id text not null references tenants on delete cascade,
      sha256 text not null,
      bytes bytea not null,
      primary key (tenant_id, sha256)
    );
    select protect('images');

    create table apple_certificates (
      tenant_id text not null references tenants on delete cascade,
      fingerprint text not null,
      pass_type_identifier text not null,
      team_identifier text not null,
      certificate_pem text not null,
      wwdr_pem text not null,
      private_key_secret text not null,
      not_before timestamptz not null,
      not_after timestamptz not null,
      active boolean not null default true,
      created_at timestamptz not null default now(),
      primary key (tenant_id, fingerprint)
    );
    create index apple_certificates_by_type on apple_certificates (tenant_id, pass_type_identifier) where active;
    select protect('apple_certificates');

    -- One row per wallet and type counts its changes: a device compares tags, so the order of tags must be the order of commits.
    create table update_tags (
      tenant_id text not null references tenants on delete cascade,
      apple_pass_type_identifier text not null,
      tag bigint not null default 0,
      primary key (tenant_id, apple_pass_type_identifier)
    );
    select protect('update_tags');
  `);
}

export async function down(): Promise<void> {
  throw new Error('Migrations go forward only: restore a backup to go back.');
}
