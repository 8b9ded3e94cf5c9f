import type Koa from 'koa';
import { z } from 'zod';
import { readBacklog } from '../../database/operations/backlog.js';
import { listTroubledEndpoints } from '../../database/merchants/webhook-endpoints.js';
import { listOperations, type OperationFilter } from '../../database/operations/list-operations.js';
import { listOperatorSteps } from '../../database/operations/operator.js';
import { operatorHomePage, type CustomerLine, type FilterView, type TroubleLine } from '../../pages/operator-home.js';
import type { FormFault, RefusedForm } from '../../pages/form-faults.js';
import {
  OPERATION_KINDS,
  OPERATION_STATUSES,
  OUTCOMES,
  type OperationKind,
  type OperationStatus,
  type Outcome,
} from '../../passes/operation.js';
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
  .refine((text) => z.iso.date().safeParse(text.slice(0, 10)).success)
  .transform((text) => new Date(text.length > 10 ? `${text.replace(' ', 'T')}Z` : text))
  .refine((date) => !Number.isNaN(date.getTime()));

const LABELS = { status: 'Status', outcome: 'Outcome', kind: 'Request', from: 'From', to: 'Until' } as const;
type Control = keyof typeof LABELS;
export const FILTER_CONTROLS = Object.keys(LABELS) as Control[];

export interface RequestFilter {
  status?: OperationStatus;
  outcome?: Outcome;
  kind?: OperationKind;
  from?: Date;
  to?: Date;
}

/** A filter with what was written; `faults` say what of it cannot be meant. */
interface ReadFilter {
  filter: RequestFilter;
  values: Readonly<Partial<Record<Control, string>>>;
  faults: FormFault[];
}

/** The filter of an address or a form. */
export function readFilter(given: Form | Koa.Context['query']): ReadFilter {
  const faults: FormFault[] = [];
  const written = FILTER_CONTROLS.map((name) => [name, [given[name] ?? ''].flat().at(-1)!.trim()] as const);
  const values: ReadFilter['values'] = Object.fromEntries(written.filter(([, text]) => text !== ''));
  const read = <T>(name: Control, schema: z.ZodType<T>, wants: string): T | undefined => {
    const text = values[name];
    const found = text === undefined ? undefined : schema.safeParse(text);
    if (found?.success === false) {
      faults.push({ control: name, text: `“${LABELS[name]}” does not take “${text!.slice(0, 60)}”: ${wants}.` });
    }
    return found?.data;
  };
  const choice = 'choose one of the list';
  const time = 'write a day such as 2026-01-31, or a day and a time such as 2026-01-31 14:00';
  const filter = {
    status: read('status', z.enum(OPERATION_STATUSES), choice),
    outcome: read('outcome', z.enum(OUTCOMES), choice),
    kind: read('kind', z.enum(OPERATION_KINDS), choice),
    from: read('from', localTime, time),
    to: read('to', localTime, time),
  };
  if (filter.from && filter.to && filter.to <= filter.from) {
    faults.push({ control: 'to', text: `“${LABELS.to}” is not after “${LABELS.from}”: write a later time.` });
  }
  const chosen = Object.entries(filter).filter(([, value]) => value !== undefined);
  return { filter: Object.fromEntries(chosen) as RequestFilter, values, faults };
}

const localText = (date: Date | undefined): string => date?.toISOString().slice(0, 16).replace('T', ' ') ?? '';

const asForm = ({ status, outcome, kind, from, to }: RequestFilter): Record<string, string> =>
  Object.fromEntries(
    Object.entries({ status, outcome, kind, from: localText(from), to: localText(to) }).filter(([, value]) => value),
  ) as Record<string, string>;

function presentFilter({ filter, values, faults }: ReadFilter): FilterView {
  const choice = (name: Control, options: readonly string[], chosen: string | undefined) => ({
    name,
    label: LABELS[name],
    options,
    chosen: chosen ?? '',
  });
  return {
    choices: [
      choice('status', OPERATION_STATUSES, filter.status),
      choice('outcome', OUTCOMES, filter.outcome),
      choice('kind', OPERATION_KINDS, filter.kind),
    ],
    from: values.from ?? '',
    to: values.to ?? '',
    active: Object.keys(values).length > 0,
    faults,
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

/** What the first page was asked for, beyond what it always shows. */
interface Asked {
  found?: CustomerLine[];
  search?: RefusedForm;
  /** A retry that was not taken: its filter. */
  retry?: RefusedForm;
}

/** The first page: what is wrong, what was found, and the requests that match. */
export async function showHome(
  deps: ApiDeps,
  ctx: Koa.Context,
  session: OperatorSession,
  { found, search, retry }: Asked = {},
): Promise<void> {
  const { tenantId } = session.tenant;
  const sql = deps.database.tenant(tenantId);
  const isAsked = ctx.method === 'GET';
  const read = readFilter(isAsked ? ctx.query : (retry?.values ?? {}));
  const isReadable = read.faults.length === 0;
  const cursor = isAsked ? [ctx.query['cursor']].flat().at(-1) : undefined;
  const wanted: OperationFilter = {
    ...read.filter,
    ...(cursor !== undefined && { before: decodeCursor(cursor) }),
    limit: PAGE + 1,
  };
  const [rows, troubled, trouble, backlog] = await Promise.all([
    isReadable ? listOperations(sql, wanted) : [],
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
  const form = asForm(read.filter);
  const address = (more: Record<string, string>): string => {
    const text = new URLSearchParams({ ...form, ...more }).toString();
    return text === '' ? base : `${base}?${text}`;
  };
  const ownFaults = retry?.faults.filter(({ control }) => control === null) ?? [];
  const filterView = presentFilter({ ...read, faults: [...ownFaults, ...read.faults] });
  const retryable = filterView.active && mays(session, 'Operation.Write') && page.length > 0;
  const view = operatorHomePage({
    frame: session.frame,
    trouble: [...trouble, ...endpointTrouble(troubled.length)],
    backlog: presentBacklog(backlog),
    found: found ?? null,
    search: search ?? { values: {}, faults: [] },
    filter: filterView,
    operations: isReadable ? lines : null,
    newestUrl: cursor === undefined ? null : address({}),
    olderUrl: rows.length > PAGE ? address({ cursor: encodeCursor(page.at(-1)!.acceptance_sequence) }) : null,
    retry: retryable ? form : null,
    endpoints: troubled.map((row) => presentTroubledEndpoint(row, mays(session, 'Tenant.Admin'))),
  });
  sendPage(ctx, deps, view, isReadable ? 200 : 422);
}
