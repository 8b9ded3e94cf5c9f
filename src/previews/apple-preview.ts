import type { JsonValue } from '../common/json.js';
import { barcodeSvg } from '../pages/barcode.js';
import type { CardView, FieldView, ImageView } from '../pages/pass-page.js';
import { textsIn } from '../pages/texts.js';
import type { BarcodeFormat, PassTypeDesign } from '../passes/pass-type.js';
import { renderText, type View } from '../passes/render.js';
import { fieldsInDesignOrder } from '../wallets/apple/pass-fields.js';
import { imageFileNames } from '../wallets/apple/pass-images.js';
import { applePassJson } from '../wallets/apple/pass-json.js';
import { shownValue } from '../wallets/apple/shown-value.js';
import type { FaceStyle } from '../wallets/apple/face-room.js';
import { appleFace, APPLE_SYSTEMS, type AppleFace, type AppleSystem } from './apple-faces.js';
import { mark, type Mark } from './marks.js';
import { translator } from '../wallets/apple/translator.js';

type Json = Readonly<Record<string, JsonValue>>;

export interface PreviewSource {
  design: PassTypeDesign;
  /** The address of an image of the design by file name, or undefined where there is none. */
  imageUrl(name: string): string | undefined;
  now: Date;
  /** The tenant's: what localisation keys read where a language has no strings. */
  ownLanguage?: string;
}

/** One iPhone of the preview: the front, or null where this system cannot open the pass. */
export interface AppleScreen {
  system: AppleSystem;
  card: (CardView & { poster: ImageView | null; bold: string; footer: FieldView[] }) | null;
  marks: Mark[];
}

export interface LockLine {
  /** The field whose change speaks. */
  field: string;
  text: string;
}

export interface ApplePreview {
  /** What the values of this customer cost on any iPhone. */
  marks: Mark[];
  screens: AppleScreen[];
  lockScreen: { icon: ImageView | null; organization: string; lines: LockLine[] };
}

/** Characters that a place shows before Wallet shrinks or cuts the text; an estimate, phones differ. */
const FITS: Readonly<Record<string, number>> = {
  headerFields: 12,
  primaryFields: 24,
  secondaryFields: 22,
  auxiliaryFields: 22,
  footerFields: 40,
};

const DEFAULT_COLOURS = {
  backgroundColor: 'rgb(255, 255, 255)',
  foregroundColor: 'rgb(0, 0, 0)',
  labelColor: 'rgb(60, 60, 67)',
};

/** What a pass shows on iPhones of a language: rendered to pass.json by the product's own code, then drawn from that. */
export function applePreview(source: PreviewSource, view: View, language: string): ApplePreview | null {
  const { design } = source;
  const { apple } = design;
  if (!apple) return null;
  const ownLanguage = source.ownLanguage ?? language;
  const marks: Mark[] = [];
  const passJson = applePassJson({
    design,
    teamIdentifier: 'PREVIEW000',
    serialNumber: view.pass['serialNumber'] ?? 'preview',
    authenticationToken: 'preview-preview-preview',
    webServiceUrl: 'https://preview.example/apple',
    view,
    state: 'active',
    modifiedAt: source.now,
    ownLanguage,
    leaveOut: ({ pointer, message }) => void marks.push(mark('left out', `${pointer}: ${message}`)),
  });
  const translate = translator(apple, language, ownLanguage);
  const image = imageFinder(source, view, language);
  const speaking = fieldsInDesignOrder(apple).filter(({ changeMessage }) => changeMessage);
  // A poster may repeat a field without its changeMessage: the one that speaks is shown.
  const spoken = allFields(passJson).filter((field) => 'changeMessage' in field);
  const rendered = new Map(spoken.map((field) => [String(field['key']), field]));
  return {
    marks,
    screens: APPLE_SYSTEMS.map((system) => screenOf(source, passJson, system, { translate, image, language, view })),
    lockScreen: {
      icon: image('icon'),
      organization: String(passJson['organizationName'] ?? ''),
      lines: speaking.flatMap(({ key }) => {
        const field = rendered.get(key);
        const message = field?.['changeMessage'];
        if (!field || typeof message !== 'string') return [];
        return [
          { field: key, text: translate(message).replaceAll('%@', () => translate(shownValue(field, language))) },
        ];
      }),
    },
  };
}

interface Drawing {
  translate(text: string): string;
  image(role: string): ImageView | null;
  language: string;
  view: View;
}

const STYLE_KEYS = ['boardingPass', 'coupon', 'eventTicket', 'generic', 'storeCard', 'posterGeneric'];

const allFields = (passJson: Json): Json[] =>
  STYLE_KEYS.flatMap((style) =>
    Object.values((passJson[style] ?? {}) as Json).flatMap((group) => (Array.isArray(group) ? (group as Json[]) : [])),
  );

