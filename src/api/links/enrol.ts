import { randomBytes } from 'node:crypto';
import { issuePass } from '../../database/passes/create-pass.js';
import { findCustomer } from '../../database/customers/customers.js';
import { findHeldPass, listCustomerIdentifiers, recordConsents } from '../../database/customers/enrolment.js';
import { findPassType, listPassTypes } from '../../database/tenants/pass-types.js';
import type { AskedField, ConsentView } from '../../pages/enrol-page.js';
import type { CardView } from '../../pages/pass-page.js';
import { fieldsToAsk, knownFields, readEnrolment, type EnrolmentForm } from '../../passes/enrolment.js';
import type { JsonValue } from '../../common/json.js';
import type { PassField, PassTypeVersion } from '../../passes/pass-type.js';
import { timesOfPass, viewOfPass, withDefaults } from '../../passes/pass-view.js';
import { computeVisuals } from '../../passes/visuals.js';
import { chooseLanguage, type Language } from '../../pages/texts.js';
import { translator } from '../../wallets/apple/translator.js';
import { leftOutByApple } from '../../wallets/apple/left-out.js';
import type { LinkSession } from './link-session.js';
import { presentCard, unissuedPass } from './present-card.js';
import { ApiError } from '../problems.js';
import type { ApiDeps } from '../route.js';

export interface Enrolment {
  type: PassTypeVersion;
  firstName: string | null;
  known: Record<string, JsonValue>;
  asked: PassField[];
  consents: { channel: string; version: string; text: string }[];
  /** Serial number of the pass of this type, or converted from it, that the person holds already. */
  holds: string | null;
}

const METHOD = 'enrolment-page';

/** The text of a consent in a language; `de-AT` serves a reader of `de`. */
const textFor = (text: Readonly<Record<string, string>>, language: string): string | undefined => {
  const name = Object.keys(text).find((tag) => tag.split('-')[0] === language.split('-')[0]);
  return text[language] ?? (name === undefined ? undefined : text[name]);
};

/** The language of the form: the reader's where each consent can be read in it, else the tenant's, so that it is one. */
export function languageOfForm({ tenant, language }: Pick<LinkSession, 'tenant' | 'language'>): Language {
  const { consentTexts, language: own } = tenant.settings;
  const all = consentTexts.every(({ text }) => textFor(text, language) !== undefined);
  return all ? language : chooseLanguage('', own);
}

/** What the enrolment page of one person needs; undefined where the tenant has no pass type to issue. */
export async function prepareEnrolment(deps: ApiDeps, session: LinkSession): Promise<Enrolment | undefined> {
  const { tenant, customerId, language } = session;
  const { tenantId, settings } = tenant;
  const sql = deps.database.tenant(tenantId);
  const named = settings.links.passType;
  const type = named ? await findPassType(sql, named) : (await listPassTypes(sql))[0];
  const customer = await findCustomer(sql, customerId);
  if (!type || !customer) return undefined;
  const known = knownFields(type.design, {
    email: customer.email,
    phone: customer.phone,
    firstName: customer.first_name,
    lastName: customer.last_name,
    properties: customer.properties,
  });
  const agreed = (channel: string): boolean => {
    const said = customer.consent[channel];
    return typeof said === 'object' && said !== null && !Array.isArray(said) && said['state'] === 'SUBSCRIBED';
  };
  return {
    type,
    firstName: customer.first_name,
    known,
    asked: fieldsToAsk(type.design, known),
    consents: settings.consentTexts
      .filter(({ channel }) => !agreed(channel))
      .flatMap(({ channel, version, text }) => {
        const inLanguage = textFor(text, language) ?? textFor(text, settings.language) ?? Object.values(text)[0];
        return inLanguage === undefined ? [] : [{ channel, version, text: inLanguage }];
      }),
    holds: await findHeldPass(sql, customerId, { passTypeId: type.passTypeId, name: type.design.name }),
  };
}

const AUTOCOMPLETE: Readonly<Record<string, string>> = {
  email: 'email',
  phone_number: 'tel',
  first_name: 'given-name',
  last_name: 'family-name',
};

