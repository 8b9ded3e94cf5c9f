const named = (faces: readonly string[], names: string): Record<string, readonly string[]> =>
  Object.fromEntries(names.split(/\s+/).map((name) => [name, faces]));

export const EVENT_GUIDE = `accessibilityURL addOnURL bagPolicyURL contactVenueWebsite directionsInformationURL merchandiseURL
  parkingInformationURL purchaseParkingURL sellURL transferURL transitInformationURL`;
export const FLIGHT_URLS = `changeSeatURL entertainmentURL managementURL purchaseAdditionalBaggageURL purchaseLoungeAccessURL
  purchaseWifiURL registerServiceAnimalURL reportLostBagURL requestWheelchairURL transitProviderWebsiteURL upgradeURL
  trackBagsURL`;
export const EVENT_GUIDE_URLS: readonly string[] = EVENT_GUIDE.split(/\s+/);

/** Faces that draw a key of pass.json, by style, scheme or `posterGeneric`; others never show it. */
export const KEY_FACES: Readonly<Record<string, readonly string[]>> = {
  ...named(
    ['posterEventTicket'],
    `${EVENT_GUIDE} contactVenueEmail contactVenuePhoneNumber eventLogoText auxiliaryStoreIdentifiers
     footerBackgroundColor useAutomaticColors`,
  ),
  ...named(
    ['semanticBoardingPass'],
    `${FLIGHT_URLS} transitProviderEmail transitProviderPhoneNumber businessChatIdentifier`,
  ),
  suppressHeaderDarkening: ['posterEventTicket', 'posterGeneric'],
  orderFoodURL: ['posterEventTicket', 'semanticBoardingPass'],
  groupingIdentifier: ['eventTicket', 'boardingPass'],
};

/** Tags with two spellings, one of Apple's documentation and one of its tools, of which phones read the other one. */
export const READ_SPELLINGS: Readonly<Record<string, string>> = {
  departureAirportSecurityPrograms: 'departureLocationSecurityPrograms',
  destinationAirportSecurityPrograms: 'destinationLocationSecurityPrograms',
  airlineLoungePlaceID: 'loungePlaceIDs',
};
