import { listRows, type ResultRow } from '../../database/campaigns/progress.js';
import type { Sql } from '../../database/connect.js';
import type { NewRow } from '../../database/campaigns/audience.js';
import { columnsOf, type CampaignDefinition } from '../../passes/campaign.js';
import type { IdentifierOptions } from '../../passes/identifiers.js';
import { readCampaignCsv, type CsvRow } from '../requests/campaign-csv.js';

/** Faulty rows that the answer of an upload names; all of them are in the rows. */
export const NAMED_FAULTS = 100;
const PAGE = 1_000;

export interface NamedFault {
  line: number;
  message: string;
}

/** The rows of a file as `uploadRows` takes them; its first faults go to `errors`. */
export const readFile = (source: AsyncIterable<Buffer>, options: IdentifierOptions, errors: NamedFault[]) =>
  async function* ({ action }: CampaignDefinition): AsyncGenerator<NewRow> {
    for await (const row of readCampaignCsv(source, columnsOf(action), options)) {
      if (row.fault !== null && errors.length < NAMED_FAULTS) errors.push({ line: row.line, message: row.fault });
      yield newRow(row);
    }
  };

const newRow = ({ line, identifiers, given, fault }: CsvRow): NewRow => ({
  state: fault === null ? 'read' : 'refused',
  line,
  identifiers: fault === null ? identifiers : null,
  given: fault === null ? given : null,
  passId: null,
  customerId: null,
  dueAt: null,
  reason: fault,
});

const COLUMNS = [
  'row',
  'line',
  'serialNumber',
  'state',
  'operationId',
  'outcome',
  'reason',
  'pushed',
  'fetched',
] as const satisfies readonly (keyof ResultRow)[];

/** A table program runs a cell that begins like a formula: an apostrophe makes it text. Programs read NDJSON. */
function cell(value: string | number | boolean | null): string {
  const plain = String(value ?? '');
  const text = /^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

interface ResultFile {
  faulty: boolean;
  csv: boolean;
  /** Makes a reason fit for a reader who may not read customers. */
  mask?: (reason: string) => string;
  /** Who holds the passes, by serial number. */
  whom?: (serialNumbers: readonly string[]) => Promise<ReadonlyMap<string, string>>;
}

/** What became of each row, line by line; a table for people says whose row it was, too. */
export async function* writeResults(
  db: Sql,
  campaignId: string,
  { faulty, csv, mask, whom }: ResultFile,
): AsyncGenerator<string> {
  const line = (values: readonly (string | number | boolean | null)[]): string => `${values.map(cell).join(',')}\r\n`;
  if (csv) yield line(whom ? [...COLUMNS, 'customer'] : COLUMNS);
  for (let after = '0'; ;) {
    const read = await listRows(db, campaignId, { after, limit: PAGE, faulty });
    const rows = mask ? read.map((row) => ({ ...row, reason: row.reason && mask(row.reason) })) : read;
    const names = await whom?.(rows.flatMap(({ serialNumber }) => serialNumber ?? []));
    const write = (row: ResultRow): string =>
      csv
        ? line([...COLUMNS.map((name) => row[name]), ...(names ? [names.get(row.serialNumber ?? '') ?? null] : [])])
        : `${JSON.stringify(row)}\n`;
    if (rows.length > 0) yield rows.map(write).join('');
    if (rows.length < PAGE) return;
    after = rows.at(-1)!.row;
  }
}
