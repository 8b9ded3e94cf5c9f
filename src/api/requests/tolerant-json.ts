import { cleanText, holdsControls, PROTOTYPE_KEYS, pointer } from '../../common/clean-text.js';
import type { JsonValue } from '../../common/json.js';
import { JsonFault, readString, type Cursor } from './json-text.js';

/** The listed repairs, and nothing else: what Klaviyo's templates leave behind. */
export const REPAIRS = [
  'trailing-comma',
  'python-literal',
  'missing-value',
  'single-quotes',
  'big-number-as-text',
  'control-characters',
] as const;
export type RepairCode = (typeof REPAIRS)[number];
export interface Repair {
  code: RepairCode;
  /** JSON pointer of the value concerned. */
  pointer: string;
  line: number;
  column: number;
}
export interface JsonProblem {
  line: number;
  column: number;
  message: string;
  cure: string;
}
export type ParsedDelivery =
  | { ok: true; value: Record<string, JsonValue>; repairs: Repair[]; holes: string[] }
  | { ok: false; problems: JsonProblem[] };

export const MAX_DEPTH = 32;
export const MAX_KEYS = 2000;
const MAX_REPAIRS = 100;
/** Items of lists for each key that a body may have. */
const ITEMS_PER_KEY = 5;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[A-Za-z_]+/y;
const CURLY_QUOTES = '“”„‟«»‘’‚‛';
const PYTHON: Readonly<Record<string, JsonValue>> = { True: true, False: false };
const WORDS: Readonly<Record<string, JsonValue>> = { ...PYTHON, true: true, false: false, null: null };
/** What a template writes without quotes where a value is missing. JSON's own null is none of them: it clears. */
const NOTHING = /(?:None|NaN|nan|undefined|N\/A|n\/a|-+)(?=\s*[,}\]])/y;

/** Another key and its colon: what was before it has ended. */
const NEXT_KEY = /"[^"\\\n]{1,200}"\s{0,20}:/y;

/** A value that the template left out; the key that held it counts as absent. */
const HOLE = Symbol('hole');

/** Recursive descent over one text: strict JSON, with each deviation that it forgives written down. */
class Scanner implements Cursor {
  at = 0;
  keys = 0;
  items = 0;
  /** The place that was asked for last: repairs come in the order of the text. */
  private last = { at: 0, line: 1, start: 0 };
  readonly repairs: Repair[] = [];
  /** Pointers of the keys whose value the template left out. */
  readonly holes: string[] = [];
  constructor(
    readonly text: string,
    readonly maxKeys = MAX_KEYS,
  ) {}

  place(at: number): { line: number; column: number } {
    if (at < this.last.at) this.last = { at: 0, line: 1, start: 0 };
    let { line, start } = this.last;
    for (let end = this.text.indexOf('\n', start); end !== -1 && end < at; end = this.text.indexOf('\n', start)) {
      line++;
      start = end + 1;
    }
    this.last = { at, line, start };
    return { line, column: at - start + 1 };
  }
  fail(message: string, cure: string, at = this.at): never {
    throw new JsonFault(message, cure, at);
  }
  repair(code: RepairCode, path: readonly (string | number)[], at = this.at): void {
    if (this.repairs.length >= MAX_REPAIRS) this.fail('the body needs too many repairs', 'put quotes around every tag');
    this.repairs.push({ code, pointer: pointer(...path), ...this.place(at) });
  }
  /** The body ends here, and something in it is still open. */
  failAtEnd(where: string): never {
    this.fail(
      `the body ends at character ${this.text.length}, ${where}`,
      'send the whole of it: it was probably cut off, or a bracket is missing at its end',
    );
  }
  /** What word processors and mail programs make of a straight quote when a body is pasted from them. */
  refuseCurlyQuote(): void {
    if (!CURLY_QUOTES.includes(this.peek() ?? 'x')) return;
    this.fail('a curly quote is where a straight one belongs', 'type " again, in an editor for plain text');
  }
  skip(): void {
    while (' \t\n\r'.includes(this.text[this.at] ?? 'x')) this.at++;
  }
  peek(): string | undefined {
    return this.text[this.at];
  }
  string(path: readonly (string | number)[]): string {
    const start = this.at;
    if (this.peek() === "'") this.repair('single-quotes', path);
    const text = readString(this, String(path.at(-1) ?? 'a key'));
    // Valid JSON, however much of it: past the limit it is only no longer listed.
    if (holdsControls(text) && this.repairs.length < MAX_REPAIRS) this.repair('control-characters', path, start);
    return text;
  }

