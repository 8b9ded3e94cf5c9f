import { page, template, type Page, type Theme } from '../pages/html.js';
import { cardFront } from '../pages/pass-page.js';
import type { AppleScreen } from './apple-preview.js';
import type { PreviewSheet } from './design-preview.js';
import type { GoogleScreen } from './google-preview.js';
import type { Mark } from './marks.js';
import { PREVIEW_STYLES } from './preview-styles.js';

const poster = template<{ c: NonNullable<AppleScreen['card']>; index: number }>(`
<article class="card card-<%= it.index %> poster" aria-label="<%= it.c.description %>">
<% if (it.c.poster) { %><img class="art" src="<%= it.c.poster.src %>" srcset="<%= it.c.poster.srcset %>" alt=""><% } %>
<div class="top">
<% if (it.c.logo) { %><img class="logo" src="<%= it.c.logo.src %>" srcset="<%= it.c.logo.srcset %>" alt="<%= it.c.organization %>"><% } %>
<p class="name"><%= it.c.logoText %></p>
<% for (const f of it.c.header) { %><dl class="end"><dt><%= f.label %></dt><dd><%= f.value %></dd></dl><% } %>
</div>
<div class="poster-foot">
<% if (it.c.bold) { %><p class="bold"><%= it.c.bold %></p><% } %>
<% for (const f of it.c.primary) { %><dl><dt><%= f.label %></dt><dd><%= f.value %></dd></dl><% } %>
<% for (const f of it.c.footer) { %><p><%= f.value %></p><% } %>
</div>
<% if (it.c.barcode) { %><div class="code"><figure<% if (it.c.barcode.drawn?.wide) { %> class="wide"<% } %>>
<% if (it.c.barcode.drawn) { %><%~ it.c.barcode.drawn.svg %><% } %><% if (it.c.barcode.text) { %>
<figcaption><%= it.c.barcode.text %></figcaption><% } %></figure></div><% } %>
</article>`);

const google = template<{ g: GoogleScreen }>(`
<article class="gcard" aria-label="<%= it.g.title || it.g.issuer %>">
<svg class="tint" width="100%" height="10" aria-hidden="true"><rect width="100%" height="10" fill="<%= it.g.background %>"/></svg>
<p><%= it.g.issuer %></p>
<p class="title"><%= it.g.title %></p>
<p><%= it.g.subtitle %></p>
<% if (it.g.logoUri) { %><p class="uri">Logo: <%= it.g.logoUri %></p><% } %>
<% if (it.g.rows.length > 0) { %><dl><% for (const r of it.g.rows) { %><div><dt><%= r.label %></dt><dd><%= r.value %></dd></div><% } %></dl><% } %>
<% if (it.g.barcode) { %><div class="code">
<% if (it.g.barcode.drawn) { %><%~ it.g.barcode.drawn.svg %><% } %><% if (it.g.barcode.text) { %>
<p><%= it.g.barcode.text %></p><% } %></div><% } %>
<% if (it.g.heroUri) { %><p class="uri">Hero image: <%= it.g.heroUri %></p><% } %>
</article>`);

const details = template<{ title: string; lines: { label: string; value: string }[] }>(`
<% if (it.lines.length > 0) { %>
<details><summary><%= it.title %></summary><dl>
<% for (const line of it.lines) { %><dt><%= line.label %></dt><dd><%= line.value %></dd><% } %>
</dl></details><% } %>`);

const lockScreen = template<{ lock: NonNullable<PreviewSheet['apple']>['lockScreen'] }>(`
<% if (it.lock.lines.length === 0) { %><p class="small">No field has a changeMessage: changes arrive silently.</p><% } %>
<% for (const line of it.lock.lines) { %>
<div class="note-line">
<% if (it.lock.icon) { %><img src="<%= it.lock.icon.src %>" srcset="<%= it.lock.icon.srcset %>" alt=""><% } %>
<p><strong><%= it.lock.organization %></strong><br><%= line.text %><br><span class="small">when <%= line.field %> changes</span></p>
</div>
<% } %>`);

interface Figure {
  caption: string;
  html: string;
}

