import type { FootLink } from './html.js';
import { textsIn, type Language } from './texts.js';

/** Who speaks on a page for customers, as far as it is known. */
export interface Brand {
  name: string;
  pages: { privacyUrl: string | null; imprintUrl: string | null; supportUrl: string | null; brandUrl: string | null };
}

/** A page whose tenant nobody has proven to know. */
export const NO_BRAND: Brand = {
  name: '',
  pages: { privacyUrl: null, imprintUrl: null, supportUrl: null, brandUrl: null },
};

/** The links at the foot of a page: privacy, imprint, support. */
export function footOf({ pages }: Brand, language: Language): FootLink[] {
  const { privacy, imprint, support } = textsIn(language);
  const all = [
    { href: pages.privacyUrl, text: privacy },
    { href: pages.imprintUrl, text: imprint },
    { href: pages.supportUrl, text: support },
  ];
  return all.filter((link): link is FootLink => link.href !== null);
}

/** What `page` needs to speak for a brand. */
export const speaking = (brand: Brand, language: Language) => ({
  language,
  brand: brand.name,
  foot: footOf(brand, language),
  ...(brand.pages.brandUrl !== null && { home: brand.pages.brandUrl }),
});
