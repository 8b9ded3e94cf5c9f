import type { JsonValue } from '../common/json.js';
import { PermanentError } from '../common/errors.js';
import { barcodeSvg } from '../pages/barcode.js';
import type { BarcodeSvg } from '../pages/barcode.js';
import { textsIn } from '../pages/texts.js';
import type { BarcodeFormat, GoogleDesign } from '../passes/pass-type.js';
import type { View } from '../passes/render.js';
import { googleObject, type GoogleResource } from '../wallets/google/wallet-object.js';
import { asWarning } from '../wallets/google/render-object.js';
import { mark, type Mark } from './marks.js';
import { untranslatedAtGoogle } from './translations.js';

type Json = Readonly<Record<string, JsonValue>>;

/** What Google Wallet shows of an object and its class. Google draws it its own way: this is its content in its order. */
export interface GoogleScreen {
  background: string;
  issuer: string;
  title: string;
  subtitle: string;
  rows: { label: string; value: string }[];
  barcode: { drawn: BarcodeSvg | null; text: string } | null;
  /** Addresses that Google fetches by itself; the preview makes no request. */
  logoUri: string | null;
  heroUri: string | null;
  details: { label: string; value: string }[];
}

export interface GooglePreview {
  screen: GoogleScreen | null;
  marks: Mark[];
}

const FORMATS: Readonly<Record<string, BarcodeFormat>> = {
  QR_CODE: 'PKBarcodeFormatQR',
  PDF_417: 'PKBarcodeFormatPDF417',
  AZTEC: 'PKBarcodeFormatAztec',
  CODE_128: 'PKBarcodeFormatCode128',
};

const at = (from: JsonValue | undefined, ...path: string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>(
    (value, key) => (value !== null && typeof value === 'object' ? (value as Json)[key] : undefined),
    from,
  );

/** A text field or its localised twin in a language; Google falls back to the default value. */
function localized(from: Json, field: string, language: string): string {
  const twin = `localized${field[0]!.toUpperCase()}${field.slice(1)}`;
  const value = twin in from ? from[twin] : from[field];
  if (typeof value === 'string') return value;
  const translations = at(value, 'translatedValues');
  const own = Array.isArray(translations) ? translations.find((one) => at(one, 'language') === language) : undefined;
  const text = at(own, 'value') ?? at(value, 'defaultValue', 'value');
  return typeof text === 'string' ? text : '';
}

const balanceOf = (points: JsonValue | undefined): string => {
  const balance = at(points, 'balance');
  const amount = at(balance, 'money', 'micros');
  const shown = at(balance, 'string') ?? at(balance, 'int') ?? at(balance, 'double');
  if (amount !== undefined) return `${Number(amount) / 1e6} ${String(at(balance, 'money', 'currencyCode') ?? '')}`;
  return shown === undefined ? '' : String(shown);
};

/** The content of the object that would be written for a customer, in a language. */
export function googlePreview(
  design: GoogleDesign,
  view: View,
  language: string,
  ownLanguage: string | undefined,
): GooglePreview {
  let object: GoogleResource;
  const marks: Mark[] = [];
  try {
    object = googleObject({
      design,
      classId: '1.preview',
      objectId: '1.preview-object',
      view,
      state: 'ACTIVE',
      notify: false,
      leaveOut: (part) => {
        const { pointer, message } = asWarning(part);
        marks.push(mark('left out', `${pointer}: ${message}`));
      },
    });
  } catch (error) {
    if (error instanceof PermanentError) return { screen: null, marks: [mark('missing', error.message)] };
    throw error;
  }
  const both = { ...design.class, ...object } as Json;
  const text = (field: string): string => localized(both, field, language);
  const rows = [
    { label: text('accountNameLabel') || 'Member', value: text('accountName') },
    { label: text('accountIdLabel') || 'Account', value: text('accountId') },
    ...['loyaltyPoints', 'secondaryLoyaltyPoints'].map((field) => ({
      label: localized((both[field] ?? {}) as Json, 'label', language),
      value: balanceOf(both[field]),
    })),
  ].filter(({ value }) => value !== '');
  const modules = (Array.isArray(both['textModulesData']) ? both['textModulesData'] : []) as Json[];
  const links = at(both['linksModuleData'], 'uris');
  const code = both['barcode'] as Json | undefined;
  const message = String(code?.['value'] ?? '');
  const format = FORMATS[String(code?.['type'] ?? '')];
  const drawn = format && message ? barcodeSvg(format, message, textsIn('en').barcode) : undefined;
  const uri = (field: string): string | null => (at(both[field], 'sourceUri', 'uri') as string | undefined) ?? null;
  return {
    screen: {
      background: String(both['hexBackgroundColor'] ?? '#e8eaed'),
      issuer: text('issuerName') || text('cardTitle'),
      title: text('programName') || text('header') || text('title'),
      subtitle: text('subheader'),
      rows,
      barcode: message
        ? { drawn: drawn ?? null, text: String(code?.['alternateText'] ?? (drawn ? '' : message)) }
        : null,
      logoUri: uri('programLogo') ?? uri('logo') ?? uri('titleImage'),
      heroUri: uri('heroImage'),
      details: [
        ...modules.map((module) => ({
          label: localized(module, 'header', language),
          value: localized(module, 'body', language),
        })),
        ...((Array.isArray(links) ? links : []) as Json[]).map((link) => ({
          label: localized(link, 'description', language),
          value: String(link['uri'] ?? ''),
        })),
      ],
    },
    marks: [
      ...marks,
      ...(language === ownLanguage ? [] : untranslatedAtGoogle(design, language)).map((said) =>
        mark('untranslated', `"${said}" has no translation`),
      ),
      ...rows
        .filter(({ value }) => value.length > 30)
        .map(({ label, value }) => mark('overflow', `${label}: ${value.length} characters, one line shows ~30`)),
    ],
  };
}
