import type { MessageKind } from '../pages/message-page.js';

/** Why a personal link led nowhere. */
export const LINK_MISTAKES = {
  'token-missing': {
    code: 'L-01',
    status: 400,
    cure: "The link has no neo.authToken. In the template append ?neo.authToken={{ person|lookup:'neostore.authenticationToken' }} and send from a live profile; profiles without the property get it by the write-back or by: npx passrelay links backfill <tenant>.",
  },
  'token-unrendered': {
    code: 'L-02',
    status: 400,
    cure: "The template tag arrived as it was written. Use {{ person|lookup:'neostore.authenticationToken' }} exactly so, in a message that Klaviyo sends to a profile, not in a preview.",
  },
  'token-damaged': {
    code: 'L-03',
    status: 400,
    cure: 'The token is cut off or altered. Put the link behind a button, switch link shortening by other tools off, and insert the property neostore.authenticationToken itself.',
  },
  'token-unknown': {
    code: 'L-04',
    status: 404,
    cure: 'This tenant never issued the token: check the tenant in the address, and that each profile carries its own neostore.authenticationToken, not one copied from another account or profile.',
  },
  'token-expired': {
    code: 'L-05',
    status: 410,
    cure: 'The token is older than settings.links.expiryDays. Send a new message: the write-back keeps the property of the profile fresh.',
  },
  'token-revoked': {
    code: 'L-06',
    status: 410,
    cure: 'The token was revoked. The next write-back, or npx passrelay links backfill <tenant>, writes a fresh one to the profile.',
  },
  'no-pass': {
    code: 'L-07',
    status: 404,
    cure: 'The profile has no pass yet. Link to /{tenantId}/mail, which issues one, or let the flow issue it before the message is sent.',
  },
  'session-ended': {
    code: 'L-08',
    status: 401,
    cure: 'The session that a link opens lasts half an hour and needs a cookie. The customer opens the link again.',
  },
} as const satisfies Partial<Record<MessageKind, { code: string; status: number; cure: string }>>;

/** What only the diagnosis can know: the page itself opens for the owner of the token. */
export const TOLD_TO_OPERATORS = {
  'token-of-another': {
    code: 'L-09',
    cure: "The token works, but it is another customer's: the profile got it by an import, a copied property or a link that was typed into the template. Delete neostore.authenticationToken from the profile and run npx passrelay links backfill <tenant>; revoke the token if strangers had it.",
  },
} as const;
export type LinkMistake = keyof typeof LINK_MISTAKES;
