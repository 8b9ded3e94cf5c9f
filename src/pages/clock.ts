import { template } from './html.js';

/** What a page needs to say when something happened: its own moment, and the reader's time zone. */
export interface Clock {
  now: number;
  timeZone: string;
}

const UNITS = [
  ['day', 86_400],
  ['hour', 3_600],
  ['min', 60],
] as const;

/** "just now", "2 min ago", "in 3 days": whole units, rounded down. */
export function relativeTime(at: number, now: number): string {
  const seconds = Math.round(Math.abs(now - at) / 1_000);
  const [unit, size] = UNITS.find(([, length]) => seconds >= length) ?? ['s', 1];
  const count = Math.floor(seconds / size);
  if (unit === 's' && count < 5) return 'just now';
  const words = `${count} ${unit}${count > 1 && (unit === 'day' || unit === 'hour') ? 's' : ''}`;
  return at <= now ? `${words} ago` : `in ${words}`;
}

const zoned = (at: number, timeZone: string): string =>
  new Intl.DateTimeFormat('en-GB', {
    timeZone,
    day: 'numeric',
    month: 'short',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
  }).format(at);

/** `09:00` of today, `1 Dec 2026, 09:00` of another day, in the tenant's zone, which is named. */
export function momentInWords({ now, timeZone }: Clock, at: number): string {
  const day = (of: number): string => new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(of);
  const date = { day: 'numeric', month: 'short', year: 'numeric' } as const;
  const text = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    ...(day(at) !== day(now) && date),
    hour: '2-digit',
    minute: '2-digit',
  }).format(at);
  return `${text} ${nameOfZone(timeZone)}`;
}

const nameOfZone = (timeZone: string): string =>
  timeZone === 'UTC' ? 'UTC' : `(${timeZone.split('/').at(-1)!.replaceAll('_', ' ')})`;

const markup = template<{ iso: string; ago: string; utc: string; local: string | null; zone: string }>(
  `<time datetime="<%= it.iso %>"><%= it.ago %><br><span class="soft small"><%= it.utc %> UTC<% if (it.local) { %>
<br><%= it.local %> <%= it.zone %><% } %></span></time>`,
);

/** A moment as operators read it: how long ago, in UTC as logs have it, and in the tenant's zone. */
export function showTime(clock: Clock, at: Date | null): string {
  if (at === null) return '–';
  const iso = at.toISOString();
  const local = clock.timeZone === 'UTC' ? null : zoned(at.getTime(), clock.timeZone);
  const zone = clock.timeZone.split('/').at(-1)!.replaceAll('_', ' ');
  return markup({
    iso,
    ago: relativeTime(at.getTime(), clock.now),
    utc: iso.slice(0, 19).replace('T', ' '),
    local,
    zone,
  }).trim();
}
