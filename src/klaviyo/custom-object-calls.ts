import type { JsonValue } from '../common/json.js';
import { everyPage, many, one, type Resource } from './resources.js';
import type { Transport } from './transport.js';
import { WALLET_PASS_PROPERTIES } from './wallet-pass-record.js';

type WalletRecord = Record<string, JsonValue>;
const record = (value: WalletRecord) => ({ type: 'data-source-record', attributes: { record: value } });
const source = (id: string) => ({ 'data-source': { data: { type: 'data-source', id } } });

/** Custom objects: a 204 only means accepted; `getObjectRecord` is the proof. */
export function customObjectCalls(send: Transport) {
  return {
    async createRecord(dataSourceId: string, value: WalletRecord): Promise<void> {
      await send('POST', '/api/data-source-record-create-jobs', {
        data: {
          type: 'data-source-record-create-job',
          attributes: { 'data-source-record': { data: record(value) } },
          relationships: source(dataSourceId),
        },
      });
    },
    /** Up to 500 records and 4 MB; at most 15 such calls a minute. */
    async createRecords(dataSourceId: string, values: readonly WalletRecord[]): Promise<void> {
      await send('POST', '/api/data-source-record-bulk-create-jobs', {
        data: {
          type: 'data-source-record-bulk-create-job',
          attributes: { 'data-source-records': { data: values.map(record) } },
          relationships: source(dataSourceId),
        },
      });
    },
    async listDataSources(): Promise<Resource[]> {
      return everyPage(send, '/api/data-sources');
    },
    async createDataSource(title: string): Promise<Resource> {
      const attributes = { title, visibility: 'private', namespace: 'custom-objects' };
      return one(await send('POST', '/api/data-sources', { data: { type: 'data-source', attributes } }));
    },
    async listObjectTypes(): Promise<Resource[]> {
      return everyPage(send, '/api/object-types');
    },
    /** The WalletPass type with a draft schema and its mapping. 403 (`klaviyo-unauthorized`) where the account lacks custom objects. */
    async createWalletPassType(dataSourceId: string, title = 'WalletPass'): Promise<Resource> {
      const properties = WALLET_PASS_PROPERTIES.map(({ name, type }, index) => ({ id: index + 1, name, type }));
      const mappings = properties.map(({ id, name }) => ({
        id,
        type: 'simple',
        source: { source_id: dataSourceId, id_path: "$['id']", data_path: `$['${name}']` },
      }));
      const mapping = { type: 'source-mapping', attributes: { property_mappings: mappings } };
      const schema = {
        type: 'object-schema',
        attributes: { status: 'draft', properties, 'source-mapping': { data: mapping } },
      };
      const attributes = { title, 'object-schema': { data: schema } };
      return one(await send('POST', '/api/object-types', { data: { type: 'object-type', attributes } }));
    },
    async getDraftSchema(objectTypeId: string): Promise<Resource> {
      return one(await send('GET', `/api/object-types/${encodeURIComponent(objectTypeId)}/draft-schema`));
    },
    async getSourceMapping(schemaId: string): Promise<Resource> {
      return one(await send('GET', `/api/object-schemas/${encodeURIComponent(schemaId)}/source-mapping`));
    },
    async relateToProfiles(schemaId: string, name = 'owner'): Promise<void> {
      await send('POST', `/api/object-schemas/${encodeURIComponent(schemaId)}/relationships/profile-object-schemas`, {
        data: [{ type: 'profile-object-schema', id: 'profile', meta: { name } }],
      });
    },
    async listProfileRelationships(schemaId: string): Promise<Resource[]> {
      return many(
        await send('GET', `/api/object-schemas/${encodeURIComponent(schemaId)}/relationships/profile-object-schemas`),
      );
    },
    /** Tells how a record finds its profile: by Klaviyo id, external id, or e-mail. */
    async mapRelationship(mappingId: string, relationshipId: string, dataSourceId: string): Promise<Resource> {
      const related = [
        { identifier_type: 'klaviyo-id', path: "$['klaviyo_profile_id']" },
        { identifier_type: 'external-id', path: "$['external_id']" },
        { identifier_type: 'email', path: "$['email']" },
      ];
      const mapping = {
        relationship_id: relationshipId,
        type: 'simple',
        source: { source_id: dataSourceId, type: 'profile', id_path: "$['id']", related_id_paths: related },
      };
      return one(
        await send('PATCH', `/api/source-mappings/${encodeURIComponent(mappingId)}`, {
          data: { type: 'source-mapping', id: mappingId, attributes: { relationship_mappings: [mapping] } },
        }),
      );
    },
    /** Records are not processed before activation; afterwards the schema cannot be edited any more. */
    async activateSchema(schemaId: string): Promise<Resource> {
      return one(
        await send('PATCH', `/api/object-schemas/${encodeURIComponent(schemaId)}`, {
          data: { type: 'object-schema', id: schemaId, attributes: { status: 'active' } },
        }),
      );
    },
    async getObjectRecord(objectTypeId: string, recordId: string): Promise<Resource> {
      return one(await send('GET', `/api/object-records/${encodeURIComponent(`${objectTypeId}:::${recordId}`)}`));
    },
  };
}
