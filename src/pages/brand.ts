import type { FootLink } from './html.js';
import { textsIn, type Language } from './texts.js';

/** The logo of a brand as its card shows it: on the card's own ground, since a white logo is none on white. */
export interface BrandLogo {
  src: string;
  srcset: string;
  /** `rgb(r, g, b)`. */
  background: string;
}

/** Who speaks on a page for customers, as far as it is known. */
export interface Brand {
  name: string;
  logo: BrandLogo | null;
  pages: { privacyUrl: string | null; imprintUrl: string | null; supportUrl: string | null; brandUrl: string | null };
}

/** A page whose tenant nobody has proven to know. */
export const NO_BRAND: Brand = {
  name: '',
  logo: null,
  pages: { privacyUrl: null, imprintUrl: null, supportUrl: null, brandUrl: null },
};

/** The brand on a page with cards: where a card has the logo, the page does not say it twice. */
export const besideCards = (brand: Brand, cards: readonly { logo: object | null }[]): Brand =>
  cards.some(({ logo }) => logo !== null) ? { ...brand, logo: null } : brand;

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
  logo: brand.logo,
  foot: footOf(brand, language),
  ...(brand.pages.brandUrl !== null && { home: brand.pages.brandUrl }),
});
