import knexFactory from 'knex';
import { migrationSource } from '../../migrations/index.js';

// Knex prints each failure by itself, whole scripts of SQL included; ours is thrown.
const silent = (): void => undefined;
const SILENT = { warn: silent, error: silent, deprecate: silent, debug: silent };

function explain(error: Error): Error {
  const { message } = error;
  if (message.includes('migration directory is corrupt')) {
    const unknown = message.split(':').at(-1)!.trim();
    return new Error(
      `The database has a schema of another version: it knows ${unknown}, this version does not. ` +
        'Start the version that wrote it, or use another database.',
      { cause: error },
    );
  }
  // Knex puts the whole script before PostgreSQL's own words.
  const words = message.split(' - ').at(-1)!;
  return new Error(`The schema could not be brought up to date: ${words}`, { cause: error });
}

/** Brings the schema up to date, as the owner of the database; safe to run from several processes at once. */
export async function migrate(url: string): Promise<{ applied: string[] }> {
  const knex = knexFactory({ client: 'pg', connection: url, pool: { min: 0, max: 2 }, log: SILENT });
  try {
    // One session lock around knex's own: two first starts would race to create its bookkeeping tables.
    const applied = await knex.transaction(async (lock) => {
      await lock.raw('select pg_advisory_xact_lock(7272001)');
      const [, names] = (await knex.migrate.latest({ migrationSource })) as [number, string[]];
      return names;
    });
    return { applied };
  } catch (error) {
    throw explain(error as Error);
  } finally {
    await knex.destroy();
  }
}
