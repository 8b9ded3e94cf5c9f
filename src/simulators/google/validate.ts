import { ENUM_TEXT, RESOURCE_TEXT, TYPE_TEXT } from './schema.js';

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Resource = { [field: string]: Json };

/** A refusal as the Wallet API words it: HTTP status, machine-readable reason, sentence. */
export class GoogleRefusal extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
  }
}

const invalid = (message: string): never => {
  throw new GoogleRefusal(400, 'invalidResource', message);
};

function readShapes(text: string): Map<string, Map<string, string>> {
  const shapes = new Map<string, Map<string, string>>();
  for (const line of text.trim().split(/\n(?! )/)) {
    const [name, ...fields] = line.split(/\s+/);
    shapes.set(name!, new Map(fields.map((f) => f.split(':') as [string, string])));
  }
  return shapes;
}

function readEnums(text: string): Map<string, Set<string>> {
  const entries = text.trim().split(/\n(?! )/);
  return new Map(entries.map((line) => [line.split(' ')[0]!, new Set(line.split(/\s+/).slice(1))]));
}

/** "Required" in the descriptions; the discovery document has no marker for it. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  GenericClass: ['id'],
  GenericObject: ['id', 'classId', 'cardTitle', 'header'],
  LoyaltyClass: ['id', 'issuerName', 'programLogo', 'programName', 'reviewStatus'],
  LoyaltyObject: ['id', 'classId', 'state'],
  OfferClass: ['id', 'issuerName', 'provider', 'redemptionChannel', 'reviewStatus', 'title'],
  OfferObject: ['id', 'classId', 'state'],
  AddMessageRequest: ['message'],
  RotatingBarcodeValues: ['periodMillis', 'startDateTime', 'values'],
};

const AT_MOST_TEN = new Set(['messages', 'merchantLocations']);

export interface Validator {
  /** Refuses unknown fields, wrong types, foreign enum names, URIs without a scheme, too long lists; and, unless partial, missing fields. */
  validate(value: unknown, typeName: string, options?: { partial?: boolean }): asserts value is Resource;
}

export function createValidator(): Validator {
  const shapes = new Map([...readShapes(RESOURCE_TEXT), ...readShapes(TYPE_TEXT)]);
  const enums = readEnums(ENUM_TEXT);

  function check(value: unknown, type: string, path: string): void {
    if (type.startsWith('[')) {
      if (!Array.isArray(value)) return invalid(`${path}: expected an array`);
      if (AT_MOST_TEN.has(path.slice(path.lastIndexOf('.') + 1)) && value.length > 10) {
        return invalid(`${path}: at most 10 entries are allowed`);
      }
      value.forEach((item, i) => check(item, type.slice(1, -1), `${path}[${i}]`));
      return;
    }
    if (type.startsWith('<')) {
      const known = typeof value === 'string' && enums.get(type.slice(1, -1))!.has(value);
      return known ? undefined : invalid(`${path}: invalid enum value`);
    }
    const shape = shapes.get(type);
    if (shape) return checkObject(value, type, shape, path, false);
    const scalars: Record<string, () => boolean> = {
      string: () => typeof value === 'string',
      boolean: () => typeof value === 'boolean',
      int32: () => Number.isInteger(value) && Math.abs(value as number) <= 2 ** 31,
      int64: () => /^-?\d+$/.test(String(value)) && (typeof value === 'string' || Number.isInteger(value)),
      double: () => typeof value === 'number',
    };
    if (!scalars[type]!()) invalid(`${path}: expected ${type}`);
    checkText(value, path);
  }

  function checkText(value: unknown, path: string): void {
    if (typeof value !== 'string') return;
    if (path.endsWith('.uri') && !/^[a-z][a-z0-9+.-]*:./i.test(value)) invalid(`${path}: a URI needs a scheme`);
    if (path.endsWith('.hexBackgroundColor') && !/^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(value)) {
      invalid(`${path}: expected #rrggbb`);
    }
    // Google wants https; plain http is taken for this machine only, where simulators live.
    if (path.endsWith('.callbackOptions.url') && !/^https:\/\/|^http:\/\/(127\.0\.0\.1|localhost)[:/]/.test(value)) {
      invalid(`${path}: a callback URL must be https`);
    }
  }

  function checkObject(value: unknown, type: string, shape: Map<string, string>, path: string, partial: boolean): void {
    if (value === null || typeof value !== 'object' || Array.isArray(value))
      return invalid(`${path}: expected an object`);
    for (const [field, inner] of Object.entries(value)) {
      const fieldType = shape.get(field);
      if (!fieldType) return invalid(`Unknown name "${field}" at ${path}`);
      check(inner, fieldType, `${path}.${field}`);
    }
    for (const field of partial ? [] : (REQUIRED[type] ?? [])) {
      if (!Object.hasOwn(value, field)) invalid(`${path}: ${field} is required`);
    }
    if (type === 'Message' && Object.keys(value).length === 0) invalid(`${path}: a message needs a header or a body`);
  }

  return {
    validate(value, typeName, { partial = false } = {}) {
      const path = typeName[0]!.toLowerCase() + typeName.slice(1);
      checkObject(value, typeName, shapes.get(typeName)!, path, partial);
    },
  };
}
