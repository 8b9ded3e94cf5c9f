import type { Clock } from './clock.js';
import { page, template, type Page, type Theme } from './html.js';

/** What every page of the operator carries. */
export interface OperatorFrame {
  tenantId: string;
  tenantName: string;
  csrf: string;
  clock: Clock;
}

/** How a word of a list is coloured. */
export type Tone = 'good' | 'bad' | 'note' | '';

const PLACES = [
  ['', 'Requests'],
  ['/campaigns', 'Campaigns'],
  ['/messages', 'Messages and offers'],
  ['/klaviyo', 'Klaviyo'],
] as const;

/** The menu of the operator's pages. */
export const navigation = template<{ tenantId: string; here: string }>(`
<nav class="places" aria-label="Operations">
<% for (const [path, name] of ${JSON.stringify(PLACES)}) { %>
<a href="/ops/<%= it.tenantId %><%= path %>"<% if (path === it.here) { %> aria-current="page"<% } %>><%= name %>
</a><% } %></nav>`);

/** What makes a page live, and what does where scripts are off. */
interface LivePage {
  /** Rules of this page alone. */
  styles?: string;
  script?: string;
  refreshSeconds?: number | null;
}

/** A page of a signed-in operator. */
export const operatorPage = (
  frame: OperatorFrame,
  view: { title: string; body: string; here?: string; themes?: readonly Theme[] } & LivePage,
): Page =>
  page({
    language: 'en',
    title: `${view.title} · ${frame.tenantName}`,
    brand: `${frame.tenantName} · Operations`,
    home: `/ops/${frame.tenantId}`,
    width: 'wide',
    body: navigation({ tenantId: frame.tenantId, here: view.here ?? 'none' }) + view.body,
    ...(view.themes && { themes: view.themes }),
    ...(view.styles !== undefined && { styles: view.styles }),
    ...(view.script !== undefined && { script: view.script }),
    ...(view.refreshSeconds !== undefined && { refreshSeconds: view.refreshSeconds }),
  });
