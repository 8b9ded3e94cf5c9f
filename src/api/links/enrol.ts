import { randomBytes } from 'node:crypto';
import { issuePass } from '../../database/passes/create-pass.js';
import { findCustomer } from '../../database/customers/customers.js';
import {
  findHeldPass,
  isOnlyTest,
  listCustomerIdentifiers,
  recordConsents,
} from '../../database/customers/enrolment.js';
import { findPassType, listPassTypes } from '../../database/tenants/pass-types.js';
import type { AskedField, ConsentView } from '../../pages/enrol-page.js';
import type { CardView } from '../../pages/pass-page.js';
import { fieldsToAsk, knownFields, readEnrolment, type EnrolmentForm } from '../../passes/enrolment.js';
import { normaliseIdentifier } from '../../passes/identifiers.js';
import { isTest } from '../../common/environment.js';
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
  /** Each with the kind of address that the person is asked for, because the channel has none yet. */
  consents: { channel: string; version: string; text: string; needs: 'email' | 'phone' | null }[];
  /** All that is made for this person is a test. */
  test: boolean;
  /** Serial number of the pass of this type, or converted from it, that the person holds already. */
  holds: string | null;
}

const METHOD = 'enrolment-page';
/** What a channel needs to reach somebody; others, such as push, need nothing that is asked for. */
const ADDRESS_OF: Readonly<Record<string, 'email' | 'phone'>> = { email: 'email', sms: 'phone', whatsapp: 'phone' };
const KIND_OF_SOURCE: Readonly<Record<string, 'email' | 'phone'>> = { email: 'email', phone_number: 'phone' };

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

const contactKind = ({ source }: PassField): 'email' | 'phone' | undefined => KIND_OF_SOURCE[source ?? ''];

/** The e-mail address and phone number that somebody typed, each with the name of its field; null where it is none. */
const contactsOf = (
  asked: readonly PassField[],
  typed: Readonly<Record<string, string>>,
  { defaultCountry }: LinkSession['tenant']['settings'],
) =>
  asked.flatMap((field) => {
    const [kind, name] = [contactKind(field), field.apiFieldName];
    if (kind === undefined) return [];
    const read = normaliseIdentifier(kind, typed[name] ?? '', { defaultCountry });
    return [{ kind, name, value: read.ok === true ? read.value : null }];
  });

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
  const asked = fieldsToAsk(type.design, known);
  const needs = (channel: string): 'email' | 'phone' | null => {
    const kind = ADDRESS_OF[channel];
    return kind === undefined || customer[kind] !== null ? null : kind;
  };
  // A consent to a channel that cannot reach the person is worth nothing: it is offered where the page asks for the address.
  const isOffered = (channel: string): boolean =>
    !agreed(channel) && (needs(channel) === null || asked.some((field) => contactKind(field) === needs(channel)));
  return {
    type,
    firstName: customer.first_name,
    known,
    asked,
    consents: settings.consentTexts
      .filter(({ channel }) => isOffered(channel))
      .flatMap(({ channel, version, text }) => {
        const inLanguage = textFor(text, language) ?? textFor(text, settings.language) ?? Object.values(text)[0];
        return inLanguage === undefined ? [] : [{ channel, version, text: inLanguage, needs: needs(channel) }];
      }),
    test: isTest(tenant.environment, { test: await isOnlyTest(sql, customerId) }),
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

export const presentConsents = (enrolment: Enrolment, posted: Readonly<Record<string, string>> = {}): ConsentView[] =>
  enrolment.consents.map(({ channel, text }) => ({ channel, text, given: posted[`c.${channel}`] === 'yes' }));

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
  const granted = enrolment.consents.filter(({ channel }) => form[`c.${channel}`] === 'yes');
  const contacts = contactsOf(enrolment.asked, typed, settings);
  for (const { kind, name, value } of contacts) {
    if (value === null && granted.some(({ needs }) => needs === kind)) read.faults[name] ??= 'wrong';
  }
  if (Object.keys(read.faults).length > 0) return { faults: read.faults };
  const sql = deps.database.tenant(tenantId);
  const values = { ...enrolment.known, ...read.values };
  const data = withDefaults(type.design, values);
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
  const known = await listCustomerIdentifiers(sql, session.customerId);
  const result = await issuePass(sql, {
    operation: {
      kind: 'issue-pass',
      origin: 'api',
      test: enrolment.test,
      repairs: leftOutByApple(type, view).map((part) => ({ type: 'warning', ...part })),
      input: {
        passTypeId: type.passTypeId,
        serialNumber,
        data: values,
        recipient: { email: null, phone: null, name: null },
        identifiers: [...known, ...contacts.flatMap(({ kind, value }) => (value === null ? [] : [{ kind, value }]))],
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
  if (result.outcome === 'identifiers-clash' && contacts.length > 0) {
    // What was typed belongs to somebody else, which is nothing to tell.
    return { faults: Object.fromEntries(contacts.map(({ name }) => [name, 'wrong' as const])) };
  }
  if (result.outcome !== 'answered') throw new ApiError('conflict', 'The pass of this person could not be issued.');
  deps.notifyAccepted();
  return { serialNumber: String(result.answer.body['serialNumber']) };
}
