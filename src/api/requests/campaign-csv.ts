import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { parse, CsvError, type Info } from 'csv-parse';
import { cleanText, isUnrendered } from '../../common/clean-text.js';
import { didYouMean } from '../../common/nearest-name.js';
import {
  IDENTIFIER_KINDS,
  parseIdentifiers,
  type Identifier,
  type IdentifierOptions,
} from '../../passes/identifiers.js';
import { ApiError, type ProblemItem } from '../problems.js';

export const MOST_ROWS = 1_000_000;
const MOST_BYTES = 512 * 1024 * 1024;
/** A million rows over a slow line. */
export const UPLOAD_MS = 15 * 60_000;
/** Whether a request may take long to arrive: the file by the API, or by the operator's page. */
export const isCampaignUpload = ({ method, url }: Pick<IncomingMessage, 'method' | 'url'>): boolean =>
  (method === 'PUT' && /^\/api\/[^/?]+\/campaigns\/[^/?]+\/rows(?:\?|$)/.test(url ?? '')) ||
  (method === 'POST' && /^\/ops\/[^/?]+\/campaigns\/[^/?]+\/rows(?:\?|$)/.test(url ?? ''));
const LONGEST_ROW = 64 * 1024;
const DELIMITERS = [',', ';', '\t', '|'];

/** One line of the file: whom it names and its values, or what is wrong with it. */
export interface CsvRow {
  line: number;
  identifiers: Identifier[];
  given: Record<string, string>;
  fault: string | null;
}

const refuse = (message: string, cure: string, line?: number): ApiError =>
  new ApiError('invalid-request', `The file was not taken: ${message}. ${cure[0]!.toUpperCase()}${cure.slice(1)}.`, {
    errors: [{ ...(line !== undefined && { line }), message, cure } satisfies ProblemItem],
  });

const SAVE_AS = 'save it as "CSV UTF-8"';

/** First bytes of what is sent in place of a CSV, as Latin-1. */
const OTHER_FILES: readonly [begins: string, what: string, cure: string][] = [
  ['\xff\xfe', 'it is UTF-16, as Excel saves "Unicode text"', SAVE_AS],
  ['\xfe\xff', 'it is UTF-16, as Excel saves "Unicode text"', SAVE_AS],
  ['PK', 'it is a workbook, or a ZIP file', SAVE_AS],
  ['\xd0\xcf\x11\xe0', 'it is a workbook of an older Excel', SAVE_AS],
  ['%PDF-', 'it is a PDF', SAVE_AS],
  ['\x1f\x8b', 'it is compressed (gzip)', 'send it as it was before'],
  ['(\xb5/\xfd', 'it is compressed (zstd)', 'send it as it was before'],
  ['[{', 'it is JSON', SAVE_AS],
  ['{"', 'it is JSON', SAVE_AS],
];

/** The body of a request as a file, which can be answered before all of it has come; throws where its type says that it is wrapped in something else. */
export function csvBody(request: IncomingMessage): AsyncIterable<Buffer> {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase();
  const send = 'send the file itself as the body, as text/csv: curl -T file.csv';
  if (type.startsWith('multipart/')) throw refuse('it is wrapped in a form (multipart)', send);
  if (type === 'application/json') throw refuse('its Content-Type says that it is JSON', send);
  if (encoding !== 'identity') throw refuse(`it is compressed (${encoding.slice(0, 20)})`, 'send it as it was before');
  return request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
}

/** The text of the file; throws where it is not UTF-8, with the line. */
async function* decode(source: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let [bytes, line, first] = [0, 1, true];
  const text = (chunk?: Buffer): string => {
    try {
      return chunk ? decoder.decode(chunk, { stream: true }) : decoder.decode();
    } catch {
      throw refuse('it is not UTF-8: probably Windows-1252, as Excel saves "CSV"', SAVE_AS, line);
    }
  };
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new ApiError('body-too-large', 'The file is larger than 512 MB. Split it.');
    if (first) {
      first = false;
      const begins = chunk.toString('latin1', 0, 8);
      const other = OTHER_FILES.find(([bytes]) => begins.startsWith(bytes));
      if (other) throw refuse(other[1], other[2], 1);
    }
    if (chunk.includes(0)) throw refuse('it holds NUL bytes: probably UTF-16', SAVE_AS, line);
    const decoded = text(chunk);
    yield decoded;
    for (let at = decoded.indexOf('\n'); at !== -1; at = decoded.indexOf('\n', at + 1)) line++;
  }
  yield text();
}

/** The delimiter that the first line holds most of, or names: Excel takes, and some programs write, `sep=;`. */
function delimiterOf(text: string): { delimiter: string; from_line: number } {
  const header = text.slice(0, 10_000).split('\n', 1)[0]!;
  const named = /^\ufeff?sep=([,;|\t])\r?$/i.exec(header)?.[1];
  if (named !== undefined) return { delimiter: named, from_line: 2 };
  const counts = DELIMITERS.map((one) => header.split(one).length);
  return { delimiter: DELIMITERS[counts.indexOf(Math.max(...counts))]!, from_line: 1 };
}

/** Faults after which the start of the next row is unknown: rows would be lost silently. */
const LOST: Readonly<Record<string, string>> = {
  CSV_QUOTE_NOT_CLOSED: 'a quote is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'there is something behind a closing quote',
  CSV_MAX_RECORD_SIZE: 'a row is longer than 64 KB: perhaps a quote is never closed',
};

interface Header {
  names: string[];
  /** What each column is as an identifier: Klaviyo's export writes `Email` and `Phone Number`. */
  kinds: string[];
  wanted: readonly string[];
  options: IdentifierOptions;
}

