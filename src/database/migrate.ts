import knexFactory from 'knex';
import { migrationSource } from '../../migrations/index.js';

/** Brings the schema up to date, as the owner of the database; safe to run from several processes at once. */
export async function migrate(url: string): Promise<{ applied: string[] }> {
  const knex = knexFactory({ client: 'pg', connection: url, pool: { min: 0, max: 2 } });
  try {
    // One session lock around knex's own: two first starts would race to create its bookkeeping tables.
    const applied = await knex.transaction(async (lock) => {
      await lock.raw('select pg_advisory_xact_lock(7272001)');
      const [, names] = (await knex.migrate.latest({ migrationSource })) as [number, string[]];
      return names;
    });
    return { applied };
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('migration directory is corrupt'))) throw error;
    const missing = error.message.split(':').at(-1)!.trim();
    throw new Error(
      `The database has a schema of another version: it knows ${missing}, this version does not. ` +
        'Start the version that wrote it, or use another database.',
      { cause: error },
    );
  } finally {
    await knex.destroy();
  }
}
