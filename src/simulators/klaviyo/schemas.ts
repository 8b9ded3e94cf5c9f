import { z } from 'zod';
import { invalid } from './errors.js';
import { profileBulkImport } from './profile-import-schema.js';
import { subscriptionJob } from './subscription-schema.js';

/**
 * Bodies as Klaviyo's OpenAPI description (revision 2026-07-15, MIT) requires them. Unknown keys are allowed there,
 * so they are allowed here; what is missing or of another type is refused.
 */
const text = z.string().nullish();
const map = z.record(z.string(), z.unknown());
const coordinate = z.union([z.string(), z.number()]).nullish();
const location = z
  .looseObject({
    address1: text,
    address2: text,
    city: text,
    country: text,
    latitude: coordinate,
    longitude: coordinate,
    region: text,
    zip: text,
    timezone: text,
    ip: text,
  })
  .nullish();

export const profileAttributes = z.looseObject({
  email: text,
  phone_number: text,
  external_id: text,
  _kx: text,
  first_name: text,
  last_name: text,
  organization: text,
  locale: text,
  title: text,
  image: text,
  location,
  properties: map.nullish(),
});
const profileMeta = z
  .looseObject({
    patch_properties: z
      .looseObject({
        append: map.nullish(),
        unappend: map.nullish(),
        unset: z.union([z.string(), z.array(z.string())]).nullish(),
      })
      .nullish(),
  })
  .nullish();

const named = <T extends string>(type: T) => z.looseObject({ type: z.literal(type), id: z.string() });
const embeddedProfile = z.looseObject({
  type: z.literal('profile'),
  id: text,
  attributes: profileAttributes.extend({ meta: profileMeta }),
});
const instant = z.iso.datetime({ offset: true });
const eventEssentials = {
  properties: map,
  time: instant.nullish(),
  value: z.number().nullish(),
  value_currency: text,
  unique_id: text,
  metric: z.looseObject({
    data: z.looseObject({
      type: z.literal('metric'),
      attributes: z.looseObject({ name: z.string().min(1), service: text }),
    }),
  }),
};
const body = <T extends z.ZodType>(data: T) => z.looseObject({ data });
const record = z.looseObject({ type: z.literal('data-source-record'), attributes: z.looseObject({ record: map }) });
const sourceRelationship = z
  .looseObject({ 'data-source': z.looseObject({ data: named('data-source') }).optional() })
  .optional();
const source = z.looseObject({ source_id: z.string(), id_path: z.string(), data_path: z.string() });
const propertyMappings = z.array(z.looseObject({ id: z.int().positive(), type: z.literal('simple'), source }));
const relationshipMappings = z.array(
  z.looseObject({
    relationship_id: z.string(),
    type: z.literal('simple'),
    source: z.looseObject({
      source_id: z.string(),
      type: z.enum(['profile', 'object']),
      id_path: z.string(),
      related_id_paths: z.array(
        z.looseObject({
          identifier_type: z.enum(['anonymous', 'email', 'external-id', 'klaviyo-id', 'phone']),
          path: z.string(),
        }),
      ),
    }),
  }),
);
const columns = z
  .array(
    z.looseObject({
      id: z.int().positive(),
      name: z.string().min(1),
      type: z.enum(['boolean', 'float', 'int', 'string', 'timestamp']),
    }),
  )
  .min(1);

