import { newId, type SimulatedAccount, type SimulatedObjectType } from './account.js';
import { at, judgeRecord } from './ingestion-logs.js';
import { invalid, KlaviyoFault, notFound, type Json, type SimulatedAnswer } from './errors.js';
import type { BodyOf } from './schemas.js';

const ok = (data: unknown, status = 200): SimulatedAnswer => ({ status, body: { data } });

export function createDataSource(account: SimulatedAccount, body: BodyOf<'dataSource'>): SimulatedAnswer {
  const { title, visibility, namespace } = body.data.attributes;
  const taken = [...account.dataSources.values()].some((one) => one['title'] === title);
  if (taken) throw invalid('The title must be unique within the namespace.', '/data/attributes/title');
  const id = newId();
  const attributes = {
    title,
    visibility: visibility ?? 'private',
    description: '',
    namespace: namespace ?? 'custom-objects',
  };
  account.dataSources.set(id, attributes);
  return ok({ type: 'data-source', id, attributes }, 201);
}

/** Twenty a page where nothing is said, and a cursor to the next ones, as Klaviyo's lists have it. */
export function listDataSources(account: SimulatedAccount, query: URLSearchParams, origin: string): SimulatedAnswer {
  const size = Number(query.get('page[size]') ?? 20);
  if (!Number.isInteger(size) || size < 1 || size > 100) {
    throw invalid('Page size must be between 1 and 100.', 'page[size]');
  }
  const offset = Number(query.get('page[cursor]') ?? 0);
  const all = [...account.dataSources].map(([id, attributes]) => ({ type: 'data-source', id, attributes }));
  const path = `${origin}/api/data-sources`;
  const next = `${path}?page%5Bcursor%5D=${offset + size}&page%5Bsize%5D=${size}`;
  const links = { self: path, next: offset + size < all.length ? next : null, prev: null };
  return { status: 200, body: { data: all.slice(offset, offset + size), links } };
}

/** Accepts records at once and checks them afterwards: the sender learns of refusals from the logs alone. */
function addRecords(
  account: SimulatedAccount,
  relationships: Json | undefined,
  records: Json[],
  nowMs: number,
): SimulatedAnswer {
  const source = relationships?.['data-source'] as { data: { id: string } } | undefined;
  if (!source) throw invalid('A data source is required.', '/data/relationships/data-source');
  const dataSourceId = source.data.id;
  if (!account.dataSources.has(dataSourceId)) throw notFound('A data source with that id does not exist.');
  for (const record of records) {
    const isRefused = judgeRecord(account, dataSourceId, record, nowMs);
    account.records.push({ dataSourceId, record, ...(isRefused && { refused: true as const }) });
  }
  return { status: 204 };
}

export const createRecord = (account: SimulatedAccount, body: BodyOf<'record'>, nowMs: number): SimulatedAnswer =>
  addRecords(
    account,
    body.data.relationships,
    [body.data.attributes['data-source-record'].data.attributes.record],
    nowMs,
  );

export function createRecords(account: SimulatedAccount, body: BodyOf<'recordBulk'>, nowMs: number): SimulatedAnswer {
  const records = body.data.attributes['data-source-records'].data.map(({ attributes }) => attributes.record);
  if (records.length > 500) throw invalid('At most 500 records in one job.', '/data/attributes/data-source-records');
  return addRecords(account, body.data.relationships, records, nowMs);
}

export function createObjectType(account: SimulatedAccount, body: BodyOf<'objectType'>): SimulatedAnswer {
  if (!account.customObjects) {
    throw new KlaviyoFault(403, 'forbidden', 'Forbidden.', 'Entitlement to create object type not found.');
  }
  const { title } = body.data.attributes;
  const schema = body.data.attributes['object-schema'].data.attributes;
  const at = '/data/attributes/object-schema/data/attributes';
  const ids = new Set(schema.properties.map(({ id }) => id));
  if (ids.size !== schema.properties.length) throw invalid('Property ids must differ.', `${at}/properties`);
  const mappings = schema['source-mapping']?.data.attributes.property_mappings ?? [];
  for (const { id, source } of mappings) {
    const where = `${at}/source-mapping/data/attributes/property_mappings`;
    if (!ids.has(id)) throw invalid(`No property has the id ${id}.`, where);
    if (!account.dataSources.has(source.source_id)) throw invalid('The data source does not exist.', where);
  }
  const type: SimulatedObjectType = {
    id: newId(),
    title,
    schemaId: newId(),
    mappingId: newId(),
    status: 'draft',
    properties: schema.properties,
    propertyMappings: mappings,
    relationshipMappings: [],
    relationships: [],
  };
  account.objectTypes.set(type.id, type);
  return ok(typeResource(type), 201);
}

