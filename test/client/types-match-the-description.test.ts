import assert from 'node:assert/strict';
import { test } from 'node:test';
import ts from 'typescript';
import { routes } from '../../scripts/api-tables.js';
import { describeApi } from '../../src/api/openapi.js';

/** A JSON Schema, as far as the client's types can say the same. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  additionalProperties?: boolean | Schema;
}
interface Call {
  operationId: string;
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}
const description = describeApi(routes(), 'http://localhost') as {
  paths: Record<string, Record<string, Call>>;
  components: { schemas: Record<string, Schema> };
};
const calls = new Map(
  Object.values(description.paths).flatMap((methods) =>
    Object.values(methods).map((call): [string, Call] => [call.operationId, call]),
  ),
);

const program = ts.createProgram([`${process.cwd()}/client/src/index.ts`], {
  strict: true,
  noEmit: true,
  types: [],
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
});
const checker = program.getTypeChecker();
const entry = program.getSourceFile(`${process.cwd()}/client/src/index.ts`)!;
const exported = new Map(
  checker
    .getExportsOfModule(checker.getSymbolAtLocation(entry)!)
    .map((symbol) => [symbol.name, symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol]),
);

const resolved = (schema: Schema): Schema =>
  schema.$ref === undefined ? schema : description.components.schemas[schema.$ref.split('/').pop()!]!;

/** The alternatives of a schema, without null, and whether null is one. */
function alternatives(given: Schema): { schemas: Schema[]; nullable: boolean } {
  const schema = resolved(given);
  const inner = schema.anyOf ?? schema.oneOf;
  const all = inner ? inner.flatMap((one) => alternatives(one).schemas) : [schema];
  const nullable =
    inner?.some((one) => alternatives(one).nullable) ??
    (schema.type === 'null' || (Array.isArray(schema.type) && schema.type.includes('null')));
  return { schemas: all.filter(({ type }) => type !== 'null'), nullable };
}

const parts = (type: ts.Type): ts.Type[] => (type.isUnion() ? type.types : [type]);
const isNothing = (type: ts.Type): boolean => (type.flags & (ts.TypeFlags.Null | ts.TypeFlags.Undefined)) !== 0;

/** Where a type of the client says something else than the schema of what is sent. */
function differences(schema: Schema, type: ts.Type, at: string): string[] {
  const found: string[] = [];
  const { schemas, nullable } = alternatives(schema);
  const typeIsNullable = parts(type).some(({ flags }) => (flags & ts.TypeFlags.Null) !== 0);
  if (type.flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) return [];
  if (nullable !== typeIsNullable) found.push(`${at}: null is ${nullable ? '' : 'not '}sent`);
  const plain = parts(type).filter((part) => !isNothing(part));
  const words = plain.filter((part) => part.isStringLiteral()).map((part) => part.value);
  const sent = schemas.flatMap(({ enum: list, const: only }) => list ?? (only === undefined ? [] : [only]));
  if (words.length > 0 && sent.length > 0)
    for (const word of new Set([...words, ...(sent as string[])]))
      if (words.includes(word) !== sent.includes(word)) found.push(`${at}: "${word}" on one side only`);
  const [object] = schemas.filter(({ properties }) => properties);
  const [shape] = plain.filter((part) => part.flags & ts.TypeFlags.Object);
  const [list] = schemas.filter(({ items }) => items);
  if (list?.items && shape && checker.isArrayType(shape))
    found.push(...differences(list.items, checker.getTypeArguments(shape as ts.TypeReference)[0]!, `${at}[]`));
  if (object?.properties && shape && !checker.isArrayType(shape) && !checker.getIndexInfosOfType(shape).length) {
    const mine = new Map(checker.getPropertiesOfType(shape).map((property) => [property.name, property]));
    for (const name of new Set([...mine.keys(), ...Object.keys(object.properties)])) {
      const [property, part] = [mine.get(name), object.properties[name]];
      if (!property || !part) found.push(`${at}.${name}: only ${property ? 'in the client' : 'sent'}`);
      else {
        const optional = (property.flags & ts.SymbolFlags.Optional) !== 0;
        if (optional === object.required?.includes(name))
          found.push(`${at}.${name}: ${optional ? 'always' : 'not always'} sent`);
        found.push(...differences(part, checker.getTypeOfSymbol(property), `${at}.${name}`));
      }
    }
  }
  return found;
}

const answerOf = (operationId: string, key?: string): Schema => {
  const [, answer] = Object.entries(calls.get(operationId)!.responses).find(([status]) => status.startsWith('2'))!;
  const schema = Object.values(answer.content!)[0]!.schema;
  return key === undefined ? schema : schema.properties![key]!.items!;
};

/** Each type of the client's answers with the call that sends it; `key` where it is one of a list. */
const ANSWERS: [type: string, operationId: string, key?: string][] = [
  ['Pass', 'getPass'],
  ['Pass', 'listPasses', 'passes'],
  ['PassTemplate', 'listPassTemplates', 'passTemplates'],
  ['IssuedPass', 'issuePass'],
  ['Operation', 'getOperation'],
  ['OperationSummary', 'listOperations', 'operations'],
  ['Customer', 'getCustomer'],
  ['Diagnosis', 'diagnosePass'],
  ['Message', 'listMessages', 'messages'],
  ['AcceptedMessage', 'sendMessage'],
  ['Offer', 'listOffers', 'offers'],
  ['AcceptedOffer', 'layOffer'],
  ['AcceptedChange', 'updatePass'],
  ['WebhookEndpoint', 'getEndpoint'],
  ['Delivery', 'listDeliveries', 'deliveries'],
  ['Campaign', 'createCampaign'],
  ['Campaign', 'listCampaigns', 'campaigns'],
  ['CampaignDetail', 'getCampaign'],
  ['CampaignSample', 'sampleCampaign', 'samples'],
  ['CampaignRow', 'downloadCampaignRows'],
  ['UploadedRows', 'uploadCampaignRows'],
];

test('the types of answers are those of the description: keys, what may be missing or null, and words', () => {
  const found = ANSWERS.flatMap(([name, operationId, key]) =>
    differences(
      answerOf(operationId, key),
      checker.getDeclaredTypeOfSymbol(exported.get(name)!),
      `${name} (${operationId})`,
    ),
  );
  assert.deepEqual(found, []);
});

/** Each type of a request with its call. */
const REQUESTS: [type: string, operationId: string][] = [
  ['IssueOrder', 'issuePass'],
  ['PassUpdate', 'pushUpdate'],
  ['ProfileChange', 'syncProfile'],
  ['NewMessage', 'sendMessage'],
  ['NewOffer', 'layOffer'],
];

test('the types of requests name nothing that the description does not know', () => {
  for (const [name, operationId] of REQUESTS) {
    const { properties } = Object.values(calls.get(operationId)!.requestBody!.content)[0]!.schema;
    const mine = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(exported.get(name)!));
    assert.ok(mine.length > 0, `${name} has keys`);
    assert.deepEqual(
      mine.map((property) => property.name).filter((key) => !Object.hasOwn(properties!, key)),
      [],
      name,
    );
  }
});
