import type Koa from 'koa';
import { listOperations, type ListedOperation } from '../../database/operations/list-operations.js';
import { listOperatorSteps } from '../../database/operations/operator.js';
import { listRefusals } from '../../database/klaviyo/refused-deliveries.js';
import { listPassTypes } from '../../database/tenants/pass-types.js';
import { FLOW_ACTIONS, ownIdentifiers, type SnippetPlace } from '../../klaviyo/flow-snippets.js';
import { klaviyoPage, type DeliveryLine, type PassTypeView } from '../../pages/klaviyo-page.js';
import type { RefusedForm } from '../../pages/form-faults.js';
import type { PassField, PassTypeDesign, PassTypeVersion } from '../../passes/pass-type.js';
import { sampleValues } from '../../passes/sample-values.js';
import { knownValues } from '../../passes/unlisted-cases.js';
import { maskContacts } from '../../common/mask-personal.js';
import { sendPage, redirect } from '../page-response.js';
import { ApiError } from '../problems.js';
import { checkIssue } from '../requests/issue-order.js';
import type { ApiDeps, Route } from '../route.js';
import { issueChecked } from '../routes/issue-pass.js';
import { FormRefused, type Form, type Handle, type Inside } from './inside.js';
import type { OperatorSession } from './operator-session.js';
import { toneOfOperation, warningsOfRow } from './present-operator.js';
import { ASKED, BECAME } from './plain-words.js';
import { presentRefusal } from './present-refusals.js';
import { mays } from './operator-rights.js';

const LATEST = 20;
/** Who holds the passes that only test. */
const TEST_EMAIL = 'klaviyo-test@example.com';

const UNDER_WAY: Readonly<Record<string, string>> = {
  accepted: 'It has arrived',
  running: 'It is under way',
  retrying: 'It waits and is tried again',
};

/** What may stand under a field, and what stands there by itself. */
function valuesOf(design: PassTypeDesign, field: PassField): string {
  const known = knownValues(design, field.apiFieldName);
  const named = known.length === 0 ? '' : `${field.oneOf ? 'one of' : 'known'}: ${known.join(', ')}`;
  const preset = field.default === undefined ? '' : `a new card has ${String(field.default)}`;
  return [named, preset].filter(Boolean).join('; ');
}

function neededOf({ required, default: preset }: PassField): string {
  if (!required) return '';
  return preset === undefined ? 'yes' : 'yes, but a new card may come without';
}

function presentType({ design, passTypeId }: PassTypeVersion, place: SnippetPlace): PassTypeView {
  return {
    name: design.name,
    id: passTypeId,
    description: design.description,
    fields: design.fields.map((field) => ({
      name: field.apiFieldName,
      label: field.label ?? '',
      type: field.type,
      needed: neededOf(field),
      values: valuesOf(design, field),
    })),
    snippets: Object.values(FLOW_ACTIONS).map(({ heading, when, make }) => {
      const snippet = make(design, place);
      return { heading, when, ...snippet, headers: Object.entries(snippet.headers) };
    }),
  };
}

function presentDelivery(row: ListedOperation, remarks: string[]): DeliveryLine {
  const became = row.outcome === null ? (UNDER_WAY[row.status] ?? row.status) : BECAME[row.outcome];
  return {
    at: row.accepted_at,
    correlationId: row.operation_id,
    asked: ASKED[row.kind],
    became,
    tone: toneOfOperation(row),
    flowId: row.flow_id,
    test: row.test,
    remarks: [...(row.reason === null ? [] : [row.reason]), ...remarks],
  };
}

/** The page for people who build flows, and its test event. */
export function klaviyoRoutes(deps: ApiDeps, inside: Inside): Route[] {
  const showWith = async (ctx: Koa.Context, session: OperatorSession, refusedTest: RefusedForm): Promise<void> => {
    const { tenantId, accountId, settings } = session.tenant;
    const sql = deps.database.tenant(tenantId);
    // What this process has counted is shown at once; other processes write theirs within two seconds.
    await deps.refusals.flush();
    const [types, rows, refused] = await Promise.all([
      listPassTypes(sql),
      listOperations(sql, { fromFlows: true, limit: LATEST }),
      listRefusals(sql),
    ]);
    const steps = await listOperatorSteps(
      sql,
      rows.map(({ operation_id }) => operation_id),
    );
    const mayRead = mays(session, 'Customer.Read');
    const readable = (text: string): string => (mayRead ? text : maskContacts(text));
    const place = { publicUrl: deps.publicUrl, accountId, tenantId, own: ownIdentifiers(settings) };
    const view = klaviyoPage({
      frame: session.frame,
      passTypes: types.map((type) => presentType(type, place)),
      canTest: mays(session, 'Pass.Write'),
      refusals: refused.map(presentRefusal),
      refusedTest,
      writesBack: settings.klaviyo.writeBack,
      deliveries: rows.map((row) => {
        const own = steps.filter(({ operation_id }) => operation_id === row.operation_id);
        const line = presentDelivery(row, warningsOfRow(row, own));
        return { ...line, remarks: line.remarks.map(readable) };
      }),
    });
    sendPage(ctx, deps, view);
  };
  const show: Handle = (ctx, session) => showWith(ctx, session, { values: {}, faults: [] });

  const sendTest: Handle = async (ctx: Koa.Context, session) => {
    if (!mays(session, 'Pass.Write')) {
      throw new ApiError('missing-scope', 'A test event needs a key with the scope Pass.Write.');
    }
    const { tenantId } = session.tenant;
    const types = await listPassTypes(deps.database.tenant(tenantId));
    const wanted = (ctx.state['form'] as Form)['passType'];
    const type = types.find(({ passTypeId }) => passTypeId === wanted);
    if (!type) {
      const text = 'Nothing was sent: this pass type is no longer there. Those that are there are below.';
      throw new FormRefused([{ control: null, text }]);
    }
    const checked = checkIssue(
      {
        passTemplate: type.passTypeId,
        pass: sampleValues(type.design.fields),
        recipient: { email: TEST_EMAIL, name: 'Klaviyo Test' },
      },
      { defaultCountry: session.tenant.settings.defaultCountry },
      types,
    );
    if (!checked.ok) {
      const said = checked.problems.map(({ message, cure }) => `${message}: ${cure}`).join('. ');
      const text = `Nothing was sent, because the design does not take its own samples. ${said}.`;
      throw new FormRefused([{ control: 'passType', text }]);
    }
    const issued = await issueChecked(deps, ctx, {
      caller: { ...session.caller, test: true },
      correlationId: ctx.state['correlationId'] as string,
      checked: checked.command,
      repairs: [],
      origin: 'klaviyo',
    });
    redirect(ctx, `/ops/${tenantId}/operations/${issued.operationId}`);
  };

  return [
    inside('GET', '/klaviyo', 'Klaviyo', show),
    inside('POST', '/klaviyo/test', 'Sends a test event', sendTest, {
      fields: ['passType'],
      again: (ctx, session, _params, refused) => showWith(ctx, session, refused),
    }),
  ];
}
