import type { Wallet } from '../passes/wallet.js';
import type { BarcodeSvg } from './barcode.js';
import { page, template, type Page, type Theme } from './html.js';
import { besideCards, speaking, type Brand } from './brand.js';
import { textsIn, type Language, type Texts } from './texts.js';
import { walletButtons, type WalletButton } from './wallet-buttons.js';

export interface FieldView {
  label: string;
  value: string;
  /** Set where the whole value is a web address. */
  href: string | null;
  alignEnd: boolean;
}

export interface ImageView {
  src: string;
  srcset: string;
}

/** One pass as the wallet would show it; texts are in the reader's language. */
export interface CardView {
  description: string;
  organization: string;
  style: 'boardingPass' | 'coupon' | 'eventTicket' | 'generic' | 'storeCard';
  theme: Theme;
  logoText: string;
  logo: ImageView | null;
  strip: ImageView | null;
  thumbnail: ImageView | null;
  header: FieldView[];
  primary: FieldView[];
  secondary: FieldView[];
  auxiliary: FieldView[];
  back: FieldView[];
  /** `drawn` is null where the message does not fit into its format. */
  barcode: { drawn: BarcodeSvg | null; text: string } | null;
}

export interface PassSlot {
  card: CardView;
  state: 'active' | 'expired' | 'voided' | 'deleted';
  /** An accepted request is still changing it. */
  updating: boolean;
  installed: boolean;
  appleUrl: string | null;
  googleUrl: string | null;
  /** Wallets that it is made for but cannot be signed for now: the operator has to act first. */
  unavailable: readonly Wallet[];
}

export interface PassPageView {
  language: Language;
  brand: Brand;
  slots: PassSlot[];
  device: 'apple' | 'android' | 'other';
  /** All passes in one file, for Apple; null where there is one only. */
  bundleUrl: string | null;
  /** Addresses of the wallets' own badges in the reader's language; null: buttons of ours. */
  badges: { apple: string | null; google: string | null };
  /** This page's address as a QR code. */
  qrSvg: string | null;
  /** Where to look again. */
  selfUrl: string;
}

const card = template<{ c: CardView; t: Texts; index: number }>(`
<% const field = (f) => { %><div<% if (f.alignEnd) { %> class="end"<% } %>><% if (f.label) { %><dt><%= f.label %></dt>
<% } else { %><dt hidden></dt><% } %><dd><%= f.value %></dd></div><% } %>
<% const c = it.c; const over = c.strip !== null; %>
<article class="card card-<%= it.index %>" aria-label="<%= c.description %>">
<div class="top">
<% if (c.logo) { %><img class="logo" src="<%= c.logo.src %>" srcset="<%= c.logo.srcset %>" alt="<%= c.logoText ? '' : c.organization %>"><% } %>
<p class="name"><%= c.logoText %></p>
<% if (c.header.length > 0) { %><dl class="end"><% c.header.forEach((f) => field({ ...f, alignEnd: true })) %></dl><% } %>
</div>
<% if (c.primary.length > 0 || c.strip || c.thumbnail) { %>
<div class="mid<% if (over) { %> over<% } %><% if (c.style === 'boardingPass') { %> trip<% } %>">
<% if (c.strip) { %><img class="strip" src="<%= c.strip.src %>" srcset="<%= c.strip.srcset %>" alt=""><% } %>
<% if (c.primary.length > 0) { %><dl><% c.primary.forEach((f) => { %><div<% if (f.alignEnd) { %> class="end"<% } %>>
<dt><%= f.label %></dt><dd><%= f.value %></dd></div><% }) %></dl><% } %>
<% if (c.thumbnail && !over) { %><img class="thumb" src="<%= c.thumbnail.src %>" srcset="<%= c.thumbnail.srcset %>" alt=""><% } %>
</div>
<% } %>
<% for (const row of [c.secondary, c.auxiliary]) { if (row.length > 0) { %><dl class="row"><% row.forEach(field) %></dl><% } } %>
<% if (c.barcode) { %>
<div class="code"><figure<% if (c.barcode.drawn?.wide) { %> class="wide"<% } %>>
<% if (c.barcode.drawn) { %><%~ c.barcode.drawn.svg %><% } %><% if (c.barcode.text) { %>
<figcaption><%= c.barcode.text %></figcaption><% } %></figure></div>
<% } %>
</article>`);

const peek = template<{ c: CardView }>(`
<div class="card card-0 peek" aria-hidden="true">
<div class="top">
<% if (it.c.logo) { %><img class="logo" src="<%= it.c.logo.src %>" srcset="<%= it.c.logo.srcset %>" alt=""><% } %>
<p class="name"><%= it.c.logo ? it.c.logoText : it.c.logoText || it.c.organization %></p>
</div>
<% if (it.c.strip) { %><img class="strip" src="<%= it.c.strip.src %>" srcset="<%= it.c.strip.srcset %>" alt=""><% } %>
</div>`);

/** The front of a pass as Apple's classic styles draw it; `index` names the rule with its colours. */
export const cardFront = (c: CardView, index: number, language: Language): string =>
  card({ c, t: textsIn(language), index });

/** The upper part of a card that nobody has yet: its colours, logo and strip, and nothing of a person. */
export const peekCard = (c: CardView): string => peek({ c });

const back = template<{ c: CardView; t: Texts }>(`
<% if (it.c.back.length > 0) { %>
<details class="back"><summary><%= it.t.details %></summary>
<dl><% for (const f of it.c.back) { %><dt><%= f.label %></dt><dd><% if (f.href) { %>
<a href="<%= f.href %>" rel="noopener noreferrer nofollow"><%= f.value %></a><% } else { %>
<%= f.value %><% } %></dd><% } %></dl>
</details><% } %>`);