/** Images by role: a language's own before the common one, all scales that exist. */
function imageFinder(source: PreviewSource, view: View, language: string): (role: string) => ImageView | null {
  const { apple } = source.design;
  const localized = apple?.localizations[language] ?? apple?.localizations[language.split('-')[0]!];
  return (role) => {
    const template = localized?.images[role] ?? apple?.images[role];
    if (template === undefined) return null;
    const found = imageFileNames(renderText(template, view)).flatMap((name, index) => {
      const url = source.imageUrl(name);
      return url === undefined ? [] : [{ url, scale: index + 1 }];
    });
    const [smallest] = found;
    return smallest
      ? { src: smallest.url, srcset: found.map(({ url, scale }) => `${url} ${scale}x`).join(', ') }
      : null;
  };
}

function screenOf(source: PreviewSource, passJson: Json, system: AppleSystem, drawing: Drawing): AppleScreen {
  const face = appleFace(passJson, system);
  if (!face) {
    const text = `${system} cannot open this pass: it has posterGeneric without a classic style beside it`;
    return { system, card: null, marks: [mark('missing', text)] };
  }
  const marks = marksOf(source, face, drawing);
  return { system, card: cardOf(passJson, face, drawing), marks };
}

function cardOf(passJson: Json, face: AppleFace, drawing: Drawing): AppleScreen['card'] {
  const { translate, image, language } = drawing;
  const fields = (group: string): FieldView[] =>
    (face.groups[group] ?? []).flatMap((field) => {
      const value = translate(shownValue(field, language));
      if (value === '') return [];
      return [
        {
          label: translate(String(field['label'] ?? '')),
          value,
          href: /^https?:\/\/\S+$/.test(value) ? value : null,
          alignEnd: field['textAlignment'] === 'PKTextAlignmentRight',
        },
      ];
    });
  const colour = (key: keyof typeof DEFAULT_COLOURS): string => String(passJson[key] ?? DEFAULT_COLOURS[key]);
  const { barcode, style } = face;
  const isPoster = style === 'posterGeneric';
  const title = isPoster ? (face.groups['primaryFields'] ?? []).find((field) => !field['label']) : undefined;
  const drawn = barcode
    ? barcodeSvg(barcode.format as BarcodeFormat, barcode.message, textsIn('en').barcode)
    : undefined;
  return {
    description: translate(String(passJson['description'] ?? '')),
    organization: String(passJson['organizationName'] ?? ''),
    style: isPoster ? 'generic' : (style satisfies Exclude<FaceStyle, 'posterGeneric'>),
    theme: {
      background: colour('backgroundColor'),
      foreground: colour('foregroundColor'),
      label: colour('labelColor'),
    },
    logoText: translate(String(passJson['logoText'] ?? '')),
    logo: isPoster ? (image('primaryLogo') ?? image('logo')) : image('logo'),
    strip: isPoster ? null : image('strip'),
    thumbnail: isPoster ? null : image('thumbnail'),
    header: fields('headerFields'),
    primary: fields('primaryFields').filter(({ label }) => !isPoster || label !== ''),
    secondary: fields('secondaryFields'),
    auxiliary: fields('auxiliaryFields'),
    back: fields('backFields'),
    barcode: barcode
      ? { drawn: drawn ?? null, text: barcode.altText || (drawn ? '' : `${barcode.format}: ${barcode.message}`) }
      : null,
    poster: isPoster ? (image('artwork') ?? image('background')) : null,
    bold: title ? translate(shownValue(title, language)) : '',
    footer: fields('footerFields'),
  };
}

function marksOf(source: PreviewSource, face: AppleFace, { translate, image, language }: Drawing): Mark[] {
  const marks: Mark[] = [];
  for (const key of face.unseen) {
    marks.push(mark('overflow', `${key} does not fit on the front of a ${face.style} and is not drawn`));
  }
  for (const [group, fits] of Object.entries(FITS)) {
    for (const field of face.groups[group] ?? []) {
      const value = translate(shownValue(field, language));
      if (value.length <= fits) continue;
      const place = group.replace('Fields', '');
      marks.push(
        mark('overflow', `${String(field['key'])}: ${value.length} characters, the ${place} row shows ~${fits}`),
      );
    }
  }
  const designed = source.design.apple?.extra['featuredActions'];
  if (Array.isArray(designed) && designed.length > 0 && face.actions.length === 0) {
    marks.push(mark('missing', 'this system has no buttons for featuredActions'));
  }
  for (const format of face.unknownFormats) marks.push(mark('missing', `this system does not know ${format}`));
  for (const role of Object.keys(source.design.apple?.images ?? {})) {
    if (image(role) === null) marks.push(mark('image', `the image ${role} does not exist for this customer`));
  }
  return marks;
}