  value(path: (string | number)[], depth: number): JsonValue | typeof HOLE {
    this.skip();
    const char = this.peek();
    const name = String(path.at(-1) ?? 'the body');
    if (depth > MAX_DEPTH) this.fail(`more than ${MAX_DEPTH} levels of nesting`, 'send plain values');
    if (char === undefined) this.failAtEnd(`where ${name} has no value yet`);
    if (/^\{[{%]/.test(this.text.slice(this.at, this.at + 2))) {
      this.fail(`${name} still holds a template tag`, 'check the spelling of the tag, and put quotes around it');
    }
    if (char === '{') return this.object(path, depth);
    if (char === '[') return this.array(path, depth);
    if (char === '"' || char === "'") return this.string(path);
    if (char === ',' || char === '}') {
      if (typeof path.at(-1) === 'string') {
        this.repair('missing-value', path);
        return HOLE;
      }
      this.fail('a list has an empty place', 'put quotes around the tag or add |default:0');
    }
    this.refuseCurlyQuote();
    const number = this.number(path, name);
    if (number !== undefined) return number;
    const nothing = this.nothing(path);
    return nothing === undefined ? this.word(path, name) : nothing;
  }

  /** A word for nothing: the key counts as absent, an item of a list as null. */
  nothing(path: readonly (string | number)[]): null | typeof HOLE | undefined {
    NOTHING.lastIndex = this.at;
    const word = NOTHING.exec(this.text)?.[0];
    if (word === undefined) return undefined;
    this.repair(word === 'None' ? 'python-literal' : 'missing-value', path);
    this.at += word.length;
    return typeof path.at(-1) === 'string' ? HOLE : null;
  }

  number(path: readonly (string | number)[], name: string): JsonValue | undefined {
    NUMBER.lastIndex = this.at;
    const digits = NUMBER.exec(this.text)?.[0];
    if (digits === undefined) return undefined;
    const start = this.at;
    this.at += digits.length;
    if (/[\w.+-]/.test(this.peek() ?? ' ')) {
      this.fail(`${name} is neither a number nor a text between quotes`, 'put quotes around the tag', start);
    }
    const number = Number(digits);
    if (!Number.isFinite(number)) this.fail(`${name} is too large a number`, 'put quotes around the tag', start);
    // Read digit by digit: rounding a long id makes it somebody else's.
    if (/^-?\d+$/.test(digits) && !Number.isSafeInteger(number)) {
      this.repair('big-number-as-text', path, start);
      return digits;
    }
    return number;
  }

  word(path: readonly (string | number)[], name: string): JsonValue {
    WORD.lastIndex = this.at;
    const word = WORD.exec(this.text)?.[0] ?? '';
    if (Object.hasOwn(WORDS, word)) {
      if (Object.hasOwn(PYTHON, word)) this.repair('python-literal', path);
      this.at += word.length;
      if (!/[\w.]/.test(this.peek() ?? ' ')) return WORDS[word] as JsonValue;
      this.at -= word.length;
    }
    this.fail(`${name} is a text without quotes`, 'put quotes around the tag, as in "{{ person.email }}"');
  }

  object(path: (string | number)[], depth: number): JsonValue {
    const out: Record<string, JsonValue> = {};
    const seen = new Set<string>();
    this.at++;
    for (let first = true; ; first = false) {
      this.skip();
      if (this.peek() === '}') {
        if (!first) this.repair('trailing-comma', path);
        this.at++;
        return out;
      }
      const start = this.at;
      if (this.peek() !== '"' && this.peek() !== "'") {
        this.refuseCurlyQuote();
        if (this.peek() === undefined) this.failAtEnd('in the middle of an object');
        this.fail('a key between quotes is expected here', 'check quotes and commas just before this place');
      }
      const key = this.string(path);
      // As it will be kept: what the database does not take must not tell two keys apart.
      const name = cleanText(key);
      if (PROTOTYPE_KEYS.has(name)) this.fail(`the key "${name}" is not allowed`, 'rename it', start);
      if (seen.has(name)) this.fail(`the key "${name}" appears twice in one object`, 'keep one of them', start);
      if (++this.keys > this.maxKeys) this.fail(`more than ${this.maxKeys} keys`, 'send fewer properties', start);
      seen.add(name);
      this.skip();
      if (this.peek() === undefined) this.failAtEnd(`after the key "${key}"`);
      if (this.peek() !== ':') this.fail(`a colon is missing after "${key}"`, 'write "name": "value"');
      this.at++;
      const value = this.value([...path, key], depth + 1);
      if (value === HOLE) this.holes.push(pointer(...path, key));
      else out[key] = value;
      if (this.endOfItem('}', key)) return out;
    }
  }

  array(path: (string | number)[], depth: number): JsonValue {
    const out: JsonValue[] = [];
    this.at++;
    for (;;) {
      this.skip();
      if (this.peek() === ']') {
        if (out.length > 0) this.repair('trailing-comma', path);
        this.at++;
        return out;
      }
      const most = ITEMS_PER_KEY * this.maxKeys;
      if (++this.items > most) this.fail(`more than ${most} items in lists`, 'send fewer items');
      out.push(this.value([...path, out.length], depth + 1) as JsonValue);
      if (this.endOfItem(']', `item ${out.length}`)) return out;
    }
  }

  /** Consumes a comma (false) or the closing bracket (true) after an item. */
  endOfItem(close: '}' | ']', name: string): boolean {
    this.skip();
    const char = this.peek();
    if (char !== ',' && char !== close) {
      if (char === undefined) this.failAtEnd(`after ${name}`);
      NEXT_KEY.lastIndex = this.at;
      if (close === '}' && NEXT_KEY.test(this.text)) {
        this.fail(`a comma is missing after ${name}`, 'write a comma between two entries');
      }
      this.fail(
        `after ${name} a comma or "${close}" is expected`,
        'a quote inside a value ends it too early: do not use |safe, and close every bracket',
      );
    }
    this.at++;
    return char === close;
  }
}

/**
 * Reads one delivery: strict JSON, or JSON with a bounded list of repairs, each reported with its place (`line` and
 * `column` count from 1). Never evaluates anything and never throws. Integers beyond 2^53-1 come as text. `maxKeys` is
 * for senders whose signature was verified before.
 */
export function parseDelivery(raw: Uint8Array, maxKeys = MAX_KEYS): ParsedDelivery {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    if (raw[0] === 0x1f && raw[1] === 0x8b) {
      const compressed = { message: 'the body is compressed (gzip)', cure: 'send it uncompressed' };
      return { ok: false, problems: [{ line: 1, column: 1, ...compressed }] };
    }
    const lossy = new TextDecoder('utf-8').decode(raw);
    const bad = new Scanner(lossy).place(Math.max(0, lossy.indexOf('\ufffd')));
    return {
      ok: false,
      problems: [{ ...bad, message: 'the body is not valid UTF-8', cure: 'send the body as UTF-8' }],
    };
  }
  const scanner = new Scanner(text, maxKeys);
  try {
    scanner.skip();
    if (scanner.peek() === undefined) scanner.fail('the body is empty', 'send a JSON object');
    if (scanner.peek() !== '{') scanner.fail('the body is not a JSON object', 'start it with { and end it with }');
    const value = scanner.value([], 1) as Record<string, JsonValue>;
    scanner.skip();
    if (scanner.peek() !== undefined) scanner.fail('there is text after the end of the JSON object', 'remove it');
    return { ok: true, value, repairs: scanner.repairs, holes: scanner.holes };
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    return { ok: false, problems: [{ ...scanner.place(error.at), message: error.message, cure: error.cure }] };
  }
}
