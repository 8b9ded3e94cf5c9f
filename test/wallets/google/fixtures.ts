import { googleDesign, type GoogleDesign } from '../../../src/passes/pass-type.js';
import { createAccessTokens } from '../../../src/wallets/google/access-token.js';
import { createGoogleWalletClient } from '../../../src/wallets/google/objects-client.js';
import type { GoogleWalletSimulator } from '../../../src/simulators/google/wallet.js';

export const ISSUER = '3388000000012345678';
export const view = (fields: Record<string, string | number | boolean>) => ({ fields, visuals: {}, pass: {} });

const text = (value: string) => ({ defaultValue: { language: 'en', value } });
const logo = { sourceUri: { uri: 'https://images.example/logo.png' } };

export const loyalty: GoogleDesign = googleDesign.parse({
  type: 'loyalty',
  classSuffix: 'club',
  class: {
    issuerName: 'Café Müller',
    programName: 'Stammgäste',
    programLogo: logo,
    rewardsTier: 'Gold',
    hexBackgroundColor: '#112233',
  },
  object: {
    accountId: '{{memberId}}',
    accountName: '{{firstName}}',
    loyaltyPoints: { label: 'Points', balance: { int: '{{points}}' } },
    barcode: { type: 'QR_CODE', value: '{{pass.serialNumber}}' },
    textModulesData: [
      { id: 'note', header: 'Note', body: '{{note}}' },
      { id: 'fixed', header: 'Opening hours', body: 'Daily' },
    ],
  },
  notifyOn: ['points'],
});

export const offer: GoogleDesign = googleDesign.parse({
  type: 'offer',
  classSuffix: 'coupon',
  class: { issuerName: 'Café', provider: 'Café', redemptionChannel: 'INSTORE', title: 'One coffee' },
  object: { validTimeInterval: { end: { date: '{{until}}' } } },
});

export const generic: GoogleDesign = googleDesign.parse({
  type: 'generic',
  classSuffix: 'card',
  object: {
    cardTitle: text('Card'),
    header: text('{{firstName}}'),
    subheader: text('{{tier}}'),
    hexBackgroundColor: '{{visual.background}}',
    logo,
  },
});

export const designs = { loyalty, offer, generic };

/** A client of the simulator with an account of its own; the budget of the simulator is switched off unless a test wants it. */
export function clientOf(simulator: GoogleWalletSimulator, now: () => number = Date.now, issuerIds?: string[]) {
  const serviceAccount = simulator.serviceAccount(issuerIds);
  const tokens = createAccessTokens({ serviceAccount, tokenUrl: simulator.tokenUrl, timeoutMs: 5_000, now });
  return {
    serviceAccount,
    tokens,
    client: createGoogleWalletClient({ apiUrl: simulator.apiUrl, tokens, timeoutMs: 5_000 }),
  };
}
