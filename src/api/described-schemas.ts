import { z } from 'zod';

type Json = Record<string, unknown>;

/** Puts another name into the references of one definition to itself. */
const renamed = (value: unknown, names: ReadonlyMap<string, string>): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, part: unknown) =>
      key === '$ref' && typeof part === 'string' ? (names.get(part) ?? part) : part,
    ),
  );

/**
 * JSON Schemas of one OpenAPI document. What a schema defines beside itself, as a recursive one must, becomes a component:
 * in a document a reference to `#/$defs/…` would be sought at the document's root, where nothing is.
 */
export function createDescribedSchemas() {
  const components: Record<string, Json> = {};
  const known = new Map<string, string>();

  function componentOf(reference: string, definition: Json): string {
    const shape = JSON.stringify(renamed(definition, new Map([[reference, '#']])));
    const name = known.get(shape) ?? (known.size === 0 ? 'AnyValue' : `AnyValue${known.size + 1}`);
    if (!known.has(shape)) {
      known.set(shape, name);
      components[name] = renamed(definition, new Map([[reference, `#/components/schemas/${name}`]])) as Json;
    }
    return `#/components/schemas/${name}`;
  }

  return {
    components,
    of(schema: z.ZodType, io: 'input' | 'output'): Json {
      const { $schema: _, $defs = {}, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;
      const names = new Map(
        Object.entries($defs as Record<string, Json>).map(([name, definition]) => {
          const reference = `#/$defs/${name}`;
          return [reference, componentOf(reference, definition)];
        }),
      );
      return names.size === 0 ? rest : (renamed(rest, names) as Json);
    },
  };
}

export type DescribedSchemas = ReturnType<typeof createDescribedSchemas>;
