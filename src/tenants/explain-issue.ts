import { z } from 'zod';
import { pointer } from '../passes/clean-text.js';
import { nearest } from '../passes/nearest-name.js';

type Issue = z.core.$ZodIssue;
type Schema = z.core.JSONSchema.BaseSchema;

export interface ExplainedIssue {
  path: string;
  message: string;
  cure: string;
}

const article = (type: string): string =>
  ({
    array: 'a list ([…])',
    object: 'an object ({…})',
    record: 'an object ({…})',
    string: 'a text ("…")',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    undefined: 'missing',
    null: 'null',
  })[type] ?? type;

const typeOf = (value: unknown): string =>
  value === undefined ? 'undefined' : value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}

const list = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(', ');

/** The names that an object at this place may have, read from the published schema. */
function knownKeys(schema: Schema, path: readonly PropertyKey[]): string[] {
  const definitions = (schema.$defs ?? {}) as Record<string, Schema>;
  let at: Schema | undefined = schema;
  const resolve = (node: Schema | undefined): Schema | undefined =>
    node?.$ref ? resolve(definitions[node.$ref.replace('#/$defs/', '')]) : node;
  for (const key of path) {
    at = resolve(at);
    const next: unknown =
      typeof key === 'number' ? at?.items : (at?.properties?.[String(key)] ?? at?.additionalProperties);
    at = typeof next === 'object' && next !== null ? (next as Schema) : undefined;
  }
  const found = resolve(at);
  return [found, ...(found?.anyOf ?? []), ...(found?.oneOf ?? [])].flatMap((node) =>
    Object.keys((node as Schema | undefined)?.properties ?? {}),
  );
}

function explain(issue: Issue, root: unknown, schema: Schema): Omit<ExplainedIssue, 'path'> {
  const value = valueAt(root, issue.path);
  const name = issue.path.length === 0 ? 'the file' : `"${String(issue.path.at(-1))}"`;
  switch (issue.code) {
    case 'invalid_type':
      return value === undefined
        ? { message: `${name} is missing.`, cure: `add ${name}: ${article(issue.expected)}.` }
        : {
            message: `${name} is ${article(typeOf(value))}, not ${article(issue.expected)}.`,
            cure: `write ${article(issue.expected)}.`,
          };
    case 'invalid_value':
      return value === undefined
        ? { message: `${name} is missing.`, cure: `choose one of ${list(issue.values)}.` }
        : {
            message: `${name} is ${JSON.stringify(value)}, which is not known here.`,
            cure: nearestCure(value, issue.values) ?? `choose one of ${list(issue.values)}.`,
          };
    case 'unrecognized_keys': {
      const known = knownKeys(schema, issue.path);
      const near = issue.keys.map((key) => [key, nearest(key, known)] as const);
      const hints = near.filter(([, name]) => name).map(([key, hit]) => `"${key}" probably means "${hit}"`);
      return {
        message: `${issue.keys.map((key) => `"${key}"`).join(', ')} ${issue.keys.length === 1 ? 'is' : 'are'} not known here.`,
        cure: hints.length > 0 ? `${hints.join('; ')}.` : `remove it, or use one of ${known.join(', ')}.`,
      };
    }
    case 'too_small':
    case 'too_big': {
      const small = issue.code === 'too_small';
      const limit = String(small ? issue.minimum : issue.maximum);
      const unit = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' entries' : '';
      const direction = small
        ? issue.inclusive
          ? 'at least'
          : 'more than'
        : issue.inclusive
          ? 'at most'
          : 'less than';
      return small && value === ''
        ? { message: `${name} is empty.`, cure: 'give it a text.' }
        : { message: `${name} is too ${small ? 'small' : 'large'}.`, cure: `give ${direction} ${limit}${unit}.` };
    }
    case 'invalid_format': {
      const form = issue.message.startsWith('Invalid') ? `the form ${issue.pattern ?? issue.format}` : issue.message;
      return { message: `${name} is ${JSON.stringify(value)}, which is not in the right form.`, cure: `use ${form}.` };
    }
    case 'invalid_union':
      return { message: `${name} has none of the forms that are possible here.`, cure: unionCure(issue.errors) };
    case 'invalid_key':
      return { message: `the name ${name} is not possible here.`, cure: issue.issues[0]?.message ?? 'choose another.' };
    default:
      return { message: `${name}: ${issue.message}.`, cure: 'see docs/tenants.md.' };
  }
}

function nearestCure(value: unknown, values: readonly unknown[]): string | null {
  const near = typeof value === 'string' ? nearest(value, values.map(String)) : null;
  return near && `write "${near}"; possible are ${list(values)}.`;
}

function unionCure(branches: readonly (readonly Issue[])[]): string {
  const forms = branches.flatMap((branch) =>
    branch.map((issue) => (issue.code === 'invalid_type' ? issue.expected : '')),
  );
  const types = [...new Set(forms.filter((form) => form !== ''))].map(article);
  return types.length > 0
    ? `write ${types.join(' or ')}, as docs/tenants.md shows.`
    : 'see docs/tenants.md for the forms.';
}

/** Each complaint of zod about a file as a sentence with its place and a cure. */
export function explainIssues(error: z.ZodError, root: unknown, schema: z.ZodType): ExplainedIssue[] {
  const published = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema;
  return error.issues.map((issue) => ({
    path: pointer(...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))),
    ...explain(issue as Issue, root, published),
  }));
}