const banner = template<{ slot: PassSlot; t: Texts; selfUrl: string; unavailable: boolean }>(`
<% const s = it.slot; %>
<% if (s.state !== 'active') { %><div class="banner bad">
<p><%= s.state === 'voided' ? it.t.voided : s.state === 'expired' ? it.t.expired : it.t.gone %></p></div>
<% } else if (it.unavailable) { %><div class="banner"><p><%= it.t.unavailable %></p></div>
<% } else if (s.updating) { %><div class="banner"><p><%= it.t.updating %> <a href="<%= it.selfUrl %>"><%= it.t.reload %></a></p></div>
<% } else if (s.installed) { %><div class="banner good"><p><%= it.t.installed %></p></div><% } %>`);

const body = template<{
  v: PassPageView;
  t: Texts;
  heading: string;
  cards: { html: string; back: string; banner: string; buttons: string; dim: boolean }[];
  dock: string;
  usable: boolean;
}>(`
<div class="hero">
<section>
<h1><%= it.heading %></h1>
<% if (it.usable) { %><p class="soft"><%= it.t.intro %></p><% } %>
<% if (it.cards.length === 1) { %><%~ it.cards[0].banner %><% } %>
<% if (it.dock) { %><div class="dock actions"><%~ it.dock %></div><% } %>
<% if (it.v.qrSvg) { %><div class="scan"><%~ it.v.qrSvg %><div><h2><%= it.t.scanTitle %></h2><p class="soft small"><%= it.t.scan %></p></div></div><% } %>
</section>
<div class="cards">
<% for (const c of it.cards) { %><div class="slot<% if (c.dim) { %> dim<% } %>">
<% if (it.cards.length > 1) { %><%~ c.banner %><% } %><%~ c.html %><% if (it.cards.length > 1 && c.buttons) { %>
<div class="actions"><%~ c.buttons %></div><% } %><%~ c.back %></div><% } %>
</div>
</div>`);

/** Why no button is there, where the banner does not say it. */
function noButton(slot: PassSlot, t: Texts): string {
  const otherWallet = slot.appleUrl ? t.appleOnly : slot.googleUrl ? t.googleOnly : t.noWallet;
  return `<p class="soft">${otherWallet}</p>`;
}

/** The page behind a pass link: the pass as its wallet shows it, and the way into the wallet of the reader's device. */
export function passPage(view: PassPageView): Page {
  const t = textsIn(view.language);
  const offered = (slot: PassSlot) => {
    const usable = slot.state === 'active';
    return {
      appleUrl: usable && view.device !== 'android' ? slot.appleUrl : null,
      googleUrl: usable && view.device !== 'apple' ? slot.googleUrl : null,
    };
  };
  const buttons = (slot: PassSlot): string => {
    const { appleUrl, googleUrl } = offered(slot);
    const apple: WalletButton | null = appleUrl ? { href: appleUrl, text: t.addApple, badge: view.badges.apple } : null;
    const google: WalletButton | null = googleUrl
      ? { href: googleUrl, text: t.addGoogle, badge: view.badges.google }
      : null;
    return walletButtons({ apple, google }).trim();
  };
  /** No wallet of this device can take it now, and one could otherwise. */
  const unavailable = (slot: PassSlot): boolean => {
    const { appleUrl, googleUrl } = offered(slot);
    const others = view.device === 'apple' ? 'google' : view.device === 'android' ? 'apple' : null;
    return appleUrl === null && googleUrl === null && slot.unavailable.some((wallet) => wallet !== others);
  };
  const usable = view.slots.some(({ state }) => state === 'active');
  const heading = (view.slots.length > 1 ? t.yourCards : t.yourCard)(view.brand.name);
  const [first] = view.slots;
  const dock =
    view.slots.length === 1
      ? buttons(first!)
      : view.bundleUrl && view.device !== 'android'
        ? walletButtons({ apple: { href: view.bundleUrl, text: t.addAllApple, badge: null }, google: null }).trim()
        : '';
  const content = body({
    v: { ...view, qrSvg: usable && view.device === 'other' ? view.qrSvg : null },
    t,
    heading,
    usable,
    dock: dock || (usable && first && view.slots.length === 1 && !unavailable(first) ? noButton(first, t) : ''),
    cards: view.slots.map((slot, index) => ({
      html: card({ c: slot.card, t, index }),
      back: back({ c: slot.card, t }),
      banner: banner({ slot, t, selfUrl: view.selfUrl, unavailable: unavailable(slot) }),
      buttons: buttons(slot),
      dim: slot.state !== 'active',
    })),
  });
  return page({
    ...speaking(
      besideCards(
        view.brand,
        view.slots.map((slot) => slot.card),
      ),
      view.language,
    ),
    title: heading,
    body: content,
    themes: view.slots.map((slot) => slot.card.theme),
  });
}

const previewBody = template<{ heading: string; intro: string }>(`
<div class="panel"><h1><%= it.heading %></h1><p class="soft"><%= it.intro %></p></div>`);

/** What link previews and mail scanners see: the brand, and nothing of the pass or its holder. */
export function previewPage(view: { language: Language; brand: Brand }): Page {
  const t = textsIn(view.language);
  const heading = t.yourCard(view.brand.name);
  return page({
    ...speaking(view.brand, view.language),
    title: heading,
    width: 'narrow',
    body: previewBody({ heading, intro: t.intro }),
  });
}
