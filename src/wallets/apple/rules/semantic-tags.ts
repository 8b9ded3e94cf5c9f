import { all, colour, date, flag, list, object, oneOf, someOf, text, textOrEmpty, word, type Rule } from './rule.js';

const location = object(
  { latitude: { is: 'number', least: -90, most: 90 }, longitude: { is: 'number', least: -180, most: 180 } },
  ['latitude', 'longitude'],
);
const money = object({ amount: { is: 'amount' }, currencyCode: { is: 'currency' } }, ['amount', 'currencyCode']);
const security = list(
  someOf(
    ...['TSAPreCheck', 'TSAPreCheckTouchlessID', 'OSS', 'ITI', 'ITD', 'GlobalEntry', 'CLEAR'].map(
      (name) => `PKTransitSecurityProgram${name}`,
    ),
  ),
);
const eventDateInfo = object({
  date,
  timeZone: { is: 'zone' },
  ...all(flag, 'ignoreTimeComponents unannounced undetermined isAllDay isUnannounced isUndetermined'),
});

/** Tags of one team or one end of a journey are there twice. */
const both = (one: string, other: string, rule: Rule, names: string): Record<string, Rule> => ({
  ...all(
    rule,
    names.replace(/\S+/g, (name) => one + name),
  ),
  ...all(
    rule,
    names.replace(/\S+/g, (name) => other + name),
  ),
});

/** Tags of tickets. */
export const EVENT_TAGS: Readonly<Record<string, Rule>> = {
  ...all(
    text,
    `additionalTicketAttributes admissionLevel admissionLevelAbbreviation attendeeName entranceDescription eventName
     genre venueEntrance venueEntranceDoor venueEntranceGate venueEntrancePortal venueName venuePhoneNumber
     venueRegionName venueRoom eventLiveMessage venuePlaceID leagueAbbreviation leagueName sportName`,
  ),
  ...both('away', 'home', text, 'TeamAbbreviation TeamLocation TeamName'),
  ...all(
    date,
    `eventStartDate eventEndDate venueBoxOfficeOpenDate venueCloseDate venueDoorsOpenDate venueFanZoneOpenDate
     venueGatesOpenDate venueOpenDate venueParkingLotsOpenDate`,
  ),
  ...all(list(text), 'albumIDs artistIDs performerNames playlistIDs'),
  eventStartDateInfo: eventDateInfo,
  eventTimeZone: { is: 'zone' },
  eventType: oneOf(
    ...['Generic', 'LivePerformance', 'Movie', 'Sports', 'Conference', 'Convention', 'Workshop', 'SocialGathering'].map(
      (name) => `PKEventType${name}`,
    ),
  ),
  tailgatingAllowed: flag,
  venueLocation: location,
};

/** Tags of journeys. */
export const JOURNEY_TAGS: Readonly<Record<string, Rule>> = {
  ...all(
    text,
    `airlineCode boardingGroup boardingSequenceNumber boardingZone carNumber confirmationNumber flightCode
     internationalDocumentsVerifiedDeclarationName membershipProgramName membershipProgramNumber
     membershipProgramStatus priorityStatus securityScreening ticketFareClass transitProvider transitStatus
     transitStatusReason vehicleName vehicleNumber vehicleType airlineLoungePlaceID`,
  ),
  ...both(
    'departure',
    'destination',
    text,
    'AirportCode AirportName CityName Gate LocationDescription Platform StationName Terminal',
  ),
  ...both('original', 'current', date, 'ArrivalDate BoardingDate DepartureDate'),
  ...both('departure', 'destination', { is: 'zone' }, 'LocationTimeZone AirportTimeZone'),
  ...both('departure', 'destination', security, 'LocationSecurityPrograms AirportSecurityPrograms'),
  ...both('departure', 'destination', location, 'Location'),
  flightNumber: { is: 'integer', least: 0 },
  internationalDocumentsAreVerified: flag,
  passengerName: object(
    all(text, 'namePrefix givenName middleName familyName nameSuffix nickname phoneticRepresentation'),
  ),
  passengerCapabilities: list(
    someOf(
      ...['Preboarding', 'PriorityBoarding', 'Carryon', 'PersonalItem', 'LapInfant'].map(
        (name) => `PKPassengerCapability${name}`,
      ),
    ),
  ),
  passengerEligibleSecurityPrograms: security,
  ...all(list(text), 'loungePlaceIDs passengerAirlineSSRs'),
  passengerServiceSSRs: list(
    someOf('PETC', 'SVAN', 'UMNR', 'WCBD', 'WCBW', 'WCHC', 'WCHR', 'WCHS', 'WCLB', 'WCMP', 'WCOB'),
  ),
  passengerInformationSSRs: list(someOf('INFT')),
};

/** Tags of any style. */
export const COMMON_TAGS: Readonly<Record<string, Rule>> = {
  duration: { is: 'integer', least: 0 },
  silenceRequested: flag,
  totalPrice: money,
  balance: money,
  seats: list(
    object({
      ...all(word, 'seatNumber seatRow seatSection seatIdentifier seatType seatDescription seatAisle seatLevel'),
      seatSectionColor: colour,
    }),
  ),
  wifiAccess: list(
    object({ ...all(text, 'ssid captiveToken'), password: textOrEmpty, captiveTokenAuthURL: { is: 'url' } }, [
      'ssid',
      'password',
    ]),
  ),
  airPlay: object({}),
};

export const SEMANTIC_TAGS: Rule = object({ ...EVENT_TAGS, ...JOURNEY_TAGS, ...COMMON_TAGS });