export const SCHEMAS = {
  profileImport: body(
    z.looseObject({ type: z.literal('profile'), id: text, attributes: profileAttributes, meta: profileMeta }),
  ),
  profileCreate: body(z.looseObject({ type: z.literal('profile'), attributes: profileAttributes })),
  profilePatch: body(
    z.looseObject({ type: z.literal('profile'), id: z.string(), attributes: profileAttributes, meta: profileMeta }),
  ),
  profileBulkImport: body(profileBulkImport(profileAttributes, profileMeta)),
  event: body(
    z.looseObject({
      type: z.literal('event'),
      attributes: z.looseObject({
        ...eventEssentials,
        backfill: z.boolean().nullish(),
        profile: z.looseObject({ data: embeddedProfile }),
      }),
    }),
  ),
  eventBulk: body(
    z.looseObject({
      type: z.literal('event-bulk-create-job'),
      attributes: z.looseObject({
        'events-bulk-create': z.looseObject({
          data: z
            .array(
              z.looseObject({
                type: z.literal('event-bulk-create'),
                attributes: z.looseObject({
                  backfill: z.boolean().nullish(),
                  profile: z.looseObject({ data: embeddedProfile }),
                  events: z.looseObject({
                    data: z.array(
                      z.looseObject({ type: z.literal('event'), attributes: z.looseObject(eventEssentials) }),
                    ),
                  }),
                }),
              }),
            )
            .min(1),
        }),
      }),
    }),
  ),
  subscriptionJob,
  dataSource: body(
    z.looseObject({
      type: z.literal('data-source'),
      attributes: z.looseObject({
        title: z.string().min(1).max(255),
        visibility: z.enum(['private', 'shared']).nullish(),
        namespace: text,
      }),
    }),
  ),
  record: body(
    z.looseObject({
      type: z.literal('data-source-record-create-job'),
      attributes: z.looseObject({ 'data-source-record': z.looseObject({ data: record }) }),
      relationships: sourceRelationship,
    }),
  ),
  recordBulk: body(
    z.looseObject({
      type: z.literal('data-source-record-bulk-create-job'),
      attributes: z.looseObject({ 'data-source-records': z.looseObject({ data: z.array(record).min(1) }) }),
      relationships: sourceRelationship,
    }),
  ),
  objectType: body(
    z.looseObject({
      type: z.literal('object-type'),
      attributes: z.looseObject({
        title: z.string().min(1),
        'object-schema': z.looseObject({
          data: z.looseObject({
            type: z.literal('object-schema'),
            attributes: z.looseObject({
              status: z.enum(['draft', 'active']).nullish(),
              properties: columns,
              'source-mapping': z
                .looseObject({
                  data: z.looseObject({
                    type: z.literal('source-mapping'),
                    attributes: z.looseObject({ property_mappings: propertyMappings }),
                  }),
                })
                .optional(),
            }),
          }),
        }),
      }),
    }),
  ),
  profileMerge: body(
    z.looseObject({
      type: z.literal('profile-merge'),
      id: z.string(),
      relationships: z.looseObject({
        profiles: z.looseObject({
          data: z
            .array(z.looseObject({ type: z.literal('profile'), id: z.string() }))
            .min(1)
            .max(1),
        }),
      }),
    }),
  ),
  objectSchemaPatch: body(
    z.looseObject({
      type: z.literal('object-schema'),
      id: z.string(),
      attributes: z.looseObject({ status: z.enum(['draft', 'active']).optional() }),
    }),
  ),
  sourceMappingPatch: body(
    z.looseObject({
      type: z.literal('source-mapping'),
      id: z.string(),
      attributes: z.looseObject({
        property_mappings: propertyMappings.optional(),
        relationship_mappings: relationshipMappings.optional(),
      }),
    }),
  ),
  profileRelationship: body(
    z
      .array(
        z.looseObject({
          type: z.literal('profile-object-schema'),
          id: z.literal('profile'),
          meta: z.looseObject({ name: z.string().min(1) }),
        }),
      )
      .min(1),
  ),
} as const;
export type SchemaName = keyof typeof SCHEMAS;
export type BodyOf<N extends SchemaName> = z.infer<(typeof SCHEMAS)[N]>;

/** The body, or a 400 with Klaviyo's pointer to the first wrong field. */
export function check<N extends SchemaName>(name: N, value: unknown): BodyOf<N> {
  const parsed = SCHEMAS[name].safeParse(value);
  if (parsed.success) return parsed.data as BodyOf<N>;
  const issue = parsed.error.issues[0]!;
  throw invalid(issue.message, `/${issue.path.join('/')}`);
}
