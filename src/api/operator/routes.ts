import { z } from 'zod';
import { findCustomer, type CustomerRow } from '../../database/customers/customers.js';
import { listOperations } from '../../database/operations/list-operations.js';
import { findOperation, type StepRow } from '../../database/operations/operations.js';
import { listOperatorDevices, listOperatorPasses, searchTenant } from '../../database/operations/operator.js';
import { diagnosisPage } from '../../pages/diagnosis-page.js';
import { operationPage } from '../../pages/operation-page.js';
import { operatorCustomerPage, signInPage } from '../../pages/operator-pages.js';
import { relativeTime } from '../../pages/clock.js';
import { FINAL_STATUSES } from '../../passes/operation.js';
import { normaliseIdentifier } from '../../passes/identifiers.js';
import { createThrottle } from '../access/throttle.js';
import { createTextMask } from '../../common/mask-personal.js';
import { answerOf } from './answer-of-operation.js';
import { campaignPages, type CampaignParts } from './campaigns.js';
import { messagePages } from './messages.js';
import { createOperatorActions } from './operator-actions.js';
import { FILTER_CONTROLS, showHome } from './home.js';
import { createInside, FormRefused, type Form, type Handle } from './inside.js';
import { klaviyoRoutes } from './klaviyo.js';
import { loadEvidence } from './operator-evidence.js';
import { createOperatorSessions, type OperatorSession } from './operator-session.js';
import { sendPage, redirect } from '../page-response.js';
import { tenantId } from '../parameters.js';
import { loadPassDiagnosis } from '../pass-diagnosis.js';
import { presentSummary } from '../routes/present-operation.js';
import { presentDeliveries } from './present-deliveries.js';
import { presentHistory, presentOperatorPass, timelineOf, toneOfOperation, warningsOf } from './present-operator.js';
import { ApiError } from '../problems.js';
import { readForm } from '../requests/read-form.js';
import { openRoute, type ApiDeps, type Route } from '../route.js';
import { mays } from './operator-rights.js';
import { presentPerson } from './person.js';

const SIGN_INS_PER_MINUTE = 20;
const LONGEST_TERM = 255;
/** Requests whose timelines are on a customer's page. */
const HISTORY = 10;

/** How far a request is that retries others. */
function progressOf(steps: readonly StepRow[]): { done: number; of: number } | null {
  const detail = steps.find(({ step }) => step === 'retry-operations')?.detail as
    { retried?: number; of?: number } | undefined;
  return detail?.of === undefined ? null : { done: detail.retried ?? 0, of: detail.of };
}

/** Where somebody goes who has signed in: the page of this tenant that was asked for, and nowhere else. */
function ownPage(tenantId: string, to: string): string {
  const home = `/ops/${tenantId}`;
  return to.startsWith(`${home}/`) && /^[a-z0-9/-]{1,300}$/i.test(to) ? to : home;
}

