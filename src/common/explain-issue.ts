import { z } from 'zod';
import { pointer } from './clean-text.js';
import type { FaultKind } from './fault-kind.js';
import { MOST_HINTS, nearest } from './nearest-name.js';

type Issue = z.core.$ZodIssue;
type Schema = z.core.JSONSchema.BaseSchema;

/** What is explained, in words: `the file`, `the body`; and the page that shows how it is written. */
export interface Explained {
  whole: string;
  page: string;
}

export interface ExplainedIssue {
  path: string;
  message: string;
  cure: string;
  kind?: FaultKind;
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

/** Forms that have a name; others show their pattern, or what the schema says of them. */
const FORMS: Readonly<Record<string, string>> = {
  uuid: 'a UUID, as it was handed out',
  url: 'a complete address, such as https://shop.example/hooks',
  email: 'an e-mail address',
  datetime: 'a time such as 2026-01-31T12:00:00Z',
};

const MEASURES: Readonly<Record<string, [one: string, more: string, few: string, many: string]>> = {
  string: [' character', ' characters', 'is too short', 'is too long'],
  array: [' entry', ' entries', 'has too few entries', 'has too many entries'],
};

/** With the limit itself, and without it. */
const LIMITS = {
  too_small: ['at least', 'more than'],
  too_big: ['at most', 'less than'],
} as const;

/** Stands in an issue for words that the schema does not have of its own. */
const UNSAID = '';

const typeOf = (value: unknown): string => {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
};

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}

const list = (values: readonly unknown[]): string => values.map((value) => JSON.stringify(value)).join(', ');

const MOST_SHOWN = 80;
/** A value as JSON, its beginning where it is long. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}

/** The names that an object at this place may have, read from the published schema. */
function knownKeys(schema: Schema, path: readonly PropertyKey[]): string[] {
  const definitions = (schema.$defs ?? {}) as Record<string, Schema>;
  const resolve = (node: Schema): Schema =>
    node.$ref ? resolve(definitions[node.$ref.replace('#/$defs/', '')] ?? {}) : node;
  const formsOf = (node: Schema): Schema[] => {
    const found = resolve(node);
    return [found, ...[...(found.anyOf ?? []), ...(found.oneOf ?? [])].map((one) => resolve(one as Schema))];
  };
  let at = formsOf(schema);
  for (const key of path) {
    at = at.flatMap((node) => {
      const next: unknown =
        typeof key === 'number' ? node.items : (node.properties?.[String(key)] ?? node.additionalProperties);
      return typeof next === 'object' && next !== null ? formsOf(next as Schema) : [];
    });
  }
  return at.flatMap((node) => Object.keys(node.properties ?? {}));
}

/** `"url"`, or `entry 2 of "eventTypes"`. */
function nameOf(path: readonly PropertyKey[], what: Explained): string {
  const last = path.at(-1);
  if (last === undefined) return what.whole;
  if (typeof last !== 'number') return `"${String(last)}"`;
  return `entry ${last + 1}${path.length > 1 ? ` of "${String(path.at(-2))}"` : ''}`;
}

function explain(issue: Issue, root: unknown, schema: Schema, what: Explained): Omit<ExplainedIssue, 'path'> {
  const value = valueAt(root, issue.path);
  const name = nameOf(issue.path, what);
  switch (issue.code) {
    case 'invalid_type':
      return value === undefined
        ? { message: `${name} is missing.`, cure: `add ${name}: ${article(issue.expected)}.` }
        : {
            message: `${name} is ${article(typeOf(value))}, not ${article(issue.expected)}.`,
            cure: `write ${article(issue.expected)}.`,
          };
    case 'invalid_value':
      return explainChoice(issue.values, value, name);
    case 'unrecognized_keys': {
      // One of them, which is the last of its path: see `oneByOne`.
      const [key] = issue.keys;
      const known = [...new Set(knownKeys(schema, issue.path.slice(0, -1)))].filter((one) => one !== key);
      const near = nearest(key!, known);
      const few = known.length > 0 ? `remove it, or use one of ${known.join(', ')}.` : 'remove it.';
      return { message: `${shown(key)} is not known here.`, cure: near ? `write "${near}" instead.` : few };
    }
    case 'too_small':
    case 'too_big': {
      const small = issue.code === 'too_small';
      const limit = String(small ? issue.minimum : issue.maximum);
      const [one, more, few, many] = MEASURES[issue.origin] ?? ['', '', 'is too small', 'is too large'];
      if (small && value === '') return { message: `${name} is empty.`, cure: 'give it a text.' };
      return {
        message: `${name} ${small ? few : many}.`,
        cure: `give ${LIMITS[issue.code][issue.inclusive ? 0 : 1]} ${limit}${limit === '1' ? one : more}.`,
      };
    }
    case 'invalid_format':
      if (value === '') return { message: `${name} is empty.`, cure: `use ${formOf(issue)}.` };
      return { message: `${name} is ${shown(value)}, which is not in the right form.`, cure: `use ${formOf(issue)}.` };
    case 'invalid_union': {
      const options = 'options' in issue && Array.isArray(issue.options) && issue.options;
      if (!issue.message && options) return explainChoice(options, value, name);
      const cure = issue.message ? `${issue.message}.` : unionCure(issue.errors, what);
      return { message: `${name} has none of the forms that are possible here.`, cure };
    }
    case 'invalid_key':
      return {
        message: `the name ${name} is not possible here.`,
        cure: nameCure(issue.issues[0] as Issue | undefined),
      };
    default:
      // A check that knows its own cure says both.
      if (issue.code === 'custom' && typeof issue.params?.['cure'] === 'string' && issue.message) {
        return { message: issue.message, cure: issue.params['cure'] };
      }
      return { message: `${name}: ${issue.message || 'this value is not possible here'}.`, cure: `see ${what.page}.` };
  }
}

