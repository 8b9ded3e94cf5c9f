import { parsePhoneNumberFromString, type CountryCode, type PhoneNumber } from 'libphonenumber-js/min';

/** What spreadsheets, links and WhatsApp put around a number. */
const WRAPPING: readonly (readonly [RegExp, string])[] = [
  [/^=?["'\u2018\u201c]?|["'\u2019\u201d]$/g, ''],
  [/^(?:tel|sms|whatsapp):/i, ''],
  [/^(?:https?:\/\/)?(?:wa\.me\/|api\.whatsapp\.com\/send\?phone=)\+?/i, '+'],
  [/^\+?(\d+)@(?:c\.us|s\.whatsapp\.net)$/i, '+$1'],
  [/^\((\+\d+)\)/, '$1'],
];

/**
 * Digits after the `+` that the library does not forgive, and what they were meant as: the dialling prefixes that Mexico
 * gave up in 2019 (WhatsApp still writes the 1), a trunk zero before an Italian mobile number, Argentina's 15 of a mobile
 * dialled at home, trunk zeros elsewhere.
 */
const HABITS: readonly (readonly [RegExp, string])[] = [
  [/^\+52(?:1|01|044|045|0441|0451)(\d{10})$/, '+52$1'],
  [/^\+39(?:\(0\)|0)(3\d{8,9})$/, '+39$1'],
  [/^\+549?(?:(11)15(\d{8})|([23]\d\d)15(\d{7})|([23]\d{3})15(\d{6}))$/, '+549$1$2$3$4$5$6'],
  [/^(\+\d{1,3}?)0+([1-9]\d{6,})$/, '$1$2'],
];
/** Where the ten digits of Arabic, Persian and Hindi begin; NFKC turns wide ones only. */
const ZEROS: readonly number[] = [0x660, 0x6f0, 0x966];
const asciiDigit = (digit: string): string => {
  const code = digit.codePointAt(0)!;
  return String(code - ZEROS.findLast((zero) => zero <= code)!);
};

/** National forms of countries whose old prefixes the library has forgotten. */
const NATIONAL_HABITS: Readonly<Record<string, readonly [RegExp, string]>> = {
  MX: [/^(?:521|1|01|044|045)(\d{10})$/, '+52$1'],
};
/** Too long for a number of North America that was mistyped, so it begins with its country code. */
const INTERNATIONAL_WITHOUT_PLUS = /^[1-9]\d{11,14}$/;

const parse = (text: string, country: CountryCode | undefined): PhoneNumber | undefined => {
  const parsed = parsePhoneNumberFromString(text, { extract: false, ...(country && { defaultCountry: country }) });
  return parsed?.ext ? undefined : parsed;
};

/** Other ways to read a number that is none as it is, the most probable first. */
function rereadings(text: string, country: string | undefined): string[] {
  const digits = text.replace(/[\s().\-/\u2010-\u2015\u2212]/g, '');
  const out: string[] = [];
  if (/^(?:\+{2,}|\+?00)[1-9]\d+$/.test(digits)) out.push(digits.replace(/^(?:\++|\+?00)/, '+'));
  for (const [pattern, meant] of HABITS) if (pattern.test(digits)) out.push(digits.replace(pattern, meant));
  const national = NATIONAL_HABITS[country ?? ''];
  if (national?.[0].test(digits)) out.push(digits.replace(...national));
  if (INTERNATIONAL_WITHOUT_PLUS.test(digits)) {
    const international = `+${digits}`;
    out.push(international, ...HABITS.map(([pattern, meant]) => international.replace(pattern, meant)));
  }
  return out;
}

/**
 * A phone number in E.164, or null. Forgiven is what the library forgives, then the listed habits above. A number without
 * a country code has to be a real one of the tenant's country: `0612345678` in a US tenant is nobody's.
 */
export function readPhone(text: string, defaultCountry: string | undefined): string | null {
  let bare = text
    .normalize('NFKC')
    .replace(/[\u0660-\u0669\u06f0-\u06f9\u0966-\u096f]/g, asciiDigit)
    .trim();
  for (const [pattern, instead] of WRAPPING) bare = bare.replace(pattern, instead).trim();
  const country = defaultCountry?.toUpperCase();
  const first = parse(bare, country as CountryCode | undefined);
  if (first?.isValid()) return first.number;
  for (const reading of rereadings(bare, country)) {
    const parsed = parse(reading, country as CountryCode | undefined);
    if (parsed?.isValid()) return parsed.number;
  }
  // Numbering plans grow faster than any library. North America's is closed: no area begins with 0 or 1 there.
  const isOpenPlan = bare.startsWith('+') && first?.countryCallingCode !== '1';
  return first !== undefined && isOpenPlan && first.isPossible() ? first.number : null;
}