function inputOf(field: PassField): AskedField['input'] {
  if (field.oneOf) return 'choice';
  if (field.source === 'email') return 'email';
  if (field.source === 'phone_number') return 'tel';
  if (field.type === 'number' || field.type === 'integer') return 'number';
  if (field.type === 'boolean') return 'yes-no';
  return field.type === 'date' || field.type === 'url' ? field.type : 'text';
}

/** The asked fields as the page shows them, with what was typed before and what is wrong about it. */
export const presentAsked = (
  asked: readonly PassField[],
  localized: (text: string) => string,
  given: Readonly<Record<string, string>> = {},
  faults: EnrolmentForm['faults'] = {},
): AskedField[] =>
  asked.map((field) => ({
    name: field.apiFieldName,
    label: localized(field.label ?? field.apiFieldName),
    input: inputOf(field),
    choices: (field.oneOf ?? []).map((value) => ({ value, text: localized(value) })),
    autocomplete: AUTOCOMPLETE[field.source ?? ''] ?? null,
    value: given[`f.${field.apiFieldName}`] ?? '',
    fault: faults[field.apiFieldName] ?? null,
  }));

/** The design's own texts in the language of the form. */
export function textsOf({ tenant, language }: LinkSession, { type }: Enrolment): (text: string) => string {
  const { apple } = type.design;
  return apple ? translator(apple, language, tenant.settings.language) : (text) => text;
}

/** The card as it would be issued now, before anything is typed. */
export function presentOffer(deps: ApiDeps, session: LinkSession, { type, known }: Enrolment): CardView {
  const { tenantId, settings } = session.tenant;
  return presentCard({
    pass: unissuedPass(tenantId, type, known, settings),
    version: type,
    locale: { timeZone: settings.timeZone, language: session.language },
    ownLanguage: settings.language,
    publicUrl: deps.publicUrl,
  });
}

export const presentConsents = (enrolment: Enrolment): ConsentView[] =>
  enrolment.consents.map(({ channel, text }) => ({ channel, text }));

/** Reads the posted form, keeps the consents and issues the pass. Returns its serial number, or what is wrong. */
export async function enrol(
  deps: ApiDeps,
  session: LinkSession,
  enrolment: Enrolment,
  form: Readonly<Record<string, string>>,
): Promise<{ serialNumber: string } | { faults: EnrolmentForm['faults'] }> {
  const { tenantId, settings } = session.tenant;
  const { type } = enrolment;
  const typed = Object.fromEntries(
    Object.entries(form).flatMap(([name, value]) => (name.startsWith('f.') ? [[name.slice(2), value]] : [])),
  );
  const read = readEnrolment(enrolment.asked, typed);
  if (Object.keys(read.faults).length > 0) return { faults: read.faults };
  const sql = deps.database.tenant(tenantId);
  const values = { ...enrolment.known, ...read.values };
  const data = withDefaults(type.design, values);
  const granted = enrolment.consents.filter(({ channel }) => form[`c.${channel}`] === 'yes');
  await recordConsents(
    sql,
    session.customerId,
    granted.map(({ channel, version }) => ({ channel, textVersion: version, method: METHOD })),
  );
  const serialNumber = randomBytes(18).toString('base64url');
  const visuals = computeVisuals(type.design, data, timesOfPass(type.design, data, settings));
  const view = viewOfPass({
    design: type.design,
    data,
    visuals,
    serialNumber,
    externalId: null,
    publicUrl: deps.publicUrl,
    locale: settings,
  });
  const result = await issuePass(sql, {
    operation: {
      kind: 'issue-pass',
      origin: 'api',
      repairs: leftOutByApple(type, view).map((part) => ({ type: 'warning', ...part })),
      input: {
        passTypeId: type.passTypeId,
        serialNumber,
        data: values,
        recipient: { email: null, phone: null, name: null },
        identifiers: await listCustomerIdentifiers(sql, session.customerId),
        externalId: null,
        customerId: null,
      },
    },
    type,
    data,
    visuals,
    settings,
    answer: (pass) => ({ status: 201, body: { serialNumber: pass.serialNumber } }),
  });
  if (result.outcome !== 'answered') throw new ApiError('conflict', 'The pass of this person could not be issued.');
  deps.notifyAccepted();
  return { serialNumber: String(result.answer.body['serialNumber']) };
}
