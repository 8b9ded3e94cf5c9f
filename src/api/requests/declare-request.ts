import { z } from 'zod';
import type { JsonValue } from '../../common/json.js';
import type { Bound, BodyReader, RequestOptions } from './body-reader.js';
import { idempotencyKeyInBody } from './delivery-description.js';

/** One key of a request's body: how it is described, shown and read. */
export interface RequestField<V = unknown> {
  /** As /openapi.json describes it; absent: taken, but not advertised. */
  schema?: z.ZodType;
  example?: JsonValue;
  /** Other spellings of the key. */
  aliases?: readonly string[];
  /** The key bounds what happens, in time or number: a blank under it is refused, for without it nothing would be bounded. */
  bound?: Bound;
  /** Absent where the field is read together with others. */
  read?: (reader: BodyReader, options: RequestOptions) => V;
}

type Fields = Readonly<Record<string, RequestField>>;
export type ReadFields<F extends Fields> = {
  [K in keyof F]: F[K] extends { read: (...args: never[]) => infer V } ? V : undefined;
};

export interface RequestDeclaration<F extends Fields> {
  fields: F;
  /** Every spelling of every key: what else comes is unknown. */
  keys: readonly string[];
  schema: z.ZodType;
  example: Record<string, JsonValue>;
  /** Reads all fields, in the order of the declaration. */
  read(reader: BodyReader, options: RequestOptions): ReadFields<F>;
}

/** A request from its fields, each listed once: keys, reader, description and example follow. */
export function declareRequest<F extends Fields>(description: string, fields: F): RequestDeclaration<F> {
  const entries = Object.entries(fields);
  const shape = entries.flatMap(([key, { schema }]) => (schema ? [[key, schema] as const] : []));
  const shown = entries.flatMap(([key, { example }]) => (example === undefined ? [] : [[key, example] as const]));
  return {
    fields,
    keys: entries.flatMap(([key, { aliases = [] }]) => [key, ...aliases]),
    schema: z.looseObject(Object.fromEntries(shape)).describe(description),
    example: Object.fromEntries(shown),
    read: (reader, options) =>
      Object.fromEntries(
        entries.map(([key, field]) => {
          if (field.bound) reader.refuseBlank(key, field.bound, { holes: options.holes });
          return [key, field.read?.(reader, options)];
        }),
      ) as ReadFields<F>,
  };
}

/** What all deliveries share. */
export const IDEMPOTENCY_KEY = {
  schema: idempotencyKeyInBody,
  aliases: ['idempotencyKey'],
  read: (reader: BodyReader) => reader.idempotencyKey(),
};
export const VERSION = { aliases: ['updated_at'], read: (reader: BodyReader) => reader.version() };
