import type { WrittenWallet } from '../passes/wallet.js';

/** The step that brings a changed pass to a wallet: for one operation, and for those of a burst in slices. */
export const WALLET_STEPS = {
  google: { single: 'update-google-object', burst: 'burst-update-google-object' },
} as const satisfies Record<WrittenWallet, { single: string; burst: string }>;