const typeResource = (type: SimulatedObjectType) => ({
  type: 'object-type',
  id: type.id,
  attributes: { title: type.title },
  relationships: {
    'draft-schema': { data: type.status === 'draft' ? { type: 'object-schema', id: type.schemaId } : null },
    'current-schema': { data: type.status === 'active' ? { type: 'object-schema', id: type.schemaId } : null },
  },
});
const schemaResource = (type: SimulatedObjectType) => ({
  type: 'object-schema',
  id: type.schemaId,
  attributes: { status: type.status, properties: type.properties },
});
const mappingResource = (type: SimulatedObjectType) => ({
  type: 'source-mapping',
  id: type.mappingId,
  attributes: { property_mappings: type.propertyMappings, relationship_mappings: type.relationshipMappings },
});

function typeBy(account: SimulatedAccount, key: 'id' | 'schemaId' | 'mappingId', id: string): SimulatedObjectType {
  const type = [...account.objectTypes.values()].find((one) => one[key] === id);
  if (!type) throw notFound();
  return type;
}
function draftOnly(type: SimulatedObjectType): void {
  if (type.status !== 'draft') throw invalid('Only draft schemas can be edited.', '/data/attributes');
}

export const listObjectTypes = (account: SimulatedAccount) => ok([...account.objectTypes.values()].map(typeResource));

export function readSchema(account: SimulatedAccount, typeId: string, status: 'draft' | 'active'): SimulatedAnswer {
  const type = typeBy(account, 'id', typeId);
  if (type.status !== status) throw notFound();
  return ok(schemaResource(type));
}

export const readMapping = (account: SimulatedAccount, schemaId: string) =>
  ok(mappingResource(typeBy(account, 'schemaId', schemaId)));

export function relateToProfiles(
  account: SimulatedAccount,
  schemaId: string,
  body: BodyOf<'profileRelationship'>,
): SimulatedAnswer {
  const type = typeBy(account, 'schemaId', schemaId);
  draftOnly(type);
  type.relationships.push(...body.data.map(({ meta }) => ({ id: newId(), name: meta.name })));
  return { status: 204 };
}

export const listRelationships = (account: SimulatedAccount, schemaId: string) =>
  ok(typeBy(account, 'schemaId', schemaId).relationships.map(({ id }) => ({ type: 'profile-object-schema', id })));

export function patchSchema(
  account: SimulatedAccount,
  schemaId: string,
  body: BodyOf<'objectSchemaPatch'>,
): SimulatedAnswer {
  const type = typeBy(account, 'schemaId', schemaId);
  if (body.data.id !== schemaId) throw invalid('The id of the body is not that of the path.', '/data/id');
  draftOnly(type);
  if (body.data.attributes.status) type.status = body.data.attributes.status;
  return ok(schemaResource(type));
}

export function patchMapping(
  account: SimulatedAccount,
  mappingId: string,
  body: BodyOf<'sourceMappingPatch'>,
): SimulatedAnswer {
  const type = typeBy(account, 'mappingId', mappingId);
  if (body.data.id !== mappingId) throw invalid('The id of the body is not that of the path.', '/data/id');
  draftOnly(type);
  const { property_mappings: properties, relationship_mappings: relationships } = body.data.attributes;
  for (const { relationship_id: id } of relationships ?? []) {
    if (!type.relationships.some((one) => one.id === id)) {
      throw invalid('The relationship does not exist.', '/data/attributes/relationship_mappings');
    }
  }
  if (properties) type.propertyMappings = properties;
  if (relationships) type.relationshipMappings = relationships;
  return ok(mappingResource(type));
}

/** A record as its object type maps it; only active types process records, and the last complete record counts. */
export function readObjectRecord(account: SimulatedAccount, id: string): SimulatedAnswer {
  const [typeId, recordId] = id.split(':::');
  const type = account.objectTypes.get(typeId ?? '');
  const first = type?.propertyMappings[0]?.source;
  if (!type || !first || type.status !== 'active') throw notFound();
  const found = account.records.findLast(
    ({ dataSourceId, record, refused }) =>
      !refused && dataSourceId === first.source_id && String(at(first.id_path, record)) === recordId,
  );
  if (!found) throw notFound();
  const properties = Object.fromEntries(
    type.propertyMappings.map(({ id: column, source }) => [
      type.properties.find((property) => property.id === column)?.name ?? String(column),
      at(source.data_path, found.record) ?? null,
    ]),
  );
  return ok({ type: 'object-record', id, attributes: { properties } });
}
