import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { parse, CsvError, type Info } from 'csv-parse';
import { cleanText } from '../../common/clean-text.js';
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
/** Whether a request may take long to arrive. */
export const isCampaignUpload = ({ method, url }: Pick<IncomingMessage, 'method' | 'url'>): boolean =>
  method === 'PUT' && /^\/api\/[^/?]+\/campaigns\/[^/?]+\/rows(?:\?|$)/.test(url ?? '');
const LONGEST_ROW = 64 * 1024;
const DELIMITERS = [',', ';', '\t'];

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
    if (first && chunk.length > 1) {
      first = false;
      if ((chunk[0] === 0xff && chunk[1] === 0xfe) || (chunk[0] === 0xfe && chunk[1] === 0xff)) {
        throw refuse('it is UTF-16, as Excel saves "Unicode text"', SAVE_AS, 1);
      }
      if (chunk[0] === 0x50 && chunk[1] === 0x4b) throw refuse('it is a workbook, or a ZIP file', SAVE_AS, 1);
    }
    if (chunk.includes(0)) throw refuse('it holds NUL bytes: probably UTF-16', SAVE_AS, line);
    const decoded = text(chunk);
    yield decoded;
    for (let at = decoded.indexOf('\n'); at !== -1; at = decoded.indexOf('\n', at + 1)) line++;
  }
  yield text();
}

/** The delimiter that the first line holds most of. */
function delimiterOf(text: string): string {
  const header = text.slice(0, 10_000).split('\n', 1)[0]!;
  const counts = DELIMITERS.map((one) => header.split(one).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}

interface Header {
  names: string[];
  wanted: readonly string[];
  options: IdentifierOptions;
}

function checkHeader(record: readonly string[], wanted: readonly string[], options: IdentifierOptions): Header {
  const names = record.map((name) => cleanText(name).trim());
  const twice = names.find((name, index) => name !== '' && names.indexOf(name) !== index);
  if (twice !== undefined) throw refuse(`two columns are called "${twice.slice(0, 100)}"`, 'rename one of them', 1);
  const kinds = [...IDENTIFIER_KINDS, ...(options.custom ?? [])];
  const probe = Object.fromEntries(names.map((name) => [name, '4915112345678']));
  const named = parseIdentifiers(probe, options);
  const known = named.identifiers.length + named.problems.filter(({ pointer }) => pointer !== '/identifiers').length;
  if (known === 0) {
    const first = names.find((name) => name !== '') ?? '';
    throw refuse('no column of its first line names a customer', didYouMean(first, kinds).replace(/\.$/, ''), 1);
  }
  for (const name of wanted) {
    if (names.includes(name)) continue;
    throw refuse(`the action needs a column "${name}"`, didYouMean(name, names).replace(/\.$/, ''), 1);
  }
  return { names, wanted, options };
}

function readRow(record: readonly string[], line: number, { names, wanted, options }: Header): CsvRow {
  const faulty = (fault: string): CsvRow => ({ line, identifiers: [], given: {}, fault });
  if (record.length !== names.length) {
    return faulty(
      `It has ${record.length} values, the first line has ${names.length}. Put a value that holds the delimiter between quotes.`,
    );
  }
  const values = Object.fromEntries(names.map((name, index) => [name, record[index]!]));
  const { identifiers, problems } = parseIdentifiers(values, options);
  if (problems.length > 0) return faulty(problems.map(({ message, cure }) => `${message}: ${cure}.`).join(' '));
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
  const parser = parse({
    bom: true,
    delimiter: delimiterOf(first.value ?? ''),
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: LONGEST_ROW,
    on_skip: (error) => {
      if (!error) return undefined;
      const line = 'lines' in error ? Number(error.lines) : 0;
      skipped.push({ line, identifiers: [], given: {}, fault: `It cannot be read (${error.code}). Check its quotes.` });
      return undefined;
    },
  });
  const input = Readable.from(whole());
  input.on('error', (error) => parser.destroy(error));
  input.pipe(parser);
  let header: Header | undefined;
  let rows = 0;
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>) {
      header ??= checkHeader(record, wanted, options);
      // Empty until the first line has been seen.
      if (rows++ > 0) yield readRow(record, info.lines, header);
      while (skipped.length > 0) yield skipped.shift()!;
      if (rows > MOST_ROWS + 1) throw refuse('it has more than 1,000,000 rows', 'split it');
    }
  } catch (error) {
    if (error instanceof CsvError) throw refuse(error.message, 'check its quotes');
    throw error;
  } finally {
    input.destroy();
  }
  yield* skipped;
  if (!header)
    throw refuse('it is empty', 'send a first line with names of columns, and one line for each customer', 1);
}
