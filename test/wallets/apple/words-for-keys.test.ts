import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { putWords, withWords, wordsForKeys } from '../../../src/wallets/apple/words-for-keys.js';
import { translator } from '../../../src/wallets/apple/translator.js';
import type { AppleDesign } from '../../../src/passes/pass-type.js';

type Strings = Record<string, string>;
const localized = (languages: Record<string, Strings>): AppleDesign['localizations'] =>
  Object.fromEntries(Object.entries(languages).map(([name, strings]) => [name, { strings, images: {} }]));

/** What an iPhone of a language reads: the lookup of Wallet in what the pass holds. */
function read(key: string, localizations: AppleDesign['localizations'], own: string, language: string): string {
  const words = wordsForKeys(localizations, own);
  const { label } = putWords({ label: key }, words);
  const strings = withWords(localizations[language]?.strings ?? {}, words);
  return strings[label] ?? label;
}

test('a language without strings reads keys in the tenant’s language, or in any, and never the key', () => {
  const both = localized({ de: { tier_label: 'Stufe', 'card.points': 'Punkte' }, en: { tier_label: 'Tier' } });
  assert.equal(read('tier_label', both, 'en', 'fr'), 'Tier');
  assert.equal(read('tier_label', both, 'de-AT', 'fr'), 'Stufe');
  assert.equal(read('tier_label', both, 'en', 'de'), 'Stufe');
  assert.equal(read('card.points', both, 'en', 'fr'), 'Punkte', 'the tenant’s language has none');
  assert.equal(translator({ localizations: both } as AppleDesign, 'fr', 'en')('Tier'), 'Tier');
  assert.equal(translator({ localizations: both } as AppleDesign, 'de', 'en')('Tier'), 'Stufe');
});

test('a key in camelCase is a key, and names of products and people are texts', () => {
  const keys = localized({ de: { tierLabel: 'Stufe', pointsLeft2: 'Punkte' }, en: { tierLabel: 'Tier' } });
  assert.equal(read('tierLabel', keys, 'en', 'fr'), 'Tier');
  assert.equal(read('pointsLeft2', keys, 'en', 'fr'), 'Punkte');
  for (const text of ['iPhone', 'eBay', 'iOS', 'macOS', 'PayPal', 'McDonald', 'Points', 'POINTS', 'check-in', 'tier']) {
    assert.equal(wordsForKeys(localized({ de: { [text]: 'Wort' } }), 'de').size, 0, text);
  }
});

test('texts in a language stay as the design writes them', () => {
  const source = localized({ de: { Points: 'Punkte', 'Free coffee': 'Kaffee gratis' } });
  assert.equal(wordsForKeys(source, 'de').size, 0);
  assert.equal(read('Points', source, 'de', 'fr'), 'Points');
});

test('every language reads its own translation of every key, also where words are shared', () => {
  const word = fc.constantFrom('Points', 'Tier', 'Stars', 'Card', 'a_key');
  const strings = fc.dictionary(fc.constantFrom('a_key', 'b_key', 'c.key', 'Points', 'Card'), word);
  fc.assert(
    fc.property(strings, strings, fc.constantFrom('de', 'en', 'fr'), (de, en, own) => {
      const localizations = localized({ de, en });
      for (const [language, mine] of Object.entries({ de, en }))
        for (const [source, translation] of Object.entries(mine))
          assert.equal(read(source, localizations, own, language), translation);
    }),
  );
});