const scene = template<{ night: boolean; figures: Figure[] }>(`
<div class="scene<% if (it.night) { %> night<% } %>" role="group" aria-label="<%= it.night ? 'Dark' : 'Light' %>">
<div class="screens">
<% for (const figure of it.figures) { %><figure><figcaption><%= figure.caption %></figcaption><%~ figure.html %></figure><% } %>
</div>
</div>`);

const sheetBody = template<{ id: string; title: string; marks: Mark[]; scenes: string[] }>(`
<section class="sheet" aria-labelledby="<%= it.id %>">
<h2 id="<%= it.id %>"><%= it.title %></h2>
<% if (it.marks.length > 0) { %><ul class="marks"><% for (const m of it.marks) { %><li>
<span class="tag note"><%= m.kind %></span> <%= m.text %></li><% } %></ul>
<% } else { %><p class="soft">Nothing is cut, missing or untranslated.</p><% } %>
<% for (const s of it.scenes) { %><%~ s %><% } %>
</section>`);

/** Colours are shared by the light and the dark scene: a pass keeps its own. */
function sheetHtml(sheet: PreviewSheet, number: number, themes: Theme[]): string {
  const language = 'en' as const;
  const figures: Figure[] = [];
  for (const screen of sheet.apple?.screens ?? []) {
    const { card } = screen;
    const caption = `Apple Wallet, ${screen.system}`;
    if (!card) {
      figures.push({ caption, html: '<p>This system cannot open the pass.</p>' });
      continue;
    }
    const index = themes.push(card.theme) - 1;
    const front = card.poster || card.bold ? poster({ c: card, index }) : cardFront(card, index, language);
    figures.push({ caption, html: front + details({ title: 'Back', lines: card.back }) });
  }
  if (sheet.apple) figures.push({ caption: 'Lock screen', html: lockScreen({ lock: sheet.apple.lockScreen }) });
  if (sheet.google) {
    const { screen } = sheet.google;
    const html = screen
      ? google({ g: screen }) + details({ title: 'Details', lines: screen.details })
      : '<p>Google would refuse this object.</p>';
    figures.push({ caption: 'Google Wallet', html });
  }
  const marks = [
    ...sheet.marks,
    ...(sheet.apple?.marks ?? []).map(({ kind, text }) => ({ kind, text: `Apple: ${text}` })),
    ...(sheet.apple?.screens ?? []).flatMap(({ system, marks: own }) =>
      own.map(({ kind, text }) => ({ kind, text: `${system}: ${text}` })),
    ),
    ...(sheet.google?.marks ?? []).map(({ kind, text }) => ({ kind, text: `Google: ${text}` })),
  ];
  return sheetBody({
    id: `sheet-${number}`,
    title: `${sheet.customer} · ${sheet.language}`,
    marks,
    scenes: [scene({ night: false, figures }), scene({ night: true, figures })],
  });
}

const body = template<{ menu: string; heading: string; note: string; chooser: string; sheets: string }>(`
<%~ it.menu %>
<h1><%= it.heading %></h1>
<p class="soft"><%= it.note %></p>
<%~ it.chooser %>
<%~ it.sheets %>`);

/** The preview of a design: each sheet in light and dark, Apple new and old, lock screen and Google side by side. */
export function previewPage(view: {
  heading: string;
  brand: string;
  home?: string;
  sheets: readonly PreviewSheet[];
  /** Ways to other pages, and a form that chooses customers and languages, made by other templates. */
  menu?: string;
  chooser?: string;
}): Page {
  const themes: Theme[] = [];
  const sheets = view.sheets.map((sheet, index) => sheetHtml(sheet, index, themes)).join('');
  return page({
    language: 'en',
    title: view.heading,
    brand: view.brand,
    width: 'wide',
    ...(view.home !== undefined && { home: view.home }),
    body: body({
      menu: view.menu ?? '',
      heading: view.heading,
      note: 'Rendered by the code that makes the passes. Wallets draw them in their own fonts and spacing.',
      chooser: view.chooser ?? '',
      sheets,
    }),
    themes,
    styles: PREVIEW_STYLES,
  });
}
