import type { JsonValue } from '../common/json.js';

export type Platform = 'Apple' | 'Google';
export type PlatformState = 'not-installed' | 'installed' | 'uninstalled';
export type RecordState = 'active' | 'uninstalled' | 'deleted' | 'voided';
export const PASS_EVENTS = [
  'Pass Created',
  'Pass Installed',
  'Pass Updated',
  'Pass Uninstalled',
  'Pass Voided',
  'Wallet Message Sent',
  'Wallet Message Received',
] as const;
export type PassEvent = (typeof PASS_EVENTS)[number];

/** What Klaviyo learns of a pass; times are ISO 8601 in UTC. */
export interface WrittenPass {
  serialNumber: string;
  /** Name of the pass type, as in `neostore.wallet.<type>.Apple`. */
  passType: string;
  /** Types that the pass had before it was converted, where the person has no other pass of them. */
  formerPassTypes?: readonly string[];
  state: RecordState;
  platforms: Readonly<Record<Platform, PlatformState>>;
  landingUrl: string;
  downloadUrl: string;
  /** A fresh token of the personal link; null leaves the one in the profile as it is. */
  authenticationToken: string | null;
  createdAt: string;
  installedAt: string | null;
  updatedAt: string | null;
  uninstalledAt: string | null;
  /** Made with a test key: kept apart from what production's segments, flows and metrics look at. */
  test?: boolean;
}
/** Who it belongs to; at least one of them is present. */
export interface WrittenRecipient {
  /** Klaviyo's own id of the profile, if a webhook or an earlier call named it. */
  profileId: string | null;
  email: string | null;
  phone: string | null;
  externalId: string | null;
}
/** `serial`: external_id = serial number, as PassNinja does; `keep`: external_id stays the merchant's. */
export type ExternalIdRule = 'serial' | 'keep';

type Attributes = Record<string, JsonValue>;
export interface JsonApiBody {
  data: { type: string; id?: string; attributes: Attributes; [key: string]: JsonValue | undefined };
}

/**
 * The one strongest identifier. Klaviyo answers 409 when the identifiers of one request belong to different profiles,
 * and 404 when an id is next to another profile's e-mail; so each call carries only one.
 */
function strongest(recipient: WrittenRecipient): { id?: string; attributes: Attributes } {
  if (recipient.profileId !== null) return { id: recipient.profileId, attributes: {} };
  const found = foundBy(recipient);
  if (!found) throw new TypeError('a recipient without any identifier cannot be written to Klaviyo');
  return { attributes: { [found.attribute]: found.value } };
}

/** What a profile is found by where its id is not known; null where nothing but the id names it. */
export function foundBy(recipient: Omit<WrittenRecipient, 'profileId'>) {
  const { email, phone, externalId } = recipient;
  if (email !== null) return { attribute: 'email', value: email } as const;
  if (phone !== null) return { attribute: 'phone_number', value: phone } as const;
  return externalId === null ? null : ({ attribute: 'external_id', value: externalId } as const);
}

/**
 * Custom properties of the profile: link, serial, token, state per platform. What a conversion ended is said to be gone; a
 * test pass has its own properties and no others.
 */
export function profileProperties(pass: WrittenPass): Record<string, JsonValue> {
  if (pass.test === true) {
    return {
      wallet_pass_test_url: pass.landingUrl,
      wallet_pass_test_serial: pass.serialNumber,
      wallet_pass_test_state: pass.state,
    };
  }
  const gone = (pass.formerPassTypes ?? []).flatMap((type) => [
    [`neostore.wallet.${type}.Apple`, 'not-installed'],
    [`neostore.wallet.${type}.Google`, 'not-installed'],
  ]);
  return {
    ...(Object.fromEntries(gone) as Record<string, JsonValue>),
    wallet_pass_url: pass.landingUrl,
    wallet_pass_serial: pass.serialNumber,
    wallet_pass_state: pass.state,
    ...(pass.authenticationToken !== null && { 'neostore.authenticationToken': pass.authenticationToken }),
    [`neostore.wallet.${pass.passType}.Apple`]: pass.platforms.Apple,
    [`neostore.wallet.${pass.passType}.Google`]: pass.platforms.Google,
  };
}

