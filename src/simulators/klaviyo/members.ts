import { notFound, type SimulatedAnswer } from './errors.js';
import type { ApiCall, Route } from './routes.js';

/** Members of a segment or list, by pages with a cursor. */
function members(of: 'segments' | 'lists', { account: from, id, query, origin }: ApiCall): SimulatedAnswer {
  const emails = from.groups.get(id);
  if (!emails) throw notFound(`A ${of.slice(0, -1)} with id ${id} does not exist.`);
  const size = Number(query.get('page[size]') ?? 20);
  const offset = Number(query.get('page[cursor]') ?? 0);
  const data = emails.slice(offset, offset + size).map((email, index) => ({
    type: 'profile',
    id: `${id}${offset + index}`,
    attributes: { email, phone_number: null, external_id: null },
  }));
  const next = `${origin}/api/${of}/${id}/profiles?page%5Bcursor%5D=${offset + size}`;
  return { status: 200, body: { data, links: { next: offset + size < emails.length ? next : null } } };
}

const PROFILES = [75, 750] as const;

/** Who belongs to a segment or list. */
export const MEMBER_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: /^\/api\/segments\/([^/]+)\/profiles$/,
    limit: PROFILES,
    scopes: ['profiles:read', 'segments:read'],
    handle: (c) => members('segments', c),
  },
  {
    method: 'GET',
    path: /^\/api\/lists\/([^/]+)\/profiles$/,
    limit: PROFILES,
    scopes: ['profiles:read', 'lists:read'],
    handle: (c) => members('lists', c),
  },
];
