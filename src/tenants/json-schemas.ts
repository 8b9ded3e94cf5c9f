import { z } from 'zod';
import { passTypeDesign } from '../passes/pass-type.js';
import { describeSettings } from '../passes/setting-descriptions.js';
import { ruleSchema, sharedSchemas } from '../wallets/apple/rules/json-schema.js';
import { DESIGN_KEYS, EXTRA_KEYS, FIELD_KEYS, LABELLED_FIELD, REMOTE_IMAGE } from '../wallets/apple/rules/pass-keys.js';
import { SEMANTIC_TAGS } from '../wallets/apple/rules/semantic-tags.js';
import { describeRole, IMAGE_ROLES } from '../wallets/apple/image-roles.js';
import type { Rule } from '../wallets/apple/rules/rule.js';
import { googleSchemas } from '../wallets/google/json-schema.js';
import { tenantFile } from './tenant-file.js';

/** The JSON Schemas that editors use for a tenant's files, by file name under `schemas/`, as committed. */
export function jsonSchemas(): Record<string, string> {
  const publish = (schema: z.ZodType, title: string, refine = (made: Schema): Schema => made): string =>
    `${JSON.stringify({ title, ...refine(z.toJSONSchema(schema, { io: 'input' })) }, null, 2)}\n`;
  return {
    'tenant.schema.json': publish(tenantFile, 'A tenant of Passrelay (tenant.json)', (schema) => {
      describeSettings(propertiesOf(schema)['settings']!);
      return schema;
    }),
    'pass-type.schema.json': publish(passTypeDesign, 'A pass type of Passrelay (pass-types/<name>.json)', withRules),
  };
}

type Schema = Record<string, unknown>;

/** Rules that are in several places. */
const SHARED: ReadonlyMap<Rule, string> = new Map([
  [SEMANTIC_TAGS, 'semanticTags'],
  [LABELLED_FIELD, 'labelledField'],
  [REMOTE_IMAGE, 'remoteImage'],
]);

/** Adds the wallets' rules to what the shape of the file says, so that editors complete and mark what the check refuses. */
function withRules(schema: Schema): Schema {
  const apple = propertiesOf(propertiesOf(schema)['apple']!);
  const refine = (known: Record<string, Schema>, rules: Readonly<Record<string, Rule>>): void => {
    for (const [key, rule] of Object.entries(rules)) {
      if (rule.is !== 'anything') known[key] = ruleSchema(rule, SHARED);
      else known[key] ??= {};
    }
  };
  refine(apple, DESIGN_KEYS);
  const localized = (apple['localizations'] as { additionalProperties: Schema }).additionalProperties;
  for (const images of [apple['images']!, propertiesOf(localized)['images']!]) {
    for (const [role, image] of Object.entries(IMAGE_ROLES)) {
      propertiesOf(images)[role] = { type: 'string', description: describeRole(image) };
    }
  }
  let field: Schema | undefined;
  for (const groups of [apple, propertiesOf(apple['posterGeneric']!)]) {
    for (const [name, group] of Object.entries(groups).filter(([key]) => key.endsWith('Fields'))) {
      field ??= group['items'] as Schema;
      groups[name] = { ...group, items: { $ref: '#/$defs/field' } };
    }
  }
  refine(propertiesOf(field!), FIELD_KEYS);
  field!['additionalProperties'] = false;
  const extra = apple['extra']!;
  extra['properties'] = Object.fromEntries(
    Object.entries(EXTRA_KEYS).map(([key, rule]) => [key, ruleSchema(rule, SHARED)]),
  );
  const google = googleSchemas();
  propertiesOf(schema)['google']!['allOf'] = google.rules;
  schema['$defs'] = {
    ...(schema['$defs'] as object | undefined),
    field,
    ...sharedSchemas(SHARED),
    ...google.definitions,
  };
  return schema;
}

const propertiesOf = (schema: Schema): Record<string, Schema> =>
  ((schema as { properties?: Record<string, Schema> }).properties ??= {}) as Record<string, Schema>;
