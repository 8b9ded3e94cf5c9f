import type { PassRow } from '../../database/passes/passes.js';
import type { JsonValue } from '../../common/json.js';
import type { BrandLogo } from '../../pages/brand.js';
import type { CardView, FieldView, ImageView } from '../../pages/pass-page.js';
import { barcodeSvg } from '../../pages/barcode.js';
import { textsIn, type Language } from '../../pages/texts.js';
import { timesOfPass, viewOfStored, withDefaults, type PassLocale } from '../../passes/pass-view.js';
import { computeVisuals } from '../../passes/visuals.js';
import type { AppleField, PassTypeVersion } from '../../passes/pass-type.js';
import { renderText } from '../../passes/render.js';
import { appleColour } from '../../wallets/apple/apple-values.js';
import { renderField } from '../../wallets/apple/pass-fields.js';
import { imageFileNames } from '../../wallets/apple/pass-images.js';
import { translator } from '../../wallets/apple/translator.js';
import { shownValue } from '../../wallets/apple/shown-value.js';

const DEFAULT_THEME = {
  background: 'rgb(58, 58, 60)',
  foreground: 'rgb(255, 255, 255)',
  label: 'rgb(214, 214, 218)',
};

/** Characters of one card's values. Terms and conditions fit; a text that fills a whole request would make the page heavy. */
const ROOM = 40_000;

type ShownPass = Pick<PassRow, 'tenant_id' | 'data' | 'visuals' | 'serial_number' | 'external_id'>;

interface Shown {
  pass: ShownPass;
  version: PassTypeVersion;
  /** The reader's language and the tenant's zone. */
  locale: PassLocale & { language: Language };
  /** The tenant's, in which keys of texts are read that the reader's language lacks. */
  ownLanguage: string;
  publicUrl: string;
}

/** A pass of this design as it would be issued now to somebody of whom `known` is known. */
export function unissuedPass(
  tenantId: string,
  { design }: PassTypeVersion,
  known: Record<string, JsonValue>,
  locale: PassLocale,
): ShownPass {
  const data = withDefaults(design, known);
  const visuals = computeVisuals(design, data, timesOfPass(design, data, locale));
  return { tenant_id: tenantId, data, visuals, serial_number: '', external_id: null };
}

/** Texts, images and colours of a pass as the reader sees them. */
function facesOf({ pass, version, locale, ownLanguage, publicUrl }: Shown) {
  const { language } = locale;
  const { design } = version;
  const { apple, google } = design;
  const localization = apple?.localizations[language];
  const localized = apple ? translator(apple, language, ownLanguage) : (text: string): string => text;
  const view = viewOfStored(pass, { design, publicUrl, locale });

  const image = (role: string): ImageView | null => {
    const template = localization?.images[role] ?? apple?.images[role];
    if (template === undefined) return null;
    const found = imageFileNames(renderText(template, view)).flatMap((name, index) =>
      Object.hasOwn(version.images, name)
        ? [{ url: `/assets/${pass.tenant_id}/${version.images[name]!}.png`, scale: index + 1 }]
        : [],
    );
    const [smallest] = found;
    return smallest
      ? { src: smallest.url, srcset: found.map(({ url, scale }) => `${url} ${scale}x`).join(', ') }
      : null;
  };

  const colour = (template: string | undefined, otherwise: string): string =>
    (template === undefined ? undefined : appleColour(renderText(template, view))) ?? otherwise;
  const hex = google?.class['hexBackgroundColor'];
  const theme = {
    background: colour(apple?.backgroundColor ?? (typeof hex === 'string' ? hex : undefined), DEFAULT_THEME.background),
    foreground: colour(apple?.foregroundColor, DEFAULT_THEME.foreground),
    label: colour(apple?.labelColor ?? apple?.foregroundColor, DEFAULT_THEME.label),
  };
  return { view, localized, image, theme };
}

/** The logo of a design; null where it has none. */
export function presentLogo(shown: Shown): BrandLogo | null {
  const { image, theme } = facesOf(shown);
  const logo = image('logo');
  return logo && { ...logo, background: theme.background };
}

/** What of a pass's design and data its page shows, in the reader's language. */
export function presentCard(shown: Shown): CardView {
  const { language } = shown.locale;
  const { design } = shown.version;
  const { apple } = design;
  const { view, localized, image, theme } = facesOf(shown);
  let room = ROOM;
  const fitting = (text: string): string => {
    const part = text.slice(0, room);
    room -= part.length;
    return part.length < text.length ? `${part}…` : text;
  };

  const fields = (group: readonly AppleField[]): FieldView[] =>
    group.flatMap((field) => {
      const rendered = renderField(field, view, false);
      if (!rendered || rendered['value'] === '') return [];
      const value = fitting(localized(shownValue(rendered, language)));
      return [
        {
          label: localized((rendered['label'] as string | undefined) ?? ''),
          value,
          href: /^https?:\/\/[^\s]+$/.test(value) ? value : null,
          alignEnd: rendered['textAlignment'] === 'PKTextAlignmentRight',
        },
      ];
    });

  const barcode = apple?.barcodes[0];
  const message = barcode ? renderText(barcode.message, view) : '';
  const altText = barcode?.altText === undefined ? '' : renderText(barcode.altText, view);
  const drawn = barcode && message ? barcodeSvg(barcode.format, message, textsIn(language).barcode) : undefined;
  // A design for Google alone has no faces of its own here: its fields are shown as they are named.
  const plain: AppleField[] = apple
    ? []
    : design.fields.map(({ apiFieldName, label }) => ({
        key: apiFieldName,
        label: label ?? apiFieldName,
        value: `{{${apiFieldName}}}`,
      }));
  return {
    description: localized(renderText(design.description, view)),
    organization: renderText(design.organizationName, view),
    style: apple?.style ?? 'generic',
    theme,
    logoText: localized(renderText(apple?.logoText ?? (apple ? '' : design.organizationName), view)),
    logo: image('logo'),
    strip: image('strip'),
    thumbnail: image('thumbnail'),
    header: fields(apple?.headerFields ?? []),
    primary: fields(apple?.primaryFields ?? plain.slice(0, 1)),
    secondary: fields(apple?.secondaryFields ?? plain.slice(1, 4)),
    auxiliary: fields(apple?.auxiliaryFields ?? plain.slice(4, 8)),
    back: fields(apple?.backFields ?? plain.slice(8)),
    barcode: message ? { drawn: drawn ?? null, text: fitting(altText || (drawn ? '' : message)) } : null,
  };
}