/** Body of `/api/profile-import`: the strongest identifier and the properties. */
export function profileBody(pass: WrittenPass, recipient: WrittenRecipient): JsonApiBody {
  const { id, attributes } = strongest(recipient);
  return {
    data: {
      type: 'profile',
      ...(id !== undefined && { id }),
      attributes: { ...attributes, properties: profileProperties(pass) },
    },
  };
}

/** Body of `/api/profile-import` that sets the token of the personal link and nothing else. */
export function linkTokenBody(token: string, recipient: WrittenRecipient): JsonApiBody {
  const { id, attributes } = strongest(recipient);
  const properties = { 'neostore.authenticationToken': token };
  return { data: { type: 'profile', ...(id !== undefined && { id }), attributes: { ...attributes, properties } } };
}

/** The profile as Klaviyo has it, as far as its identifiers go. */
export interface KnownIdentifiers {
  id: string;
  email: string | null;
  phone_number: string | null;
  external_id: string | null;
}

/**
 * Bodies of the second, best-effort calls (`PATCH /api/profiles/{id}`), one per missing identifier, so that a
 * conflict of one does not block the others. An existing identifier is never overwritten; external_id is written only
 * by rule.
 */
export function identifierBodies(
  profile: KnownIdentifiers,
  pass: Pick<WrittenPass, 'serialNumber'>,
  recipient: WrittenRecipient,
  rule: ExternalIdRule,
): JsonApiBody[] {
  const wanted: [keyof Omit<KnownIdentifiers, 'id'>, string | null][] = [
    ['email', recipient.email],
    ['phone_number', recipient.phone],
    ['external_id', rule === 'serial' ? pass.serialNumber : null],
  ];
  return wanted
    .filter(([name, value]) => value !== null && (profile[name] ?? '') === '')
    .map(([name, value]) => ({ data: { type: 'profile', id: profile.id, attributes: { [name]: value } } }));
}

/** The body that takes everything of ours out of a profile again (erasure). */
export function clearedProfileBody(profileId: string, passTypes: readonly string[]): JsonApiBody {
  const unset = [
    'wallet_pass_url',
    'wallet_pass_serial',
    'wallet_pass_state',
    'wallet_pass_test_url',
    'wallet_pass_test_serial',
    'wallet_pass_test_state',
    'neostore.authenticationToken',
    ...passTypes.flatMap((type) => [`neostore.wallet.${type}.Apple`, `neostore.wallet.${type}.Google`]),
  ];
  return { data: { type: 'profile', id: profileId, attributes: {}, meta: { patch_properties: { unset } } } };
}

export interface EventContext {
  operationId: string;
  /** Step of the operation that the event belongs to; with the operation it makes the event unique. */
  step: string;
  /** When it happened, ISO 8601. */
  time: string;
  /** True when re-driven or imported: recorded without starting flows. */
  backfill?: boolean;
  platform?: Platform;
  /** For `Pass Installed`: whether it had been installed before. */
  reinstalled?: boolean;
  /** Of the message that was sent or received. */
  messageId?: string;
  /** Names of the changed fields, for `Pass Updated`. */
  changedFields?: readonly string[];
}

/** Body of `/api/events`; `name` is the metric, a PassEvent with the tenant's prefix, and `Test ` before it for a test pass. The link stands in the event too: a flow mail then needs no profile lookup. */
export function eventBody(
  name: string,
  pass: WrittenPass,
  recipient: WrittenRecipient,
  context: EventContext,
): JsonApiBody {
  const { id, attributes } = strongest(recipient);
  return {
    data: {
      type: 'event',
      attributes: {
        unique_id: `${context.operationId}:${context.step}`,
        time: context.time,
        ...(context.backfill === true && { backfill: true }),
        properties: {
          serial_number: pass.serialNumber,
          pass_type: pass.passType,
          state: pass.state,
          pass_url: pass.landingUrl,
          download_url: pass.downloadUrl,
          ...(pass.test === true && { test: true }),
          ...(context.platform && { platform: context.platform.toLowerCase() }),
          ...(context.reinstalled !== undefined && { reinstalled: context.reinstalled }),
          ...(context.messageId !== undefined && { message_id: context.messageId }),
          ...(context.changedFields && { changed_fields: [...context.changedFields] }),
        },
        metric: { data: { type: 'metric', attributes: { name } } },
        profile: { data: { type: 'profile', ...(id !== undefined && { id }), attributes } },
      },
    },
  };
}
