import { createHash } from 'node:crypto';
import { Eta } from 'eta';
import { STYLES } from './styles.js';

/** A finished page: its text, and the one policy under which a browser shows it. */
export interface Page {
  html: string;
  contentSecurityPolicy: string;
}

/** Colours of a pass, each as `rgb(r, g, b)`. */
export interface Theme {
  background: string;
  foreground: string;
  label: string;
}

const eta = new Eta({ autoEscape: true, autoTrim: [false, 'nl'] });

/**
 * A template as a function from view data to text. `<%= %>` escapes; `<%~ %>` is for what another template made. It is
 * compiled at its first use.
 */
export function template<T extends object>(source: string): (view: T) => string {
  let compiled: ReturnType<typeof eta.compile> | undefined;
  return (view) => eta.render((compiled ??= eta.compile(source)), view);
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const COLOUR = /^rgb\(\d{1,3}, ?\d{1,3}, ?\d{1,3}\)$/;

/** The colours of each card as a rule of its own; what is not a plain colour never reaches the page. */
function themeRules(themes: readonly Theme[]): string {
  return themes
    .map(({ background, foreground, label }, index) => {
      const all = [background, foreground, label].every((colour) => COLOUR.test(colour));
      return all ? `.card-${index}{--card:${background};--ink:${foreground};--label:${label}}` : '';
    })
    .join('');
}

/** `wide` for tables, `narrow` for a page of one panel. */
type Width = 'wide' | 'narrow';

interface Frame {
  language: string;
  title: string;
  /** Who speaks; on the operator's pages the product itself. */
  brand: string;
  logo: { src: string; srcset: string } | null;
  /** What another template made. */
  body: string;
  width: Width | null;
  home: string | null;
  styles: string;
  themed: string;
  foot: readonly FootLink[];
  script: string | null;
  refreshSeconds: number | null;
}

/** The ground of the brand's logo. */
const logoRule = (background: string | undefined): string =>
  background !== undefined && COLOUR.test(background) ? `.brand img{background:${background}}` : '';

/** A link at the foot of a page. */
export interface FootLink {
  href: string;
  text: string;
}

const frame = template<Frame>(`<!doctype html>
<html lang="<%= it.language %>">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="color-scheme" content="light dark">
<meta name="format-detection" content="telephone=no">
<title><%= it.title %></title>
<style><%~ it.styles %></style>
<% if (it.themed) { %><style><%~ it.themed %></style><% } %>
<% if (it.refreshSeconds) { %><noscript><meta http-equiv="refresh" content="<%= it.refreshSeconds %>"></noscript><% } %>
</head>
<body<% if (it.width) { %> class="<%= it.width %>"<% } %>>
<% const logo = () => { if (it.logo) { %><img src="<%= it.logo.src %>" srcset="<%= it.logo.srcset %>" alt=""><% } } %>
<header class="brand"><% if (it.home) { %>
<a href="<%= it.home %>"><% logo() %><%= it.brand %></a><% } else { %>
<p><% logo() %><%= it.brand %></p><% } %></header>
<main>
<%~ it.body %>
</main>
<% if (it.foot.length > 0) { %><footer class="foot"><% for (const link of it.foot) { %>
<a href="<%= link.href %>" rel="noopener"><%= link.text %></a><% } %></footer><% } %>
<% if (it.script) { %><script><%~ it.script %></script><% } %>
</body>
</html>
`);

/**
 * A whole page. The style sheet is in it, so that the first answer can be painted; the policy names it by its hash,
 * and allows no other style, no script but the page's own, and nothing from elsewhere.
 */
export function page(input: {
  language: string;
  title: string;
  brand: string;
  /** Stands before the brand's name. */
  logo?: { src: string; srcset: string; background: string } | null;
  body: string;
  themes?: readonly Theme[];
  width?: Width;
  home?: string;
  foot?: readonly FootLink[];
  /** Rules of this page alone. */
  styles?: string;
  /** Makes a page live that works without it, too; it may ask its own origin. */
  script?: string;
  /** Where scripts are off, the page is loaded again after this. */
  refreshSeconds?: number | null;
}): Page {
  const { language, title, brand, body, home = null, width = null, foot = [], script = null } = input;
  const { logo = null, refreshSeconds = null } = input;
  const themed = themeRules(input.themes ?? []) + logoRule(logo?.background) + (input.styles ?? '');
  const styles = STYLES;
  return {
    html: frame({ language, title, brand, logo, body, width, home, styles, themed, foot, script, refreshSeconds }),
    contentSecurityPolicy: [
      "default-src 'none'",
      `style-src ${[STYLES, ...(themed ? [themed] : [])].map(hashOf).join(' ')}`,
      "img-src 'self'",
      ...(script === null ? [] : [`script-src ${hashOf(script)}`, "connect-src 'self'"]),
      "form-action 'self'",
      "frame-ancestors 'none'",
      "base-uri 'none'",
    ].join('; '),
  };
}
