import { newId, type SimulatedAccount, type SimulatedObjectType } from './account.js';
import { KlaviyoFault, notFound, type Json, type SimulatedAnswer } from './errors.js';

const PAGE = 50;
const KEPT_MS = 14 * 86_400_000;
const MOST_KEPT = 10_000;

/** What is wrong with a value, in the words of Klaviyo's validator; null where it fits. */
function faultOf(type: string, value: unknown): { code: string; message: string } | null {
  // Every property may be absent.
  if (value === null || value === undefined) return null;
  if (type === 'string' && typeof value !== 'string') {
    return { code: 'string_type', message: 'Input should be a valid string' };
  }
  if (type === 'float' && typeof value !== 'number') {
    return { code: 'float_type', message: 'Input should be a valid number' };
  }
  if (type === 'int' && !Number.isInteger(value)) {
    return { code: 'int_type', message: 'Input should be a valid integer' };
  }
  if (type === 'boolean' && typeof value !== 'boolean') {
    return { code: 'bool_type', message: 'Input should be a valid boolean' };
  }
  if (type === 'timestamp' && (typeof value !== 'string' || Number.isNaN(Date.parse(value)))) {
    return { code: 'datetime_parsing', message: 'Input should be a valid datetime' };
  }
  return null;
}

/** `$['name']` is the one form of path that the documentation shows. */
export function at(path: string, record: Json): unknown {
  const name = /^\$\['(.+)'\]$/.exec(path)?.[1];
  return name === undefined ? undefined : record[name];
}

function errorsOf(type: SimulatedObjectType, record: Json): Json[] {
  return type.propertyMappings.flatMap(({ id, source }) => {
    const property = type.properties.find((one) => one.id === id);
    const value = at(source.data_path, record);
    const fault = property && faultOf(property.type, value);
    return fault ? [{ ...fault, property: property.name, invalid_value: JSON.stringify(value) }] : [];
  });
}

/** Judges a record that was taken, for each published object that is fed from its source. True where one refuses it. */
export function judgeRecord(account: SimulatedAccount, dataSourceId: string, record: Json, nowMs: number): boolean {
  let isRefused = false;
  for (const type of account.objectTypes.values()) {
    const first = type.propertyMappings[0]?.source;
    if (type.status !== 'active' || first?.source_id !== dataSourceId) continue;
    const errors = errorsOf(type, record);
    if (errors.length === 0) continue;
    isRefused = true;
    const recordId = String(at(first.id_path, record));
    account.ingestionLogs.push({
      objectTypeId: type.id,
      recordId,
      atMs: nowMs,
      resource: {
        type: 'object-ingestion-log',
        id: newId(),
        attributes: {
          status: 'error',
          event_type: 'validation_error',
          timestamp: new Date(nowMs).toISOString().replace('Z', '+00:00'),
          summary: `${errors.length} validation error${errors.length === 1 ? '' : 's'} for ${recordId}`,
          errors,
        },
      },
    });
    if (account.ingestionLogs.length > MOST_KEPT) account.ingestionLogs.shift();
  }
  return isRefused;
}

const refuse = (detail: string): never => {
  throw new KlaviyoFault(400, 'invalid', 'Invalid input.', detail, { parameter: 'filter' });
};

interface Range {
  fromMs: number;
  untilMs: number;
  recordId: string | null;
  statuses: readonly string[] | null;
}

/** `a(x,1),b(y,2)`: the conditions that the description lists, and no others. */
function readFilter(filter: string, nowMs: number): Range {
  const range: Range = { fromMs: nowMs - KEPT_MS, untilMs: Infinity, recordId: null, statuses: null };
  const conditions = [...filter.matchAll(/([a-z-]{1,30})\(([a-z_]{1,30}),([^()]{1,200})\)(?:,|$)/g)];
  if (conditions.map(([text]) => text).join('') !== filter) refuse('The filter cannot be read.');
  for (const [, operator, field, given] of conditions) {
    const unquoted = given!.replace(/^['"]|['"]$/g, '');
    if (field === 'timestamp' && (operator === 'greater-or-equal' || operator === 'less-than')) {
      const ms = Date.parse(given!);
      if (Number.isNaN(ms)) refuse('The timestamp cannot be read.');
      if (operator === 'less-than') range.untilMs = ms;
      else range.fromMs = Math.max(range.fromMs, ms);
    } else if (field === 'record_id' && operator === 'equals') range.recordId = unquoted;
    else if ((field === 'status' || field === 'event_type') && (operator === 'equals' || operator === 'any')) {
      const values = [...given!.matchAll(/['"]([^'"]*)['"]/g)].map(([, value]) => value!);
      const known = field === 'status' ? ['error', 'warning', 'info'] : ['validation_error'];
      if (values.length === 0 || values.some((value) => !known.includes(value))) refuse(`No such ${field}.`);
      if (field === 'status') range.statuses = values;
    } else refuse(`The filter ${operator} of ${field} is not allowed.`);
  }
  return range;
}

/** `GET /api/object-types/{id}/object-ingestion-logs`: failures alone, newest first, 50 a page. */
export function listIngestionLogs(
  account: SimulatedAccount,
  typeId: string,
  query: URLSearchParams,
  nowMs: number,
  origin: string,
): SimulatedAnswer {
  if (!account.objectTypes.has(typeId)) throw notFound('An object type with that id does not exist.');
  const known = ['filter', 'include', 'page[cursor]', 'fields[object-ingestion-log]', 'fields[object-record]'];
  for (const name of query.keys()) if (!known.includes(name)) refuse(`'${name}' is not a valid parameter.`);
  const range = readFilter(query.get('filter') ?? '', nowMs);
  const includes = (query.get('include') ?? '').split(',').includes('object-record');
  const found = account.ingestionLogs
    .filter(({ objectTypeId, atMs }) => objectTypeId === typeId && atMs >= range.fromMs && atMs < range.untilMs)
    .filter(({ recordId }) => range.recordId === null || recordId === range.recordId)
    .filter(() => range.statuses?.includes('error') ?? true)
    .sort((a, b) => b.atMs - a.atMs);
  const offset = Number(query.get('page[cursor]') ?? 0);
  const data = found.slice(offset, offset + PAGE).map(({ recordId, resource }) => ({
    ...resource,
    relationships: {
      'object-type': { data: { type: 'object-type', id: typeId } },
      'object-record': includes ? { data: { type: 'object-record', id: `${typeId}:::${recordId}` } } : { links: {} },
    },
  }));
  const self = `${origin}/api/object-types/${typeId}/object-ingestion-logs`;
  const next = offset + PAGE < found.length ? { next: `${self}?page%5Bcursor%5D=${offset + PAGE}` } : {};
  return { status: 200, body: { data, links: { self, ...next } } };
}
