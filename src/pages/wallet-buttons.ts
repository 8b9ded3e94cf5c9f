import { template } from './html.js';
import { appleWalletGlyph, googleWalletGlyph } from './wallet-glyphs.js';

export interface WalletButton {
  href: string;
  text: string;
  /** The address of the wallet's own badge; null: our own button. */
  badge: string | null;
}

/** The ways into the wallets: the wallets' own badges where the tenant has them, else buttons of ours. */
export const walletButtons = template<{ apple: WalletButton | null; google: WalletButton | null }>(`
<% if (it.apple) { %>
<% if (it.apple.badge) { %><a class="badge" href="<%= it.apple.href %>" rel="nofollow"><img src="<%= it.apple.badge %>" alt="<%= it.apple.text %>"></a>
<% } else { %><a class="wallet apple" href="<%= it.apple.href %>" rel="nofollow">${appleWalletGlyph}<span><%= it.apple.text %></span></a><% } %>
<% } %>
<% if (it.google) { %>
<% if (it.google.badge) { %><a class="badge" href="<%= it.google.href %>" rel="nofollow"><img src="<%= it.google.badge %>" alt="<%= it.google.text %>"></a>
<% } else { %><a class="wallet google" href="<%= it.google.href %>" rel="nofollow">${googleWalletGlyph}<span><%= it.google.text %></span></a><% } %>
<% } %>`);
