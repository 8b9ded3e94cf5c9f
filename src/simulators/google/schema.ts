/**
 * Google's discovery document walletobjects.v1 (revision 20260806), resources and what they reference, in short hand:
 * `Type field:type ...`; `[type]` is an array, `<Enum>` a name of ENUM_TEXT. Deprecated enum spellings are kept, as Google still takes them.
 */
export const RESOURCE_TEXT = `
GenericClass appLinkData:AppLinkData callbackOptions:CallbackOptions classTemplateInfo:ClassTemplateInfo
  enableSmartTap:boolean id:string imageModulesData:[ImageModuleData] linksModuleData:LinksModuleData
  merchantLocations:[MerchantLocation] messages:[Message] multipleDevicesAndHoldersAllowedStatus:<HoldersStatus>
  redemptionIssuers:[int64] securityAnimation:SecurityAnimation textModulesData:[TextModuleData]
  valueAddedModuleData:[ValueAddedModuleData] viewUnlockRequirement:<ViewUnlockRequirement>
GenericObject appLinkData:AppLinkData barcode:Barcode cardTitle:LocalizedString classId:string
  genericType:<GenericType> groupingInfo:GroupingInfo hasUsers:boolean header:LocalizedString heroImage:Image
  hexBackgroundColor:string id:string imageModulesData:[ImageModuleData] linkedObjectIds:[string]
  linksModuleData:LinksModuleData logo:Image merchantLocations:[MerchantLocation] messages:[Message]
  notifications:Notifications passConstraints:PassConstraints rotatingBarcode:RotatingBarcode
  saveRestrictions:SaveRestrictions smartTapRedemptionValue:string state:<ObjectState> subheader:LocalizedString
  textModulesData:[TextModuleData] validTimeInterval:TimeInterval valueAddedModuleData:[ValueAddedModuleData]
  wideLogo:Image
LoyaltyClass accountIdLabel:string accountNameLabel:string allowMultipleUsersPerObject:boolean
  appLinkData:AppLinkData callbackOptions:CallbackOptions classTemplateInfo:ClassTemplateInfo countryCode:string
  discoverableProgram:DiscoverableProgram enableSmartTap:boolean heroImage:Image hexBackgroundColor:string
  homepageUri:Uri id:string imageModulesData:[ImageModuleData] infoModuleData:InfoModuleData issuerName:string
  kind:string linksModuleData:LinksModuleData localizedAccountIdLabel:LocalizedString
  localizedAccountNameLabel:LocalizedString localizedIssuerName:LocalizedString
  localizedProgramName:LocalizedString localizedRewardsTier:LocalizedString
  localizedRewardsTierLabel:LocalizedString localizedSecondaryRewardsTier:LocalizedString
  localizedSecondaryRewardsTierLabel:LocalizedString locations:[LatLongPoint] merchantLocations:[MerchantLocation]
  messages:[Message] multipleDevicesAndHoldersAllowedStatus:<HoldersStatus> notifyPreference:<NotifyPreference>
  programLogo:Image programName:string redemptionIssuers:[int64] review:Review reviewStatus:<ReviewStatus>
  rewardsTier:string rewardsTierLabel:string secondaryRewardsTier:string secondaryRewardsTierLabel:string
  securityAnimation:SecurityAnimation textModulesData:[TextModuleData] valueAddedModuleData:[ValueAddedModuleData]
  version:int64 viewUnlockRequirement:<ViewUnlockRequirement> wideProgramLogo:Image wordMark:Image
LoyaltyObject accountId:string accountName:string appLinkData:AppLinkData barcode:Barcode classId:string
  classReference:LoyaltyClass disableExpirationNotification:boolean groupingInfo:GroupingInfo
  hasLinkedDevice:boolean hasUsers:boolean heroImage:Image id:string imageModulesData:[ImageModuleData]
  infoModuleData:InfoModuleData kind:string linkedObjectIds:[string] linkedOfferIds:[string]
  linksModuleData:LinksModuleData locations:[LatLongPoint] loyaltyPoints:LoyaltyPoints
  merchantLocations:[MerchantLocation] messages:[Message] notifyPreference:<NotifyPreference>
  passConstraints:PassConstraints rotatingBarcode:RotatingBarcode saveRestrictions:SaveRestrictions
  secondaryLoyaltyPoints:LoyaltyPoints smartTapRedemptionValue:string state:<ObjectState>
  textModulesData:[TextModuleData] validTimeInterval:TimeInterval valueAddedModuleData:[ValueAddedModuleData]
  version:int64
OfferClass allowMultipleUsersPerObject:boolean appLinkData:AppLinkData callbackOptions:CallbackOptions
  classTemplateInfo:ClassTemplateInfo countryCode:string details:string enableSmartTap:boolean finePrint:string
  helpUri:Uri heroImage:Image hexBackgroundColor:string homepageUri:Uri id:string
  imageModulesData:[ImageModuleData] infoModuleData:InfoModuleData issuerName:string kind:string
  linksModuleData:LinksModuleData localizedDetails:LocalizedString localizedFinePrint:LocalizedString
  localizedIssuerName:LocalizedString localizedProvider:LocalizedString localizedShortTitle:LocalizedString
  localizedTitle:LocalizedString locations:[LatLongPoint] merchantLocations:[MerchantLocation] messages:[Message]
  multipleDevicesAndHoldersAllowedStatus:<HoldersStatus> notifyPreference:<NotifyPreference> provider:string
  redemptionChannel:<RedemptionChannel> redemptionIssuers:[int64] review:Review reviewStatus:<ReviewStatus>
  securityAnimation:SecurityAnimation shortTitle:string textModulesData:[TextModuleData] title:string
  titleImage:Image valueAddedModuleData:[ValueAddedModuleData] version:int64
  viewUnlockRequirement:<ViewUnlockRequirement> wideTitleImage:Image wordMark:Image
OfferObject appLinkData:AppLinkData barcode:Barcode classId:string classReference:OfferClass
  disableExpirationNotification:boolean groupingInfo:GroupingInfo hasLinkedDevice:boolean hasUsers:boolean
  heroImage:Image id:string imageModulesData:[ImageModuleData] infoModuleData:InfoModuleData kind:string
  linkedObjectIds:[string] linksModuleData:LinksModuleData locations:[LatLongPoint]
  merchantLocations:[MerchantLocation] messages:[Message] notifyPreference:<NotifyPreference>
  passConstraints:PassConstraints rotatingBarcode:RotatingBarcode saveRestrictions:SaveRestrictions
  smartTapRedemptionValue:string state:<ObjectState> textModulesData:[TextModuleData]
  validTimeInterval:TimeInterval valueAddedModuleData:[ValueAddedModuleData] version:int64
`;

