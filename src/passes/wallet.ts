import type { TenantSettings } from './tenant-settings.js';

/** Every wallet that a pass can be in. */
export const WALLETS = ['apple', 'google'] as const;
export type Wallet = (typeof WALLETS)[number];

/** Wallets that keep an object of each pass, which we write; Apple's phones fetch theirs. With the tenants that use them. */
const WRITTEN_WALLETS = {
  google: (settings: TenantSettings) => settings.google.issuerId !== null,
} as const satisfies Partial<Record<Wallet, (settings: TenantSettings) => boolean>>;
export type WrittenWallet = keyof typeof WRITTEN_WALLETS;

/** The wallets that are to be written when a pass of this tenant changes. */
export const writtenWalletsOf = (settings: TenantSettings): WrittenWallet[] =>
  (Object.keys(WRITTEN_WALLETS) as WrittenWallet[]).filter((wallet) => WRITTEN_WALLETS[wallet](settings));

/** What a step tells of a tenant's wallets; histories of former releases have a flag for Google instead of the list. */
export interface FoundWallets {
  wallets?: readonly WrittenWallet[];
  google?: boolean;
}

export const walletsOf = ({ wallets, google }: FoundWallets): readonly WrittenWallet[] =>
  wallets ?? (google === true ? ['google'] : []);