const plain = (name: string): string => name.toLowerCase().replaceAll(/[\s_-]/g, '');

/** The names of the columns, those of identifiers as requests write them, whatever their case; one that is there already stays alone. */
function kindsOf(names: readonly string[], known: readonly string[]): string[] {
  const byPlain = new Map([...known, 'phone_number'].map((kind) => [plain(kind), kind]));
  return names.map((name, index) => {
    const kind = byPlain.get(plain(name));
    return kind === undefined || names.includes(kind) || names.findIndex((one) => plain(one) === plain(name)) !== index
      ? name
      : kind;
  });
}

function checkHeader(record: readonly string[], wanted: readonly string[], options: IdentifierOptions): Header {
  const names = record.map((name) => cleanText(name).trim());
  const twice = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  if (twice !== undefined) throw refuse(`two columns are called "${twice.slice(0, 100)}"`, 'rename one of them', 1);
  const known = [...IDENTIFIER_KINDS, ...(options.custom ?? [])];
  const kinds = kindsOf(names, known);
  const probe = Object.fromEntries(kinds.map((name) => [name, '4915112345678']));
  const named = parseIdentifiers(probe, options);
  const found = named.identifiers.length + named.problems.filter(({ pointer }) => pointer !== '/identifiers').length;
  if (found === 0) {
    const first = names.find((name) => name !== '') ?? '';
    throw refuse('no column of its first line names a customer', didYouMean(first, known).replace(/\.$/, ''), 1);
  }
  for (const name of wanted) {
    if (names.includes(name)) continue;
    throw refuse(`the action needs a column "${name}"`, didYouMean(name, names).replace(/\.$/, ''), 1);
  }
  return { names, kinds, wanted, options };
}

function readRow(record: readonly string[], line: number, { names, kinds, wanted, options }: Header): CsvRow {
  const faulty = (fault: string): CsvRow => ({ line, identifiers: [], given: {}, fault });
  if (record.length !== names.length) {
    return faulty(
      `It has ${record.length} values, the first line has ${names.length}. Put a value that holds the delimiter between quotes.`,
    );
  }
  const values = Object.fromEntries(names.map((name, index) => [name, record[index]!]));
  const named = Object.fromEntries(kinds.map((kind, index) => [kind, record[index]!]));
  const { identifiers, problems } = parseIdentifiers(named, options);
  if (problems.length > 0) return faulty(problems.map(({ message, cure }) => `${message}: ${cure}.`).join(' '));
  const tagged = wanted.find((name) => isUnrendered(values[name]!));
  if (tagged !== undefined) return faulty(`The column "${tagged}" holds a template tag. Write its value.`);
  const given = wanted.map((name) => [name, cleanText(values[name]!)]);
  return { line, identifiers, given: Object.fromEntries(given) as Record<string, string>, fault: null };
}

/**
 * Reads a CSV as it arrives, row by row: nothing of it is kept. A faulty row is one with its line and cure; a file that
 * cannot be meant throws `invalid-request`.
 */
export async function* readCampaignCsv(
  source: AsyncIterable<Buffer>,
  wanted: readonly string[],
  options: IdentifierOptions,
): AsyncGenerator<CsvRow> {
  const text = decode(source);
  const first = (await text.next()) as { value: string; done?: boolean };
  const whole = async function* () {
    yield first.value ?? '';
    yield* text;
  };
  const skipped: CsvRow[] = [];
  let lost: ApiError | undefined;
  let line = 0;
  const parser = parse({
    bom: true,
    ...delimiterOf(first.value ?? ''),
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: LONGEST_ROW,
    // It reads ahead of its consumer.
    on_record: (record: string[], { lines }: Info) => {
      line = lines;
      return record;
    },
    on_skip: (error) => {
      if (!error) return undefined;
      const at = 'lines' in error ? Number(error.lines) : 0;
      const what = LOST[error.code];
      if (what !== undefined) {
        const place = line > 0 ? ` after line ${line}` : ' in its first line';
        lost ??= refuse(`${what}${place}`, 'double the quotes within a value, and close each', line + 1);
      } else if (skipped.at(-1)?.line !== at) {
        const fault = `It cannot be read (${error.code}). Check its quotes.`;
        skipped.push({ line: at, identifiers: [], given: {}, fault });
      }
      return undefined;
    },
  });
  const input = Readable.from(whole());
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);
  let header: Header | undefined;
  let rows = 0;
  const isWhole = (): void => {
    if (lost) throw lost;
  };
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      isWhole();
      header ??= checkHeader(record, wanted, options);
      // Empty until the first line has been seen.
      if (rows++ > 0) yield readRow(record, info.lines, header);
      while (skipped.length > 0 && skipped[0]!.line < info.lines) {
        rows++;
        yield skipped.shift()!;
      }
      if (rows > MOST_ROWS + 1) throw refuse('it has more than 1,000,000 rows', 'split it');
    }
  } catch (error) {
    if (error instanceof CsvError) throw refuse(error.message, 'check its quotes');
    throw error;
  } finally {
    input.destroy();
  }
  isWhole();
  if (!header && skipped.length > 0) throw refuse('its first line cannot be read', 'check its quotes', 1);
  if (!header)
    throw refuse('it is empty', 'send a first line with names of columns, and one line for each customer', 1);
  if (rows + skipped.length === 1) {
    throw refuse(
      'it has no row below its first line',
      'write one line for each customer; where the line ends were lost (curl -d), send it by curl -T',
      1,
    );
  }
  yield* skipped;
}
