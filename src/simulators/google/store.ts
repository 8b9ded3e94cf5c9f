import { createValidator, GoogleRefusal, type Json, type Resource, type Validator } from './validate.js';

export const KINDS = [
  'genericClass',
  'genericObject',
  'loyaltyClass',
  'loyaltyObject',
  'offerClass',
  'offerObject',
] as const;
export type Kind = (typeof KINDS)[number];

/** Behaviour that Google does not document, or that a test wants to change while the simulator runs. */
export interface GoogleSettings {
  /** Requests per second and project; null switches the quota off. */
  requestsPerSecond: number | null;
  /** Whether a PATCH or PUT may move an object to another class. */
  classIdChange: 'accept' | 'refuse';
  /** Whether UNDER_REVIEW becomes APPROVED at once. */
  review: 'approve' | 'hold';
  /** What a PATCH does to a nested object: replaced whole, or merged field by field. */
  nestedPatch: 'replace' | 'merge';
}

export interface Stored {
  kind: Kind;
  resource: Resource;
  /** When holders were notified, by messages and by updated fields. */
  notifiedAtMs: number[];
}

const DAY_MS = 24 * 60 * 60_000;
const OUTPUT_ONLY = ['kind', 'version', 'hasUsers', 'hasLinkedDevice', 'classReference', 'review'];
/** Fields whose change notifies when notifyPreference asks for it. */
const NOTIFYING = [
  'loyaltyPoints',
  'secondaryLoyaltyPoints',
  'rewardsTier',
  'secondaryRewardsTier',
  'validTimeInterval',
];

const refuse = (status: number, reason: string, message: string): never => {
  throw new GoogleRefusal(status, reason, message);
};
const invalid = (message: string): never => refuse(400, 'invalidResource', message);
const same = (a: Json | undefined, b: Json | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);
const isClass = (kind: Kind): boolean => kind.endsWith('Class');
const typeName = (kind: Kind): string => kind[0]!.toUpperCase() + kind.slice(1);
const status = (resource: Resource | undefined): string =>
  String(resource?.['reviewStatus'] ?? '')
    .replace('_', '')
    .toUpperCase();

