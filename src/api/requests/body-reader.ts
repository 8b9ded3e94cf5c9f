import {
  cleanJson,
  cleanText,
  decodeAmpersand,
  isBlank,
  isUnrendered,
  pointer,
  withoutInvisible,
} from '../../common/clean-text.js';
import type { FieldProblem, FieldWarning, Identifier, IdentifierOptions } from '../../passes/identifiers.js';
import { isOurOwnKey } from '../../common/idempotency-key.js';
import { MOST_HINTS, nearest } from '../../common/nearest-name.js';
import type { FaultKind } from '../../common/fault-kind.js';
import type { JsonValue } from '../../common/json.js';

export type Body = Readonly<Record<string, JsonValue>>;
export interface RequestOptions extends IdentifierOptions {
  /** Pointers of keys whose value a template left out: they are absent from the body. */
  holes?: ReadonlySet<string>;
}
/** What would happen without a key that bounds the rest, and what belongs there, in words. */
export interface Bound {
  without: string;
  give: string;
}
export type Parsed<C> =
  | { ok: true; command: C; warnings: FieldWarning[] }
  | { ok: false; problems: FieldProblem[]; warnings: FieldWarning[] };

const typeName = (value: JsonValue): string => {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
};

/** Collects all problems of one body, so that a marketer fixes them in one go. */
export class BodyReader {
  readonly problems: FieldProblem[] = [];
  readonly warnings: FieldWarning[] = [];
  constructor(readonly body: Body) {}

  problem(at: string, message: string, cure: string, kind?: FaultKind): void {
    this.problems.push({ pointer: at, message, cure, ...(kind && { kind }) });
  }
  warn(at: string, message: string): void {
    this.warnings.push({ pointer: at, message });
  }

  /** The object under a key; null where it is absent, null or blank. Any other shape is a problem. */
  object(key: string, base = '', from: Body = this.body): Body | null {
    const value = own(from, key);
    if (value === undefined || value === null) return null;
    if (typeof value === 'object' && !Array.isArray(value)) return cleanJson(value) as Body;
    if (typeof value === 'string' && isBlank(value)) {
      this.warn(base + pointer(key), `${key} is blank and was ignored`);
      return null;
    }
    this.problem(base + pointer(key), `${key} is ${typeName(value)} where an object belongs`, `write "${key}": { … }`);
    return null;
  }

  /** One text (numbers are taken as text); null where absent or blank. A template tag in it is a problem. */
  text(key: string, base = '', from: Body = this.body): string | null {
    const value = own(from, key);
    if (value === undefined || value === null) return null;
    const at = base + pointer(key);
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      this.problem(at, `${key} is a number that JSON cannot carry exactly`, 'put it between quotes');
      return null;
    }
    if (typeof value !== 'string' && typeof value !== 'number') {
      this.problem(at, `${key} is ${typeName(value)} where a text belongs`, 'put quotes around the tag');
      return null;
    }
    const text = withoutInvisible(decodeAmpersand(cleanText(String(value)))).trim();
    if (isBlank(text)) return null;
    if (isUnrendered(text)) {
      this.problem(
        at,
        `${key} still holds a template tag`,
        'check the spelling of the tag, and send from a live profile',
        'tag',
      );
      return null;
    }
    if (text.length > 255) {
      this.problem(at, `${key} is longer than 255 characters`, 'check which property the tag inserts', 'length');
      return null;
    }
    return text;
  }

  /** Refuses a key that bounds the rest where its value is blank, or was left out by the template. JSON null says: without it. */
  refuseBlank(
    key: string,
    { without, give }: Bound,
    {
      base = '',
      from = this.body,
      holes,
    }: { base?: string; from?: Body; holes?: ReadonlySet<string> | undefined } = {},
  ): void {
    const value = own(from, key);
    const at = base + pointer(key);
    const isEmpty =
      value === undefined ? holes?.has(at) : typeof value === 'string' && isBlank(withoutInvisible(value));
    if (isEmpty) this.problem(at, `${key} is empty, and ${without}`, `give ${give}, or leave ${key} out`);
  }

  /** true and false as JSON or as templates write them; absent, null and blank are false. */
  boolean(key: string): boolean {
    const value = own(this.body, key);
    if (typeof value === 'boolean') return value;
    if (value === undefined || value === null) return false;
    const word = typeof value === 'object' ? '?' : String(value).trim().toLowerCase();
    if (word === 'true' || word === '1' || word === 'yes') return true;
    if (word === 'false' || word === '0' || word === 'no' || isBlank(word)) return false;
    this.problem(pointer(key), `${key} is neither true nor false`, 'send true or false, without quotes');
    return false;
  }

  idempotencyKey(): string | null {
    const key = Object.hasOwn(this.body, 'idempotency_key') ? 'idempotency_key' : 'idempotencyKey';
    const value = this.text(key);
    if (value !== null && isOurOwnKey(value)) {
      this.problem(pointer(key), `${key} begins like the keys of our own requests`, 'put a word of yours before it');
    }
    if (value === null && Object.hasOwn(this.body, key) && this.problems.length === 0) {
      this.warn(pointer(key), `${key} is blank: the delivery is treated as one without a key`);
    }
    return value;
  }

  /** A guard that only moves forward: a whole number, or a time with a zone as ISO 8601 in UTC. */
  version(): string | null {
    const key = Object.hasOwn(this.body, 'version') ? 'version' : 'updated_at';
    const text = this.text(key);
    if (text === null) return null;
    if (/^\d{1,30}$/.test(text)) return text.replace(/^0+(?=\d)/, '');
    const time = /^\d{4}-\d{2}-\d{2}[T ].*(Z|[+-]\d{2}:?\d{2})$/i.test(text) ? Date.parse(text) : NaN;
    if (!Number.isNaN(time)) return new Date(time).toISOString();
    this.warn(pointer(key), `${key} is neither a whole number nor a time with a zone, and was ignored`);
    return null;
  }

  /**
   * Warns of every key beyond the known ones: nothing mistyped is lost without a sentence. `place` says where values of
   * that name probably belong.
   */
  unknownKeys(
    known: readonly string[],
    { base = '', from = this.body, place }: { base?: string; from?: Body; place?: (key: string) => string | null } = {},
  ): void {
    const unknown = Object.keys(from).filter((key) => !known.includes(key));
    if (unknown.length > MOST_HINTS) {
      this.warn(base, `${unknown.length - MOST_HINTS} more keys are unknown and were ignored`);
    }
    for (const key of unknown.slice(0, MOST_HINTS)) {
      const near = nearest(key, known);
      const where = near ? `did you mean "${near}"?` : place?.(key);
      const said = `"${cleanText(key).slice(0, 100)}" is unknown and was ignored`;
      this.warn(base + pointer(key), where ? `${said}; ${where}` : said);
    }
  }

  take(part: { problems: FieldProblem[]; warnings: FieldWarning[]; identifiers: Identifier[] }): Identifier[] {
    this.problems.push(...part.problems);
    this.warnings.push(...part.warnings);
    return part.identifiers;
  }

  finish<C>(command: () => C): Parsed<C> {
    const { problems, warnings } = this;
    return problems.length > 0 ? { ok: false, problems, warnings } : { ok: true, command: command(), warnings };
  }
}

/** An own property; an inherited one is no data. */
export const own = (from: Body, key: string): JsonValue | undefined =>
  Object.hasOwn(from, key) ? from[key] : undefined;