/** The kind of a complaint of zod; what a refinement finds says its kind by itself. */
function kindOf(issue: Issue, value: unknown): FaultKind | undefined {
  switch (issue.code) {
    case 'invalid_type':
    case 'invalid_value':
      return value === undefined ? 'missing' : 'form';
    case 'too_small':
    case 'too_big':
      if (issue.origin !== 'string') return 'form';
      return value === '' ? 'missing' : 'length';
    case 'invalid_format':
    case 'invalid_union':
      return 'form';
    case 'custom':
      return issue.params?.['kind'] as FaultKind | undefined;
    default:
      return undefined;
  }
}

/** In words: the form that has a name, else what the schema says of it, else its pattern. */
const formOf = ({ format, message, pattern }: Issue & { code: 'invalid_format' }): string =>
  FORMS[format] ?? (message || `the form ${pattern ?? format}`);

function nameCure(issue: Issue | undefined): string {
  if (issue?.code === 'invalid_format') return `use ${formOf(issue)}.`;
  return issue?.message ? `${issue.message}.` : 'choose another.';
}

/** What is wrong with a value that must be one of a few. */
const explainChoice = (values: readonly unknown[], value: unknown, name: string) =>
  value === undefined
    ? { message: `${name} is missing.`, cure: `choose one of ${list(values)}.` }
    : {
        message: `${name} is ${shown(value)}, which is not known here.`,
        cure: nearestCure(value, values) ?? `choose one of ${list(values)}.`,
      };

function nearestCure(value: unknown, values: readonly unknown[]): string | null {
  const near = typeof value === 'string' ? nearest(value, values.map(String)) : null;
  return near && `write "${near}"; possible are ${list(values)}.`;
}

function unionCure(branches: readonly (readonly Issue[])[], { page }: Explained): string {
  const forms = branches.flatMap((branch) =>
    branch.map((issue) => (issue.code === 'invalid_type' ? issue.expected : '')),
  );
  const types = [...new Set(forms.filter((form) => form !== ''))].map(article);
  return types.length > 0 ? `write ${types.join(' or ')}, as ${page} shows.` : `see ${page} for the forms.`;
}

/** A complaint of several unknown keys is one of each, at its own place. */
const oneByOne = (issue: Issue): Issue[] =>
  issue.code === 'unrecognized_keys'
    ? issue.keys.slice(0, MOST_HINTS).map((key) => ({ ...issue, keys: [key], path: [...issue.path, key] }))
    : [issue];

/** Message and cure as two sentences. */
export const inWords = ({ message, cure }: Omit<ExplainedIssue, 'path'>): string =>
  `${message} ${cure.charAt(0).toUpperCase()}${cure.slice(1)}`;

/** Of a value that one form alone can have been meant as, what is wrong with it as that form; else the issue itself. */
function meant(issue: Issue, root: unknown): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  // Other forms are those whose type, or whose keys, it does not have.
  const [only, ...others] = issue.errors.filter((branch) =>
    branch.every(({ path }) => path.length > 0 && valueAt(root, [...issue.path, path[0]!]) !== undefined),
  );
  if (!only || others.length > 0) return [issue];
  return only.flatMap((one) => meant({ ...one, path: [...issue.path, ...one.path] } as Issue, root));
}

const published = new WeakMap<z.ZodType, Schema>();

/** Made once for each schema: it takes longer than the check itself. */
function publishedForm(schema: z.ZodType): Schema {
  let form = published.get(schema);
  if (!form) published.set(schema, (form = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Schema));
  return form;
}

/** After fixing so many, the author sees the rest. */
const MOST_ISSUES = 50;

/**
 * The value as its schema reads it, or each complaint of zod about a file or a request as a sentence with its place and a
 * cure.
 */
export function readAs<S extends z.ZodType>(
  schema: S,
  value: unknown,
  what: Explained,
): { value: z.output<S> } | { problems: ExplainedIssue[] } {
  const parsed = schema.safeParse(value, { error: () => UNSAID });
  if (parsed.success) return { value: parsed.data };
  const form = publishedForm(schema);
  const all = (parsed.error.issues as Issue[]).flatMap((issue) => meant(issue, value));
  const problems = all
    .slice(0, MOST_ISSUES)
    .flatMap(oneByOne)
    .map((issue) => {
      const kind = kindOf(issue, valueAt(value, issue.path));
      return {
        path: pointer(...issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))),
        ...explain(issue, value, form, what),
        ...(kind && { kind }),
      };
    });
  return { problems };
}
