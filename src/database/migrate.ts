import knexFactory, { type Knex } from 'knex';
import { MIGRATION_NAMES, migrationSource } from '../../migrations/index.js';

const INSUFFICIENT_PRIVILEGE = '42501';

// Knex prints each failure by itself, whole scripts of SQL included; ours is thrown.
const silent = (): void => undefined;
const SILENT = { warn: silent, error: silent, deprecate: silent, debug: silent };

const OF_OURS = /^\d{4}_/;

class SchemaOfAnotherVersion extends Error {}

// Knex puts the whole script before PostgreSQL's own words.
const explain = (error: Error): Error =>
  new Error(`The schema could not be brought up to date: ${error.message.split(' - ').at(-1)!}`, { cause: error });

/**
 * What a newer version has added to a schema that is otherwise complete: the old code runs on it, as after a rollback.
 * Any other name that this version does not know means another history; knex would call its own folder corrupt.
 */
async function findNewer(knex: Knex): Promise<string[]> {
  if (!(await knex.schema.hasTable('knex_migrations'))) return [];
  const applied = await knex<{ name: string }>('knex_migrations').orderBy('id').pluck<string[]>('name');
  const unknown = applied.filter((name) => !MIGRATION_NAMES.includes(name));
  const last = MIGRATION_NAMES.at(-1)!;
  const complete = MIGRATION_NAMES.every((name) => applied.includes(name));
  if (complete && unknown.every((name) => OF_OURS.test(name) && name > last)) return unknown;
  if (unknown.length === 0) return [];
  throw new SchemaOfAnotherVersion(
    `The database has a schema of another version: it knows ${unknown.join(', ')}, this version does not. ` +
      'Start the version that wrote it, or use another database.',
  );
}

/** What a database owner must do for us, where row level security's role is missing or not ours to take; else null. */
async function roleCure(knex: Knex): Promise<string | null> {
  const { rows } = await knex.raw<{ rows: { me: string; found: boolean; ours: boolean }[] }>(`
    select quote_ident(current_user) as me,
           count(*) > 0 as found,
           coalesce(bool_or(pg_has_role(current_user, oid, 'member')), false) as ours
      from pg_roles
     where rolname = 'passrelay_app'`);
  const { me, found, ours } = rows[0]!;
  if (ours) return null;
  const make = found ? '' : 'create role passrelay_app nologin nobypassrls; ';
  return `Row level security needs the role passrelay_app. As a superuser of this server: ${make}grant passrelay_app to ${me};`;
}

/**
 * Brings the schema up to date, as the owner of the database; safe to run from several processes at once. What a newer version
 * added stays and is named.
 */
export async function migrate(url: string): Promise<{ applied: string[]; newer: string[] }> {
  const knex = knexFactory({ client: 'pg', connection: url, pool: { min: 0, max: 2 }, log: SILENT });
  try {
    // One session lock around knex's own: two first starts would race to create its bookkeeping tables.
    return await knex.transaction(async (lock) => {
      await lock.raw('select pg_advisory_xact_lock(7272001)');
      const newer = await findNewer(knex);
      if (newer.length > 0) return { applied: [], newer };
      const [, names] = (await knex.migrate.latest({ migrationSource })) as [number, string[]];
      return { applied: names, newer };
    });
  } catch (error) {
    if (error instanceof SchemaOfAnotherVersion) throw error;
    const cure = (error as { code?: string }).code === INSUFFICIENT_PRIVILEGE ? await roleCure(knex) : null;
    throw cure === null ? explain(error as Error) : new Error(cure, { cause: error });
  } finally {
    await knex.destroy();
  }
}
