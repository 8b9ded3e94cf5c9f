import { sql, type Statement } from '../sql.js';

/**
 * What a campaign finds of a customer `c` under `{property:…}`: the properties that a profile sync has stored, and Klaviyo's
 * standard attributes that have columns of their own. A stored property of the same name wins.
 */
export const PROFILE: Statement = sql`(
  jsonb_strip_nulls(jsonb_build_object('first_name', c.first_name, 'last_name', c.last_name, 'locale', c.language))
  || c.properties)`;