export const TYPE_TEXT = `
AddMessageRequest message:Message
AppLinkData androidAppLinkInfo:AppLinkDataAppLinkInfo displayText:LocalizedString
  iosAppLinkInfo:AppLinkDataAppLinkInfo webAppLinkInfo:AppLinkDataAppLinkInfo
AppLinkDataAppLinkInfo appLogoImage:Image appTarget:AppLinkDataAppLinkInfoAppTarget description:LocalizedString
  title:LocalizedString
AppLinkDataAppLinkInfoAppTarget packageName:string targetUri:Uri
Barcode alternateText:string kind:string renderEncoding:<RenderEncoding> showCodeText:LocalizedString
  type:<BarcodeType> value:string
BarcodeSectionDetail fieldSelector:FieldSelector
CallbackOptions updateRequestUrl:string url:string
CardBarcodeSectionDetails firstBottomDetail:BarcodeSectionDetail firstTopDetail:BarcodeSectionDetail
  secondTopDetail:BarcodeSectionDetail
CardRowOneItem item:TemplateItem
CardRowTemplateInfo oneItem:CardRowOneItem threeItems:CardRowThreeItems twoItems:CardRowTwoItems
CardRowThreeItems endItem:TemplateItem middleItem:TemplateItem startItem:TemplateItem
CardRowTwoItems endItem:TemplateItem startItem:TemplateItem
CardTemplateOverride cardRowTemplateInfos:[CardRowTemplateInfo]
ClassTemplateInfo cardBarcodeSectionDetails:CardBarcodeSectionDetails cardTemplateOverride:CardTemplateOverride
  detailsTemplateOverride:DetailsTemplateOverride listTemplateOverride:ListTemplateOverride
DateTime date:string
DetailsItemInfo item:TemplateItem
DetailsTemplateOverride detailsItemInfos:[DetailsItemInfo]
DiscoverableProgram merchantSigninInfo:DiscoverableProgramMerchantSigninInfo
  merchantSignupInfo:DiscoverableProgramMerchantSignupInfo state:<ProgramState>
DiscoverableProgramMerchantSigninInfo signinWebsite:Uri
DiscoverableProgramMerchantSignupInfo signupSharedDatas:[<SharedDataType>] signupWebsite:Uri
ExpiryNotification enableNotification:boolean
FieldReference dateFormat:<DateFormat> fieldPath:string
FieldSelector fields:[FieldReference]
FirstRowOption fieldOption:FieldSelector transitOption:<TransitOption>
GroupingInfo groupingId:string sortIndex:int32
Image contentDescription:LocalizedString kind:string privateImageId:string sourceUri:ImageUri
ImageModuleData id:string mainImage:Image
ImageUri description:string localizedDescription:LocalizedString uri:string
InfoModuleData labelValueRows:[LabelValueRow] showLastUpdateTime:boolean
LabelValue label:string localizedLabel:LocalizedString localizedValue:LocalizedString value:string
LabelValueRow columns:[LabelValue]
LatLongPoint kind:string latitude:double longitude:double
LinksModuleData uris:[Uri]
ListTemplateOverride firstRowOption:FirstRowOption secondRowOption:FieldSelector thirdRowOption:FieldSelector
LocalizedString defaultValue:TranslatedString kind:string translatedValues:[TranslatedString]
LoyaltyPoints balance:LoyaltyPointsBalance label:string localizedLabel:LocalizedString
LoyaltyPointsBalance double:double int:int32 money:Money string:string
MerchantLocation latitude:double longitude:double
Message body:string displayInterval:TimeInterval header:string id:string kind:string localizedBody:LocalizedString
  localizedHeader:LocalizedString messageType:<MessageType>
ModuleViewConstraints displayInterval:TimeInterval
Money currencyCode:string kind:string micros:int64
Notifications expiryNotification:ExpiryNotification upcomingNotification:UpcomingNotification
PassConstraints nfcConstraint:[<NfcConstraint>] screenshotEligibility:<ScreenshotEligibility>
Review comments:string
RotatingBarcode alternateText:string initialRotatingBarcodeValues:RotatingBarcodeValues
  renderEncoding:<RenderEncoding> showCodeText:LocalizedString totpDetails:RotatingBarcodeTotpDetails
  type:<BarcodeType> valuePattern:string
RotatingBarcodeTotpDetails algorithm:<TotpAlgorithm> parameters:[RotatingBarcodeTotpDetailsTotpParameters]
  periodMillis:int64
RotatingBarcodeTotpDetailsTotpParameters key:string valueLength:int32
RotatingBarcodeValues periodMillis:int64 startDateTime:string values:[string]
SaveRestrictions restrictToEmailSha256:string
SecurityAnimation animationType:<AnimationType>
TemplateItem firstValue:FieldSelector predefinedItem:<PredefinedItem> secondValue:FieldSelector
TextModuleData body:string header:string id:string localizedBody:LocalizedString localizedHeader:LocalizedString
TimeInterval end:DateTime kind:string start:DateTime
TranslatedString kind:string language:string value:string
UpcomingNotification enableNotification:boolean
Uri description:string id:string kind:string localizedDescription:LocalizedString uri:string
ValueAddedModuleData body:LocalizedString header:LocalizedString image:Image sortIndex:int32 uri:string
  viewConstraints:ModuleViewConstraints
`;

