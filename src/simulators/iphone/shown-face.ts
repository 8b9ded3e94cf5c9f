/** The system of a phone: the newest, or one that knows none of its additions. */
export type PhoneSystem = 'iOS 27' | 'iOS 18';

/** What a phone draws of a pass. */
export interface ShownFace {
  /** A classic style, or `posterGeneric`, `posterEventTicket`, `semanticBoardingPass`. */
  readonly style: string;
  /** Fields on this face, back included, by key. */
  readonly keys: readonly string[];
  /** Format of the barcode that is drawn; null where the phone knows none of the list. */
  readonly barcode: string | null;
  /** Identifiers of the actions that have a button. */
  readonly actions: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

const OLD_FORMATS = ['QR', 'PDF417', 'Aztec', 'Code128'].map((name) => `PKBarcodeFormat${name}`);
const NEW_FORMATS = ['Code39', 'Codabar', 'EAN13', 'I2of5'].map((name) => `PKBarcodeFormat${name}`);
export const BARCODE_FORMATS: readonly string[] = [...OLD_FORMATS, ...NEW_FORMATS];
const MOST_ACTIONS = 2;

const objectOf = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const hasAll = (tags: Json, names: string): boolean =>
  names.split(' ').every((name) => tags[name] !== undefined && tags[name] !== '');

/** Faces drawn from semantic tags, with what a phone needs for each; where it is missing the classic face shows. */
function semanticFace(json: Json): string | undefined {
  const [best] = listOf(json['preferredStyleSchemes']);
  const tags = objectOf(json['semantics']);
  if (best === 'posterEventTicket' && json['eventTicket'] !== undefined) {
    return json['nfc'] !== undefined && hasAll(tags, 'eventName venueName') ? best : undefined;
  }
  if (best !== 'semanticBoardingPass' || objectOf(json['boardingPass'])['transitType'] !== 'PKTransitTypeAir') {
    return undefined;
  }
  const needed =
    'airlineCode flightNumber departureAirportCode destinationAirportCode passengerName originalDepartureDate originalBoardingDate originalArrivalDate';
  return hasAll(tags, needed) ? best : undefined;
}

/** What a phone with a system shows of a pass.json whose classic style is known. */
export function shownFace(json: Json, classic: string, system: PhoneSystem): ShownFace {
  const isNew = system === 'iOS 27';
  const semantic = isNew ? semanticFace(json) : undefined;
  const style = isNew && json['posterGeneric'] !== undefined ? 'posterGeneric' : (semantic ?? classic);
  const structure = objectOf(json[style === 'posterGeneric' ? style : classic]);
  const keys = Object.values(structure).flatMap((group) =>
    listOf(group).map((field) => String(objectOf(field)['key'])),
  );
  const formats = listOf(json['barcodes']).map((code) => String(objectOf(code)['format']));
  const actions = isNew && semantic === undefined ? listOf(json['featuredActions']).slice(0, MOST_ACTIONS) : [];
  return {
    style,
    keys,
    barcode: formats.find((format) => (isNew ? BARCODE_FORMATS : OLD_FORMATS).includes(format)) ?? null,
    actions: actions.map((action) => String(objectOf(action)['identifier'])),
  };
}
