import type { PassTypeDesign } from '../passes/pass-type.js';
import { timesOfPass, viewOfPass, withDefaults } from '../passes/pass-view.js';
import { placeholders, lookup, type View } from '../passes/render.js';
import type { SampleCustomer } from '../passes/sample-customers.js';
import { computeVisuals } from '../passes/visuals.js';
import { applePreview, type ApplePreview, type PreviewSource } from './apple-preview.js';
import { googlePreview, type GooglePreview } from './google-preview.js';
import { mark, type Mark } from './marks.js';
import { untranslatedTexts } from './translations.js';

/** All that one customer sees in one language. */
export interface PreviewSheet {
  customer: string;
  language: string;
  apple: ApplePreview | null;
  google: GooglePreview | null;
  marks: Mark[];
}

/** Every language that a design speaks, its tenant's own first. */
export const languagesOf = (design: PassTypeDesign, ownLanguage: string): string[] => [
  ...new Set([ownLanguage, ...Object.keys(design.apple?.localizations ?? {})]),
];

/** A design as customers would see it: the product's own rendering, one sheet for each customer and language. */
export function previewDesign(
  source: PreviewSource & { publicUrl: string; timeZone: string | null },
  customers: readonly SampleCustomer[],
  languages: readonly string[],
): PreviewSheet[] {
  const { design } = source;
  return customers.flatMap((customer) => {
    return languages.map((language) => {
      const locale = { timeZone: source.timeZone, language };
      const viewOf = (values: SampleCustomer['data']): View => {
        const data = withDefaults(design, values);
        return viewOfPass({
          design,
          data,
          visuals: computeVisuals(design, data, timesOfPass(design, data, locale)),
          serialNumber: 'Prev1ew-0000-SampleCard1',
          externalId: null,
          publicUrl: source.publicUrl,
          locale,
        });
      };
      const view = viewOf(customer.data);
      const atGoogle = customer.atGoogle ? viewOf(customer.atGoogle) : view;
      return {
        customer: customer.name,
        language,
        apple: applePreview(source, view, language),
        google: design.google ? googlePreview(design.google, atGoogle, language, source.ownLanguage) : null,
        marks: [...missingValues(design, view), ...untranslatedTexts(design, language).map(untranslated)],
      };
    });
  });
}

const untranslated = (text: string): Mark => mark('untranslated', `"${text}" has no translation`);

/** Placeholders of the design that this customer has no value for: their place stays empty or falls away. */
function missingValues(design: PassTypeDesign, view: View): Mark[] {
  const named = placeholders(JSON.parse(JSON.stringify([design.apple ?? null, design.google?.object ?? null])));
  return named
    .filter((name) => !name.startsWith('pass.'))
    .filter((name) => (lookup(name, view) ?? '') === '')
    .map((name) => mark('missing', `${name} has no value`));
}
