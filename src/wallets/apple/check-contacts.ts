import { pointer } from '../../common/clean-text.js';
import type { PassTypeDesign } from '../../passes/pass-type.js';
import { possibleValues } from '../../passes/possible-values.js';
import type { Add } from './design-problem.js';
import { objectOf } from './face-needs.js';

const isMail = (text: string): boolean => /^[^\s@]+@[^\s@]+$/.test(text) && text.includes('.');
const isPhone = (text: string): boolean => /^\+?[\d\s()./-]{3,}$/.test(text) && /\d/.test(text);

const CONTACTS: Readonly<Record<string, [fits: (text: string) => boolean, what: string, example: string]>> = {
  contactVenueEmail: [isMail, 'e-mail address', 'hello@example.com'],
  contactVenuePhoneNumber: [isPhone, 'phone number', '+1 415 555 0100'],
  transitProviderEmail: [isMail, 'e-mail address', 'hello@example.com'],
  transitProviderPhoneNumber: [isPhone, 'phone number', '+1 415 555 0100'],
};

/** Addresses and numbers that the buttons of a pass would write to or call, those of upcoming passes included. */
export function checkContacts(design: PassTypeDesign, add: Add): void {
  const { extra } = design.apple!;
  const upcoming = extra['upcomingPassInformation'];
  const owners = [
    { at: pointer('apple', 'extra'), of: extra },
    ...(Array.isArray(upcoming) ? upcoming : []).map((entry, index) => ({
      at: pointer('apple', 'extra', 'upcomingPassInformation', index, 'URLs'),
      of: objectOf(objectOf(entry)['URLs']),
    })),
  ];
  for (const { at, of } of owners) {
    for (const [key, [fits, what, example]] of Object.entries(CONTACTS)) {
      const value = Object.hasOwn(of, key) ? of[key] : undefined;
      if (typeof value !== 'string') continue;
      for (const one of (possibleValues(value, design) ?? []).filter((text) => !fits(text.trim()))) {
        add(at + pointer(key), `"${one}" is no ${what}: its button does nothing.`, `Write one: ${example}.`, 'warning');
      }
    }
  }
}
