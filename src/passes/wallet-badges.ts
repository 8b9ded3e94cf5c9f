import type { Wallet } from './wallet.js';

export interface Badge {
  sha256: string;
  type: 'svg' | 'png';
}

/** Badges of a tenant by `apple`, `google`, `apple.de`, `google.pt-BR`: the wallet, and a language where it has one. */
export type Badges = Readonly<Record<string, Badge>>;

/** The badge of a wallet for a reader: in their language, in its base language, else the one without a language. */
export function badgeFor(badges: Badges, wallet: Wallet, language: string): Badge | null {
  const names = [`${wallet}.${language}`, `${wallet}.${language.split('-')[0]}`, wallet];
  const name = names.find((one) => Object.hasOwn(badges, one));
  return name === undefined ? null : badges[name]!;
}
