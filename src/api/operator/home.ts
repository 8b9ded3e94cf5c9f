import type Koa from 'koa';
import { z } from 'zod';
import { readBacklog } from '../../database/operations/backlog.js';
import { listTroubledEndpoints } from '../../database/merchants/webhook-endpoints.js';
import { listOperations, type OperationFilter } from '../../database/operations/list-operations.js';
import { listOperatorSteps } from '../../database/operations/operator.js';
import { operatorHomePage, type CustomerLine, type FilterView, type TroubleLine } from '../../pages/operator-home.js';
import { OPERATION_KINDS, OPERATION_STATUSES, OUTCOMES } from '../../passes/operation.js';
import { decodeCursor, encodeCursor } from '../cursor.js';
import { maskContacts } from '../../common/mask-personal.js';
import { sendPage } from '../page-response.js';
import type { ApiDeps } from '../route.js';
import type { Form } from './inside.js';
import { mays } from './operator-rights.js';
import type { OperatorSession } from './operator-session.js';
import { presentBacklog } from './present-backlog.js';
import { presentTroubledEndpoint } from './present-deliveries.js';
import { presentLine } from './present-operator.js';
import { listTrouble } from './trouble.js';

const PAGE = 25;

/** A day, or a day and a time; without a zone it is UTC, as the label says. */
const localTime = z
  .string()
  .trim()
  .regex(/^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d)?$/)
  .transform((text) => new Date(text.length > 10 ? `${text.replace(' ', 'T')}Z` : text))
  .refine((date) => !Number.isNaN(date.getTime()))
  .optional()
  .catch(undefined);
const one = <T extends readonly [string, ...string[]]>(values: T) => z.enum(values).optional().catch(undefined);
const query = z.object({
  status: one(OPERATION_STATUSES),
  outcome: one(OUTCOMES),
  kind: one(OPERATION_KINDS),
  from: localTime,
  to: localTime,
  cursor: z.string().max(200).optional().catch(undefined),
});

export type RequestFilter = Omit<z.output<typeof query>, 'cursor'>;

/** The filter of a query or a form; what is not a choice counts as not chosen. */
export const readFilter = (given: Form | Koa.Context['query']): z.output<typeof query> => query.parse(given);

const localText = (date: Date | undefined): string => date?.toISOString().slice(0, 16).replace('T', ' ') ?? '';

const asForm = ({ status, outcome, kind, from, to }: RequestFilter): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ status, outcome, kind, from: localText(from), to: localText(to) }).filter(([, value]) => value),
  ) as Record<string, string>;

function presentFilter(filter: RequestFilter): FilterView {
  const choice = (name: string, label: string, options: readonly string[], chosen: string | undefined) => ({
    name,
    label,
    options,
    chosen: chosen ?? '',
  });
  return {
    choices: [
      choice('status', 'Status', OPERATION_STATUSES, filter.status),
      choice('outcome', 'Outcome', OUTCOMES, filter.outcome),
      choice('kind', 'Request', OPERATION_KINDS, filter.kind),
    ],
    from: localText(filter.from),
    to: localText(filter.to),
    active: Object.keys(asForm(filter)).length > 0,
  };
}

/** That there are endpoints in trouble; the table below says which and why. */
const endpointTrouble = (count: number): TroubleLine[] =>
  count === 0
    ? []
    : [
        {
          tone: 'bad',
          what: `${count === 1 ? 'one webhook endpoint of the merchant takes' : `${count} webhook endpoints of the merchant take`} no deliveries`,
          cure: 'The table below says which, since when and why. What was not delivered is tried again for 75 hours.',
        },
      ];

/** The first page: what is wrong, what was found, and the requests that match. */
export async function showHome(
  deps: ApiDeps,
  ctx: Koa.Context,
  session: OperatorSession,
  found: CustomerLine[] | null,
): Promise<void> {
  const { tenantId } = session.tenant;
  const sql = deps.database.tenant(tenantId);
  const { cursor, ...filter } = readFilter(found ? {} : ctx.query);
  const wanted: OperationFilter = {
    ...Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined)),
    ...(cursor !== undefined && { before: decodeCursor(cursor) }),
    limit: PAGE + 1,
  };
  const [rows, troubled, trouble, backlog] = await Promise.all([
    listOperations(sql, wanted),
    listTroubledEndpoints(sql),
    listTrouble(deps, tenantId),
    readBacklog(sql),
  ]);
  const page = rows.slice(0, PAGE);
  const waiting = page.filter(({ status }) => status === 'retrying').map(({ operation_id }) => operation_id);
  const steps = waiting.length === 0 ? [] : await listOperatorSteps(sql, waiting);
  const mayRead = mays(session, 'Customer.Read');
  const lines = page.map((row) =>
    presentLine(row, {
      steps: steps.filter(({ operation_id }) => operation_id === row.operation_id),
      readable: (text) => (mayRead ? text : maskContacts(text)),
    }),
  );
  const base = `/ops/${tenantId}`;
  const form = asForm(filter);
  const address = (more: Record<string, string>): string => {
    const text = new URLSearchParams({ ...form, ...more }).toString();
    return text === '' ? base : `${base}?${text}`;
  };
  const filterView = presentFilter(filter);
  const retryable = filterView.active && mays(session, 'Operation.Write') && page.length > 0;
  const view = operatorHomePage({
    frame: session.frame,
    trouble: [...trouble, ...endpointTrouble(troubled.length)],
    backlog: presentBacklog(backlog),
    found,
    filter: filterView,
    operations: lines,
    newestUrl: cursor === undefined ? null : address({}),
    olderUrl: rows.length > PAGE ? address({ cursor: encodeCursor(page.at(-1)!.acceptance_sequence) }) : null,
    retry: retryable ? form : null,
    endpoints: troubled.map((row) => presentTroubledEndpoint(row, mays(session, 'Tenant.Admin'))),
  });
  sendPage(ctx, deps, view);
}
