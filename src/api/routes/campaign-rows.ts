import { Readable } from 'node:stream';
import { z } from 'zod';
import { moveCampaign } from '../../database/campaigns/campaigns.js';
import { listRows, type ResultRow } from '../../database/campaigns/progress.js';
import { uploadRows } from '../../database/campaigns/upload.js';
import type { NewRow } from '../../database/campaigns/audience.js';
import { columnsOf } from '../../passes/campaign.js';
import { none, tenantId } from '../parameters.js';
import { ApiError } from '../problems.js';
import { readCampaignCsv, type CsvRow } from '../requests/campaign-csv.js';
import { route, type ApiDeps, type Route } from '../route.js';
import { campaignId, theirCampaign } from './campaigns.js';

/** Faulty rows that the answer of an upload names; all of them stand in the rows. */
const NAMED_FAULTS = 100;
/** Uploads at the same time in one process: each holds a connection to the database. */
const MOST_UPLOADS = 2;
const PAGE = 1_000;

const one = z.object({ tenantId, campaignId });
const uploaded = z.object({
  rows: z.int().describe('Lines of the file, without the first'),
  faulty: z.int(),
  errors: z.array(z.object({ line: z.int(), message: z.string() })).describe(`The first ${NAMED_FAULTS} faulty ones`),
});

const result = z.object({
  row: z.string(),
  line: z.int().nullable(),
  serialNumber: z.string().nullable(),
  state: z.string(),
  operationId: z.uuid().nullable(),
  outcome: z.string().nullable(),
  reason: z.string().nullable(),
  pushed: z.boolean(),
  fetched: z.boolean(),
});

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

/** The rows of a campaign: their upload, and what became of each. */
export const campaignRowRoutes = (deps: ApiDeps): Route[] => {
  let uploads = 0;

  async function* results(tenant: string, id: string, state: 'all' | 'refused', csv: boolean): AsyncGenerator<string> {
    if (csv) yield `${COLUMNS.join(',')}\r\n`;
    for (let after = '0'; ;) {
      const page = { after, limit: PAGE, faulty: state === 'refused' };
      const rows = await listRows(deps.database.tenant(tenant), id, page);
      const write = (row: ResultRow): string =>
        csv ? `${COLUMNS.map((name) => cell(row[name])).join(',')}\r\n` : `${JSON.stringify(row)}\n`;
      if (rows.length > 0) yield rows.map(write).join('');
      if (rows.length < PAGE) return;
      after = rows.at(-1)!.row;
    }
  }

  return [
    route({
      method: 'PUT',
      path: '/api/:tenantId/campaigns/:campaignId/rows',
      scope: 'Campaign.Write',
      summary: 'Upload the CSV of a campaign, up to 1,000,000 rows: all or nothing; then its dry run begins',
      tag: 'Campaigns',
      operationId: 'uploadCampaignRows',
      params: one,
      query: none,
      headers: [{ name: 'Content-Type', description: 'text/csv, in UTF-8' }],
      answers: { 200: { description: 'Taken; faulty rows are named and left out', schema: uploaded } },
      problems: ['not-found', 'conflict', 'invalid-request', 'body-too-large'],
      async handler(ctx, { params, caller }) {
        await theirCampaign(deps, caller, params.campaignId);
        if (uploads >= MOST_UPLOADS) {
          throw new ApiError('rate-limited', 'Other uploads are under way. Send it again in a minute.', {
            headers: { 'Retry-After': '60' },
          });
        }
        const { defaultCountry, customIdentifiers: custom } = caller.tenant.settings;
        const db = deps.database.tenant(caller.tenant.tenantId);
        const errors: z.output<typeof uploaded>['errors'] = [];
        uploads++;
        try {
          const taken = await uploadRows(db, params.campaignId, async function* ({ action }) {
            for await (const row of readCampaignCsv(ctx.req, columnsOf(action), { defaultCountry, custom })) {
              if (row.fault !== null && errors.length < NAMED_FAULTS) {
                errors.push({ line: row.line, message: row.fault });
              }
              yield newRow(row);
            }
          });
          if (typeof taken !== 'object') {
            throw new ApiError('conflict', `The campaign is ${taken ?? 'gone'}; it takes no file now.`);
          }
          await moveCampaign(db, params.campaignId, 'uploaded');
          deps.notifyAccepted();
          ctx.status = 200;
          ctx.body = { ...taken, errors } satisfies z.output<typeof uploaded>;
        } finally {
          uploads--;
          ctx.req.resume();
        }
      },
    }),
    route({
      method: 'GET',
      path: '/api/:tenantId/campaigns/:campaignId/rows',
      scope: 'Operation.Read',
      orScope: 'Campaign.Write',
      summary: 'What became of each row, as a download: NDJSON, or CSV',
      tag: 'Campaigns',
      operationId: 'downloadCampaignRows',
      params: one,
      query: z.object({
        format: z.enum(['ndjson', 'csv']).default('ndjson'),
        state: z.enum(['all', 'refused']).default('all').describe('refused: rows of the file that could not be read'),
      }),
      answers: {
        200: {
          description:
            'One line for each row; with `format=csv` a first line with the names, and an apostrophe before cells that begin like a formula',
          schema: result,
          contentType: 'application/x-ndjson',
        },
      },
      problems: ['not-found'],
      async handler(ctx, { params, query, caller }) {
        await theirCampaign(deps, caller, params.campaignId);
        const csv = query.format === 'csv';
        ctx.status = 200;
        ctx.set('Content-Type', csv ? 'text/csv; charset=utf-8' : 'application/x-ndjson');
        ctx.set('Content-Disposition', `attachment; filename="campaign-${params.campaignId}.${query.format}"`);
        ctx.body = Readable.from(results(caller.tenant.tenantId, params.campaignId, query.state, csv));
      },
    }),
  ];
};
