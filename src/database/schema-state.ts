import { MIGRATION_NAMES } from '../../migrations/index.js';
import type { SystemSql } from './connect.js';
import { sql } from './sql.js';

export interface SchemaState {
  /** `ahead` while a newer version is rolled out: migrations only add, so this one works on. */
  state: 'current' | 'ahead' | 'behind' | 'absent' | 'forbidden';
  /** What to do about it; null where nothing is to be done. */
  cure: string | null;
}

const MIGRATE = 'run "npm run migrate" (in the image: "node dist/src/migrate.js")';
/** PostgreSQL's codes when the role of the application does not exist, and when ours may not act as it. */
const NO_SUCH_ROLE = '22023';
const NOT_PERMITTED = '42501';

/** Whether the schema fits this version. Throws where the database cannot be asked. */
export async function findSchemaState(system: SystemSql): Promise<SchemaState> {
  try {
    const [table] = await system.query<{ readable: boolean | null }>(
      sql`select has_table_privilege(to_regclass('knex_migrations'), 'select') as readable`,
    );
    if (table!.readable === null) return absent();
    // A schema from before the migration that lets us read the list.
    if (!table!.readable) return behind([]);
    const rows = await system.query<{ name: string }>(sql`select name from knex_migrations`);
    const applied = new Set(rows.map(({ name }) => name));
    const missing = MIGRATION_NAMES.filter((name) => !applied.has(name));
    if (missing.length > 0) return behind(missing);
    return { state: applied.size > MIGRATION_NAMES.length ? 'ahead' : 'current', cure: null };
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === NO_SUCH_ROLE) return absent();
    if (code !== NOT_PERMITTED) throw error;
    return {
      state: 'forbidden',
      cure: 'The role of DATABASE_URL may not act as passrelay_app: a superuser runs "grant passrelay_app to <that role>"',
    };
  }
}

const absent = (): SchemaState => ({ state: 'absent', cure: `The database has no schema yet: ${MIGRATE}` });

const behind = (missing: readonly string[]): SchemaState => ({
  state: 'behind',
  cure: `The schema is behind this version${missing.length > 0 ? ` (${missing.join(', ')})` : ''}: ${MIGRATE}`,
});