/** Classes and objects with Google's rules of writing. Ids are unique over all classes, and over all objects, of an issuer. */
export function createGoogleStore(settings: GoogleSettings, clock: () => number) {
  const validator: Validator = createValidator();
  const classes = new Map<string, Stored>();
  const objects = new Map<string, Stored>();
  const shelf = (kind: Kind) => (isClass(kind) ? classes : objects);

  function find(kind: Kind, id: string): Stored {
    const stored = shelf(kind).get(id);
    if (stored?.kind !== kind)
      throw new GoogleRefusal(404, isClass(kind) ? 'classNotFound' : 'objectNotFound', 'Not found');
    return stored;
  }

  function checkReview(kind: Kind, body: Resource, before?: Resource): void {
    if (!isClass(kind) || kind === 'genericClass') return;
    const wanted = status(body);
    if (wanted !== 'UNDERREVIEW' && wanted !== 'DRAFT') {
      invalid(`reviewStatus must be UNDER_REVIEW or DRAFT in a write, not ${wanted || 'absent'}`);
    }
    if (wanted === 'DRAFT' && before && status(before) !== 'DRAFT') invalid('a class cannot go back to DRAFT');
  }

  function checkObject(kind: Kind, resource: Resource, before?: Resource): void {
    const parent = classes.get(String(resource['classId']));
    if (!parent) return refuse(400, 'classNotFound', 'The class of the object does not exist');
    if (parent.kind !== kind.replace('Object', 'Class')) return invalid('The class is of another type than the object');
    if (String(resource['classId']).split('.')[0] !== String(resource['id']).split('.')[0]) {
      return invalid('The class belongs to another issuer');
    }
    if (parent.kind !== 'genericClass' && status(parent.resource) !== 'APPROVED')
      return invalid('The class is not approved');
    const links = (resource['linkedObjectIds'] ?? []) as string[];
    for (const link of links) {
      if (!objects.has(link)) invalid('linkedObjectIds: the linked object does not exist');
      if (link.split('.')[0] !== String(resource['id']).split('.')[0]) invalid('linkedObjectIds: another issuer');
    }
    const lost = ((before?.['linkedObjectIds'] ?? []) as string[]).filter((link) => !links.includes(link));
    if (lost.length > 0) invalid('linkedObjectIds: an object cannot be unlinked');
  }

  /** Notifies for updated fields, within the limit that messages share. */
  function notify(stored: Stored): void {
    const now = clock();
    stored.notifiedAtMs = stored.notifiedAtMs.filter((at) => at > now - DAY_MS);
    if (stored.notifiedAtMs.length >= 3) refuse(403, 'quotaExceeded', 'At most 3 notifications per pass in 24 hours');
    stored.notifiedAtMs.push(now);
  }

  function settle(kind: Kind, resource: Resource, before?: Resource): Resource {
    const out = Object.fromEntries(Object.entries(resource).filter(([field]) => !OUTPUT_ONLY.includes(field)));
    for (const field of OUTPUT_ONLY) if (before && field in before) out[field] = before[field]!;
    delete out['notifyPreference'];
    if (status(out) === 'UNDERREVIEW' && settings.review === 'approve') out['reviewStatus'] = 'APPROVED';
    if (kind.endsWith('Object') && !before) out['hasUsers'] = false;
    return out;
  }

  function write(stored: Stored, next: Resource): Resource {
    const before = stored.resource;
    const moved = next['classId'] !== before['classId'];
    if (moved && settings.classIdChange === 'refuse') invalid('classId cannot be changed');
    if (!isClass(stored.kind)) checkObject(stored.kind, next, before);
    const changed = NOTIFYING.some((field) => !same(before[field], next[field]));
    if (next['notifyPreference'] === 'NOTIFY_ON_UPDATE' && changed && before['hasUsers'] !== false) notify(stored);
    stored.resource = settle(stored.kind, next, before);
    const links = (stored.resource['linkedObjectIds'] ?? []) as string[];
    if (before['hasUsers'] === true) {
      for (const link of links) objects.get(link)!.resource['hasUsers'] = true;
    }
    return stored.resource;
  }

  const checkId = (body: Resource, id: string): void => {
    if ('id' in body && body['id'] !== id) invalid('id cannot be changed');
  };

  return {
    classes,
    objects,
    insert(kind: Kind, body: unknown): Resource {
      validator.validate(body, typeName(kind));
      const id = String(body['id']);
      if (!/^\d+\.[A-Za-z0-9._-]+$/.test(id))
        invalid('id must be issuerId.suffix of letters, digits, ".", "_" and "-"');
      if (shelf(kind).has(id)) refuse(409, 'existingResource', 'A resource with this id already exists');
      checkReview(kind, body);
      if (!isClass(kind)) checkObject(kind, body);
      const stored: Stored = { kind, resource: settle(kind, body), notifiedAtMs: [] };
      shelf(kind).set(id, stored);
      return stored.resource;
    },
    get: (kind: Kind, id: string): Resource => find(kind, id).resource,
    list(kind: Kind, parent: string): Resource[] {
      return [...shelf(kind).values()]
        .filter((s) => s.kind === kind)
        .map((s) => s.resource)
        .filter((r) => (isClass(kind) ? String(r['id']).startsWith(`${parent}.`) : r['classId'] === parent));
    },
    patch(kind: Kind, id: string, body: unknown): Resource {
      const stored = find(kind, id);
      validator.validate(body, typeName(kind), { partial: true });
      if (Object.keys(body).length === 0) invalid('an empty update changes nothing');
      checkId(body, id);
      checkReview(kind, body, stored.resource);
      return write(
        stored,
        settings.nestedPatch === 'merge' ? merge(stored.resource, body) : { ...stored.resource, ...body },
      );
    },
    put(kind: Kind, id: string, body: unknown): Resource {
      const stored = find(kind, id);
      validator.validate(body, typeName(kind));
      checkId(body, id);
      checkReview(kind, body, stored.resource);
      return write(stored, body);
    },
    addMessage(kind: Kind, id: string, body: unknown): Resource {
      const stored = find(kind, id);
      validator.validate(body, 'AddMessageRequest');
      const messages = (stored.resource['messages'] ?? []) as Json[];
      if (messages.length >= 10) invalid('at most 10 messages per resource');
      const message = body['message'] as Resource;
      if (message['messageType'] === 'TEXT_AND_NOTIFY') notify(stored);
      stored.resource = { ...stored.resource, messages: [...messages, message] };
      return stored.resource;
    },
  };
}

export type GoogleStore = ReturnType<typeof createGoogleStore>;

const isObject = (value: Json | undefined): value is Resource =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

function merge(before: Resource, changes: Resource): Resource {
  const out = { ...before };
  for (const [field, value] of Object.entries(changes)) {
    const old = before[field];
    out[field] = isObject(old) && isObject(value) ? merge(old, value) : value;
  }
  return out;
}