/** The operator's pages: one screen that answers why a phone did not change. */
export const operatorRoutes = (deps: ApiDeps, campaignParts: CampaignParts): Route[] => {
  const { database } = deps;
  const sessions = createOperatorSessions(deps);
  const actions = createOperatorActions(deps);
  const signIns = createThrottle(deps.now, SIGN_INS_PER_MINUTE);
  const inside = createInside(deps, sessions);

  const plain = (session: OperatorSession): boolean => mays(session, 'Customer.Read');

  const passRights = (session: OperatorSession) => ({
    write: mays(session, 'Pass.Write'),
    read: plain(session),
  });
  const readable = (
    session: OperatorSession,
    row: Pick<CustomerRow, 'first_name' | 'last_name'> | undefined,
    passes: readonly { serial_number: string }[],
  ): ((text: string) => string) => {
    if (plain(session)) return (text) => text;
    const serials = passes.map(({ serial_number }) => serial_number);
    return createTextMask([row?.first_name ?? null, row?.last_name ?? null, ...serials]);
  };

  /** The term in every form under which an identifier may be stored. */
  function formsOf(term: string, session: OperatorSession): string[] {
    const options = { defaultCountry: session.tenant.settings.defaultCountry };
    const kinds = ['email', 'phone', 'customerId'].map((kind) => normaliseIdentifier(kind, term, options));
    return [...new Set([term, term.toLowerCase(), ...kinds.flatMap((read) => (read.ok === true ? [read.value] : []))])];
  }

  const search: Handle = async (ctx, session) => {
    const id = session.tenant.tenantId;
    const form = ctx.state['form'] as Form;
    const term = (form['term'] ?? '').trim();
    if (term === '' || term.length > LONGEST_TERM) {
      const text = `${term === '' ? 'Nothing was looked for' : 'This is too long'}: write an e-mail address, a phone number, a serial number or a correlation id.`;
      throw new FormRefused([{ control: 'term', text }]);
    }
    const hits = await searchTenant(database.tenant(id), formsOf(term, session));
    if (hits.operationId) return redirect(ctx, `/ops/${id}/operations/${hits.operationId}`);
    const [only, ...others] = hits.customers;
    if (only && others.length === 0) return redirect(ctx, `/ops/${id}/customers/${only.customer_id}`);
    const found = hits.customers.map((row) => ({ customerId: row.customer_id, ...presentPerson(session, row) }));
    await showHome(deps, ctx, session, { found, search: { values: form, faults: [] } });
  };

  const showCustomer: Handle = async (ctx, session, params) => {
    const id = session.tenant.tenantId;
    const sql = database.tenant(id);
    const customer = await findCustomer(sql, params['customerId']!);
    if (!customer) throw new ApiError('not-found', 'No such customer.');
    const passes = await listOperatorPasses(sql, { customerId: customer.customer_id });
    const [devices, operations] = await Promise.all([
      listOperatorDevices(
        sql,
        passes.map(({ pass_id }) => pass_id),
      ),
      listOperations(sql, { customerId: customer.customer_id, limit: HISTORY }),
    ]);
    const evidence = await loadEvidence(database, id, operations, readable(session, customer, passes));
    const { name, email, phone } = presentPerson(session, customer);
    const facts: [string, string][] = [
      ['E-mail', email || '–'],
      ['Phone', phone || '–'],
      ['Customer id', customer.external_customer_id ?? '–'],
      ['Klaviyo profile', customer.klaviyo_profile_id ?? '–'],
      ['Our id', customer.customer_id],
    ];
    const view = {
      frame: session.frame,
      heading: name || 'Customer',
      facts,
      passes: passes.map((pass) => presentOperatorPass(pass, devices, passRights(session))),
      history: evidence.map(presentHistory),
    };
    sendPage(ctx, deps, operatorCustomerPage(view));
  };

  const showOperation: Handle = async (ctx, session, params) => {
    const id = session.tenant.tenantId;
    const sql = database.tenant(id);
    const row = await findOperation(sql, params['correlationId']!);
    if (!row) throw new ApiError('not-found', 'No such request.');
    const [customer, passes] = await Promise.all([
      row.customer_id ? findCustomer(sql, row.customer_id) : undefined,
      row.pass_id ? listOperatorPasses(sql, { passId: row.pass_id }) : [],
    ]);
    const [found] = await loadEvidence(database, id, [row], readable(session, customer, passes));
    const evidence = found!;
    const facts: [string, string][] = [
      ['Correlation id', row.operation_id],
      ['Accepted', `${row.accepted_at.toISOString()} (${relativeTime(row.accepted_at.getTime(), deps.now())})`],
      ['Outcome', row.outcome ?? '–'],
      ['Revision', row.revision === null ? '–' : String(row.revision)],
      ['Matched by', (row.matched ?? []).join(', ') || '–'],
      ['Changed', (row.changed_fields ?? []).join(', ') || '–'],
      ['Run', String(row.run)],
    ];
    const [pass] = passes;
    const view = {
      frame: session.frame,
      correlationId: row.operation_id,
      kind: row.kind,
      status: row.status,
      tone: toneOfOperation(row),
      answer: answerOf(evidence),
      warnings: warningsOf(evidence),
      progress: progressOf(evidence.steps),
      facts,
      customerId: row.customer_id,
      temporalUrl: presentSummary(deps, row, new Map()).links.temporal,
      canRetry: mays(session, 'Operation.Write') && actions.canRetry(row),
      follows: !FINAL_STATUSES.includes(row.status),
      timeline: timelineOf(evidence),
      deliveries: presentDeliveries(evidence.deliveries, mays(session, 'Operation.Write')),
      pass: pass ? presentOperatorPass(pass, evidence.devices, passRights(session)) : null,
    };
    sendPage(ctx, deps, operationPage(view));
  };

  const diagnose: Handle = async (ctx, session, params) => {
    const found = await loadPassDiagnosis(deps, session.tenant.tenantId, { passId: params['passId']! });
    if (!found) throw new ApiError('not-found', 'No such pass.');
    const { serial_number: serial } = found.pass;
    const tones = { ok: 'good', info: '', look: 'note', wrong: 'bad' } as const;
    const view = {
      heading: `pass ${plain(session) ? serial : `${serial.slice(0, 4)}•••`}`,
      answer: `${found.answer.message}${found.answer.cure ? ` ${found.answer.cure}` : ''}`,
      tone: tones[found.answer.severity],
      lines: found.findings.map(({ severity, message, cure }) => ({ tone: tones[severity], what: message, cure })),
      customerId: found.pass.customer_id,
      passId: found.pass.pass_id,
    };
    sendPage(ctx, deps, diagnosisPage(session.frame, view));
  };

  return [
    ...klaviyoRoutes(deps, inside),
    ...campaignPages(deps, inside, { sessions, parts: campaignParts }),
    ...messagePages(deps, inside),
    openRoute({
      method: 'POST',
      path: '/ops/:tenantId/sign-in',
      summary: 'Signs an operator in',
      hidden: true,
      readers: 'operator',
      params: z.object({ tenantId }),
      query: z.looseObject({}),
      answers: { 303: { description: 'Signed in' } },
      form: ['key', 'to'],
      async handler(ctx, { params }) {
        signIns.take(deps.clientAddress(ctx));
        const { key = '', to = '' } = await readForm(ctx);
        const site = ctx.get('Sec-Fetch-Site');
        const ours = site === '' || site === 'same-origin';
        const refuse = (text: string, status: number): void =>
          sendPage(ctx, deps, signInPage(params.tenantId, [{ control: 'key', text }], to), status);
        if (key.trim() === '') return refuse('No key was given: paste one.', 422);
        const became = ours ? await sessions.signIn(ctx, params.tenantId, key.trim()) : 'unknown';
        if (became === 'ok') return redirect(ctx, ownPage(params.tenantId, to));
        if (became === 'missing-scope') {
          return refuse('This key is valid, but it lacks the scope Operation.Read: make one with it.', 401);
        }
        refuse('This is not a valid key of this tenant. Check that it is complete and was not revoked.', 401);
      },
    }),
    inside('GET', '', 'Search and latest requests', (ctx, session) => showHome(deps, ctx, session), {
      fields: FILTER_CONTROLS,
    }),
    inside('POST', '/search', 'Search', search, {
      fields: ['term'],
      again: (ctx, session, _params, refused) => showHome(deps, ctx, session, { search: refused }),
    }),
    inside('POST', '/sign-out', 'Signs an operator out', async (ctx, { tenant }) => {
      sessions.signOut(ctx, tenant.tenantId);
      redirect(ctx, `/ops/${tenant.tenantId}`);
    }),
    inside('GET', '/customers/:customerId', 'One customer', showCustomer),
    inside('GET', '/operations/:correlationId', 'One request', showOperation),
    inside('POST', '/retry', 'Retries all requests that match', actions.retryAll, {
      fields: FILTER_CONTROLS,
      again: (ctx, session, _params, refused) => showHome(deps, ctx, session, { retry: refused }),
    }),
    inside('GET', '/passes/:passId/diagnosis', 'Diagnoses a pass', diagnose),
    inside('POST', '/operations/:correlationId/retry', 'Retries a request', actions.retry),
    ...actions.lifecycle(inside),
    inside('POST', '/webhook-endpoints/:endpointId/enable', 'Switches an endpoint on again', actions.enableEndpoint),
    inside('POST', '/deliveries/:deliveryId/redeliver', 'Delivers again', actions.redeliver, {
      fields: ['operation'],
    }),
  ];
};
