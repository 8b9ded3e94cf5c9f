import type { PassTypeDesign } from '../passes/pass-type.js';
import {
  messageSnippet,
  offerSnippet,
  syncSnippet,
  updateSnippet,
  webhookSnippet,
  type WebhookSnippet,
} from './webhook-snippet.js';

export interface SnippetPlace {
  publicUrl: string;
  accountId: string;
  tenantId: string;
  /** Identifiers of the tenant's own, each with the profile property that holds it. */
  own: Readonly<Record<string, string>>;
}

interface FlowAction {
  heading: string;
  when: string;
  make(design: PassTypeDesign, place: SnippetPlace): WebhookSnippet;
}

/** What a flow can do with a pass: the one list of the command line and of the page for people who build flows. */
export const FLOW_ACTIONS = {
  issue: {
    heading: 'Issue the pass',
    when: 'For a flow that gives somebody the card.',
    make: webhookSnippet,
  },
  update: {
    heading: 'Change the pass',
    when: 'For a flow that changes a card that somebody has.',
    make: updateSnippet,
  },
  message: {
    heading: 'Send a message',
    when: 'For a flow that tells somebody something on the lock screen.',
    make: (_design, place) => messageSnippet(place),
  },
  offer: {
    heading: 'Lay an offer over the pass',
    when: 'For a flow that shows something on a card for some days, and what was there before again at the end.',
    make: offerSnippet,
  },
  sync: {
    heading: 'Carry a changed profile over',
    when: 'For a flow that starts when a profile has changed: its cards change with it.',
    make: (_design, place) => syncSnippet(place),
  },
} as const satisfies Readonly<Record<string, FlowAction>>;

/** The tenant's own identifiers that a profile holds, each with its property. */
export const ownIdentifiers = (settings: {
  customIdentifiers: readonly string[];
  klaviyo: { propertyMap: Readonly<Record<string, string>> };
}): Record<string, string> =>
  Object.fromEntries(
    Object.entries(settings.klaviyo.propertyMap).flatMap(([property, kind]) =>
      settings.customIdentifiers.includes(kind) ? [[kind, property]] : [],
    ),
  );
