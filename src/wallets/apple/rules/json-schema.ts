import type { Rule } from './rule.js';

type Schema = Record<string, unknown>;

/** A text with a placeholder stands for a value of any type. */
const PLACEHOLDER: Schema = { type: 'string', pattern: '\\{\\{' };

const FORMS: Partial<Record<Rule['is'], Schema>> = {
  text: { type: 'string' },
  word: { type: ['string', 'number'] },
  boolean: { type: 'boolean' },
  date: { type: 'string', pattern: '^\\d{4}-\\d{2}-\\d{2}(?:[T ]\\d{2}:\\d{2}.*)?$' },
  colour: { type: 'string', pattern: '^\\s*(?:#(?:[0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})|[Rr][Gg][Bb]\\([\\d\\s,]+\\))\\s*$' },
  url: { type: 'string', pattern: '^[A-Za-z][A-Za-z0-9+.-]*:\\S+$' },
  uuid: { type: 'string', pattern: '^[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' },
  digest: { type: 'string', pattern: '^[0-9A-Fa-f]{64}$' },
  zone: { type: 'string', pattern: '^(?:UTC|[A-Za-z]+/.+)$' },
  currency: { type: 'string', pattern: '^[A-Z]{3}$' },
  amount: { type: 'string', pattern: '^-?\\d+(?:\\.\\d+)?$' },
};

/**
 * The JSON Schema of a rule, for editors: completion, and red lines where the check would refuse. Rules of `shared` stand
 * once under `$defs`, by the name given.
 */
export function ruleSchema(rule: Rule, shared: ReadonlyMap<Rule, string> = new Map()): Schema {
  const name = shared.get(rule);
  return name === undefined ? whole(rule, shared) : { $ref: `#/$defs/${name}` };
}

/** The definitions that `$ref`s of shared rules lead to. */
export const sharedSchemas = (shared: ReadonlyMap<Rule, string>): Record<string, Schema> =>
  Object.fromEntries([...shared].map(([rule, name]) => [name, whole(rule, shared)]));

function whole(rule: Rule, shared: ReadonlyMap<Rule, string>): Schema {
  switch (rule.is) {
    case 'anything':
      return {};
    case 'text':
      return FORMS.text!;
    case 'object': {
      const keys = Object.entries(rule.keys);
      return {
        type: 'object',
        properties: Object.fromEntries(keys.map(([key, of]) => [key, ruleSchema(of, shared)])),
        ...(rule.required?.length && { required: [...rule.required] }),
        ...(keys.length > 0 && { additionalProperties: false }),
      };
    }
    case 'list':
      return {
        type: 'array',
        items: ruleSchema(rule.of, shared),
        ...(rule.most !== undefined && { maxItems: rule.most }),
      };
    case 'enum':
      if (rule.soft) return { type: 'string', examples: [...rule.names] };
      return { anyOf: [{ enum: [...rule.names] }, PLACEHOLDER] };
    case 'number':
    case 'integer': {
      const { is, least, most, above } = rule;
      const bounds = {
        ...(least !== undefined && { minimum: least }),
        ...(most !== undefined && { maximum: most }),
        ...(above !== undefined && { exclusiveMinimum: above }),
      };
      return { anyOf: [{ type: is, ...bounds }, PLACEHOLDER] };
    }
    default:
      return { anyOf: [FORMS[rule.is]!, PLACEHOLDER] };
  }
}
