/** A type of the schema: field name to its type; `[]` marks an array, other names refer to TYPES or ENUMS. */
export type Shape = Readonly<Record<string, string>>;

/** Types that classes and objects are made of (discovery document walletobjects.v1, revision 20260806; deprecated fields left out). */
export const SHARED_TYPES: Readonly<Record<string, Shape>> = {
  AppLinkData: {
    androidAppLinkInfo: 'AppLinkDataAppLinkInfo',
    displayText: 'LocalizedString',
    webAppLinkInfo: 'AppLinkDataAppLinkInfo',
  },
  AppLinkDataAppLinkInfo: {
    appTarget: 'AppLinkDataAppLinkInfoAppTarget',
  },
  AppLinkDataAppLinkInfoAppTarget: {
    packageName: 'string',
    targetUri: 'Uri',
  },
  Barcode: {
    alternateText: 'string',
    renderEncoding: 'RenderEncoding',
    showCodeText: 'LocalizedString',
    type: 'BarcodeType',
    value: 'string',
  },
  BarcodeSectionDetail: {
    fieldSelector: 'FieldSelector',
  },
  CallbackOptions: {
    url: 'string',
  },
  CardBarcodeSectionDetails: {
    firstBottomDetail: 'BarcodeSectionDetail',
    firstTopDetail: 'BarcodeSectionDetail',
    secondTopDetail: 'BarcodeSectionDetail',
  },
  CardRowOneItem: {
    item: 'TemplateItem',
  },
  CardRowTemplateInfo: {
    oneItem: 'CardRowOneItem',
    threeItems: 'CardRowThreeItems',
    twoItems: 'CardRowTwoItems',
  },
  CardRowThreeItems: {
    endItem: 'TemplateItem',
    middleItem: 'TemplateItem',
    startItem: 'TemplateItem',
  },
  CardRowTwoItems: {
    endItem: 'TemplateItem',
    startItem: 'TemplateItem',
  },
  CardTemplateOverride: {
    cardRowTemplateInfos: 'CardRowTemplateInfo[]',
  },
  ClassTemplateInfo: {
    cardBarcodeSectionDetails: 'CardBarcodeSectionDetails',
    cardTemplateOverride: 'CardTemplateOverride',
    detailsTemplateOverride: 'DetailsTemplateOverride',
    listTemplateOverride: 'ListTemplateOverride',
  },
  DateTime: {
    date: 'string',
  },
  DetailsItemInfo: {
    item: 'TemplateItem',
  },
  DetailsTemplateOverride: {
    detailsItemInfos: 'DetailsItemInfo[]',
  },
  DiscoverableProgram: {
    merchantSigninInfo: 'DiscoverableProgramMerchantSigninInfo',
    merchantSignupInfo: 'DiscoverableProgramMerchantSignupInfo',
    state: 'ProgramState',
  },
  DiscoverableProgramMerchantSigninInfo: {
    signinWebsite: 'Uri',
  },
  DiscoverableProgramMerchantSignupInfo: {
    signupSharedDatas: 'SharedDataType[]',
    signupWebsite: 'Uri',
  },
  ExpiryNotification: {
    enableNotification: 'boolean',
  },
  FieldReference: {
    dateFormat: 'DateFormat',
    fieldPath: 'string',
  },
  FieldSelector: {
    fields: 'FieldReference[]',
  },
  FirstRowOption: {
    fieldOption: 'FieldSelector',
    transitOption: 'TransitOption',
  },
  GroupingInfo: {
    groupingId: 'string',
    sortIndex: 'int32',
  },
  Image: {
    contentDescription: 'LocalizedString',
    privateImageId: 'string',
    sourceUri: 'ImageUri',
  },
  ImageModuleData: {
    id: 'string',
    mainImage: 'Image',
  },
  ImageUri: {
    uri: 'string',
  },
  InfoModuleData: {
    labelValueRows: 'LabelValueRow[]',
  },
  LabelValue: {
    label: 'string',
    localizedLabel: 'LocalizedString',
    localizedValue: 'LocalizedString',
    value: 'string',
  },
  LabelValueRow: {
    columns: 'LabelValue[]',
  },
  LatLongPoint: {
    latitude: 'double',
    longitude: 'double',
  },
  LinksModuleData: {
    uris: 'Uri[]',
  },
  ListTemplateOverride: {
    firstRowOption: 'FirstRowOption',
    secondRowOption: 'FieldSelector',
  },
  LocalizedString: {
    defaultValue: 'TranslatedString',
    translatedValues: 'TranslatedString[]',
  },
  LoyaltyPoints: {
    balance: 'LoyaltyPointsBalance',
    label: 'string',
    localizedLabel: 'LocalizedString',
  },
  LoyaltyPointsBalance: {
    double: 'double',
    int: 'int32',
    money: 'Money',
    string: 'string',
  },
  MerchantLocation: {
    latitude: 'double',
    longitude: 'double',
  },
  Message: {
    body: 'string',
    displayInterval: 'TimeInterval',
    header: 'string',
    id: 'string',
    localizedBody: 'LocalizedString',
    localizedHeader: 'LocalizedString',
    messageType: 'MessageType',
  },
  ModuleViewConstraints: {
    displayInterval: 'TimeInterval',
  },
  Money: {
    currencyCode: 'string',
    micros: 'int64',
  },
  Notifications: {
    expiryNotification: 'ExpiryNotification',
    upcomingNotification: 'UpcomingNotification',
  },
  PassConstraints: {
    nfcConstraint: 'NfcConstraint[]',
    screenshotEligibility: 'ScreenshotEligibility',
  },
  Review: {
    comments: 'string',
  },
  RotatingBarcode: {
    alternateText: 'string',
    initialRotatingBarcodeValues: 'RotatingBarcodeValues',
    renderEncoding: 'RenderEncoding',
    showCodeText: 'LocalizedString',
    totpDetails: 'RotatingBarcodeTotpDetails',
    type: 'BarcodeType',
    valuePattern: 'string',
  },
  RotatingBarcodeTotpDetails: {
    algorithm: 'TotpAlgorithm',
    parameters: 'RotatingBarcodeTotpDetailsTotpParameters[]',
    periodMillis: 'int64',
  },
  RotatingBarcodeTotpDetailsTotpParameters: {
    key: 'string',
    valueLength: 'int32',
  },
  RotatingBarcodeValues: {
    periodMillis: 'int64',
    startDateTime: 'string',
    values: 'string[]',
  },
  SaveRestrictions: {
    restrictToEmailSha256: 'string',
  },
  SecurityAnimation: {
    animationType: 'AnimationType',
  },
  TemplateItem: {
    firstValue: 'FieldSelector',
    predefinedItem: 'PredefinedItem',
    secondValue: 'FieldSelector',
  },
  TextModuleData: {
    body: 'string',
    header: 'string',
    id: 'string',
    localizedBody: 'LocalizedString',
    localizedHeader: 'LocalizedString',
  },
  TimeInterval: {
    end: 'DateTime',
    start: 'DateTime',
  },
  TranslatedString: {
    language: 'string',
    value: 'string',
  },
  UpcomingNotification: {
    enableNotification: 'boolean',
  },
  Uri: {
    description: 'string',
    id: 'string',
    localizedDescription: 'LocalizedString',
    uri: 'string',
  },
  ValueAddedModuleData: {
    body: 'LocalizedString',
    header: 'LocalizedString',
    image: 'Image',
    sortIndex: 'int32',
    uri: 'string',
    viewConstraints: 'ModuleViewConstraints',
  },
};