export const ENUM_TEXT = `
AnimationType ANIMATION_UNSPECIFIED FOIL_SHIMMER foilShimmer
BarcodeType BARCODE_TYPE_UNSPECIFIED AZTEC aztec CODE_39 code39 CODE_128 code128 CODABAR codabar DATA_MATRIX
  dataMatrix EAN_8 ean8 EAN_13 ean13 EAN13 ITF_14 itf14 PDF_417 pdf417 PDF417 QR_CODE qrCode qrcode UPC_A upcA
  TEXT_ONLY textOnly
DateFormat DATE_FORMAT_UNSPECIFIED DATE_TIME dateTime DATE_ONLY dateOnly TIME_ONLY timeOnly DATE_TIME_YEAR
  dateTimeYear DATE_YEAR dateYear YEAR_MONTH YEAR_MONTH_DAY
GenericType GENERIC_TYPE_UNSPECIFIED GENERIC_SEASON_PASS GENERIC_UTILITY_BILLS GENERIC_PARKING_PASS GENERIC_VOUCHER
  GENERIC_GYM_MEMBERSHIP GENERIC_LIBRARY_MEMBERSHIP GENERIC_RESERVATIONS GENERIC_AUTO_INSURANCE
  GENERIC_HOME_INSURANCE GENERIC_ENTRY_TICKET GENERIC_RECEIPT GENERIC_LOYALTY_CARD GENERIC_BUSINESS_CARD
  GENERIC_BARCODE_PASS GENERIC_MEMBERSHIP_CARD GENERIC_STUDENT_CARD GENERIC_TRANSIT_PASS
  GENERIC_VEHICLE_REGISTRATION GENERIC_OTHER
HoldersStatus STATUS_UNSPECIFIED MULTIPLE_HOLDERS ONE_USER_ALL_DEVICES ONE_USER_ONE_DEVICE multipleHolders
  oneUserAllDevices oneUserOneDevice
MessageType MESSAGE_TYPE_UNSPECIFIED TEXT text EXPIRATION_NOTIFICATION expirationNotification TEXT_AND_NOTIFY
NfcConstraint NFC_CONSTRAINT_UNSPECIFIED BLOCK_PAYMENT BLOCK_CLOSED_LOOP_TRANSIT
NotifyPreference NOTIFICATION_SETTINGS_FOR_UPDATES_UNSPECIFIED NOTIFY_ON_UPDATE
ObjectState STATE_UNSPECIFIED ACTIVE active COMPLETED completed EXPIRED expired INACTIVE inactive
PredefinedItem PREDEFINED_ITEM_UNSPECIFIED FREQUENT_FLYER_PROGRAM_NAME_AND_NUMBER frequentFlyerProgramNameAndNumber
  FLIGHT_NUMBER_AND_OPERATING_FLIGHT_NUMBER flightNumberAndOperatingFlightNumber
ProgramState STATE_UNSPECIFIED TRUSTED_TESTERS trustedTesters LIVE live DISABLED disabled
RedemptionChannel REDEMPTION_CHANNEL_UNSPECIFIED INSTORE instore ONLINE online BOTH both TEMPORARY_PRICE_REDUCTION
  temporaryPriceReduction
RenderEncoding RENDER_ENCODING_UNSPECIFIED UTF_8
ReviewStatus REVIEW_STATUS_UNSPECIFIED UNDER_REVIEW underReview APPROVED approved REJECTED rejected DRAFT draft
ScreenshotEligibility SCREENSHOT_ELIGIBILITY_UNSPECIFIED ELIGIBLE INELIGIBLE
SharedDataType SHARED_DATA_TYPE_UNSPECIFIED FIRST_NAME LAST_NAME STREET_ADDRESS ADDRESS_LINE_1 ADDRESS_LINE_2
  ADDRESS_LINE_3 CITY STATE ZIPCODE COUNTRY EMAIL PHONE
TotpAlgorithm TOTP_ALGORITHM_UNSPECIFIED TOTP_SHA1
TransitOption TRANSIT_OPTION_UNSPECIFIED ORIGIN_AND_DESTINATION_NAMES originAndDestinationNames
  ORIGIN_AND_DESTINATION_CODES originAndDestinationCodes ORIGIN_NAME originName
ViewUnlockRequirement VIEW_UNLOCK_REQUIREMENT_UNSPECIFIED UNLOCK_NOT_REQUIRED UNLOCK_REQUIRED_TO_VIEW
`;
