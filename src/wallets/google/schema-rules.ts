/** Fields that Google's descriptions call "Required"; the discovery document marks none by machine. */
export const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  GenericClass: ['id'],
  GenericObject: ['cardTitle', 'classId', 'header', 'id'],
  LoyaltyClass: ['id', 'issuerName', 'programLogo', 'programName', 'reviewStatus'],
  LoyaltyObject: ['classId', 'id', 'state'],
  OfferClass: ['id', 'issuerName', 'provider', 'redemptionChannel', 'reviewStatus', 'title'],
  OfferObject: ['classId', 'id', 'state'],
};

/**
 * Without these a value says nothing, or Google refuses it: a rendered part that lost them is left out as a whole. Of a
 * list one is enough.
 */
const ESSENTIAL: Readonly<Record<string, readonly (string | readonly string[])[]>> = {
  TranslatedString: ['value'],
  LocalizedString: ['defaultValue'],
  ImageUri: ['uri'],
  Uri: ['uri'],
  Image: [['sourceUri', 'privateImageId']],
  ImageModuleData: ['mainImage'],
  Barcode: ['type', 'value'],
  DateTime: ['date'],
  TextModuleData: [['body', 'localizedBody']],
  MerchantLocation: ['latitude', 'longitude'],
  LatLongPoint: ['latitude', 'longitude'],
  Money: ['currencyCode', 'micros'],
  LoyaltyPoints: ['balance'],
  LoyaltyPointsBalance: [['string', 'int', 'double', 'money']],
  RotatingBarcode: ['type', 'valuePattern'],
  RotatingBarcodeTotpDetails: ['algorithm', 'parameters', 'periodMillis'],
  RotatingBarcodeTotpDetailsTotpParameters: ['key', 'valueLength'],
  RotatingBarcodeValues: ['periodMillis', 'startDateTime', 'values'],
};

/** What a value of a type lacks: `body or localizedBody`. */
export const lacksOf = (typeName: string, has: (field: string) => boolean): string[] =>
  (ESSENTIAL[typeName] ?? []).flatMap((one) => {
    const names = typeof one === 'string' ? [one] : one;
    return names.some(has) ? [] : [names.join(' or ')];
  });

export const isEssential = (typeName: string, field: string): boolean =>
  (ESSENTIAL[typeName] ?? []).some((one) => one === field);

/** Fields of which only one may be set. */
export const ONE_ONLY: Readonly<Record<string, readonly string[]>> = {
  Image: ['sourceUri', 'privateImageId'],
  LoyaltyPointsBalance: ['string', 'int', 'double', 'money'],
  CardRowTemplateInfo: ['oneItem', 'twoItems', 'threeItems'],
  TemplateItem: ['firstValue', 'predefinedItem'],
  FirstRowOption: ['fieldOption', 'transitOption'],
};

/** Lists of which Google takes so many entries. */
export const AT_MOST: Readonly<Record<string, number>> = {
  messages: 10,
  merchantLocations: 10,
  cardRowTemplateInfos: 3,
};

/** Lists of which phones show so many entries. */
export const SHOWN_AT_MOST: Readonly<Record<string, number>> = {
  textModulesData: 10,
  imageModulesData: 1,
  valueAddedModuleData: 15,
};

/** Characters after which Google cuts a text, by its field in the module. */
export const CUT_AFTER: Readonly<Record<string, number>> = {
  'ValueAddedModuleData.header': 60,
  'ValueAddedModuleData.body': 50,
};

/** Fields that people read: days and times in them are written for people. */
const SHOWN: ReadonlySet<string> = new Set([
  'TranslatedString.value',
  'TextModuleData.header',
  'TextModuleData.body',
  'Message.header',
  'Message.body',
  'LabelValue.label',
  'LabelValue.value',
  'LoyaltyPoints.label',
  'LoyaltyPointsBalance.string',
  'LoyaltyObject.accountName',
  'Uri.description',
  'Barcode.alternateText',
  'RotatingBarcode.alternateText',
]);
export const isShownField = (owner: string, field: string): boolean => SHOWN.has(`${owner}.${field}`);
