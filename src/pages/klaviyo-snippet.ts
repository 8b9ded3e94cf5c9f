import { template } from './html.js';

export interface SnippetView {
  heading: string;
  when: string;
  url: string;
  headers: [name: string, value: string][];
  body: string;
  /** Parts of the body that stand for something of the reader's own; they are marked. */
  yours: readonly string[];
  notes: readonly string[];
}

export const SNIPPET_STYLES = `
.copy{display:flex;gap:.5rem;align-items:flex-start;margin:.3rem 0}.copy pre{flex:1 1 auto;min-width:0;margin:0;user-select:all}
.copy button{flex:none;min-height:2.5rem;padding:.3rem .8rem;font-size:.875rem}
@media (max-width:42rem){.copy{flex-wrap:wrap}.copy pre{flex-basis:100%}}
.copy.pair{flex-wrap:wrap}.copy.pair .copy{flex:1 1 16rem;min-width:0;margin:0}
mark{background:var(--note-bg);color:var(--note);border-radius:4px;padding:0 .1rem}
`.trim();

/** Shows the buttons, which do nothing without it: a click into a part selects all of it in any case. */
export const COPY_SCRIPT = `
for(const button of document.querySelectorAll('button[data-copy]')){button.hidden=false;
button.addEventListener('click',async()=>{const part=button.previousElementSibling;
try{await navigator.clipboard.writeText(part.textContent)}catch{const range=document.createRange();range.selectNodeContents(part);
getSelection().removeAllRanges();getSelection().addRange(range);document.execCommand('copy')}
const label=button.getAttribute('aria-label');button.removeAttribute('aria-label');button.textContent='Copied';
setTimeout(()=>{button.textContent='Copy';button.setAttribute('aria-label',label)},2000)})}
`.trim();

const part = template<{ pieces: readonly { text: string; yours: boolean }[]; what: string; copies: boolean }>(
  `<div class="copy"><pre tabindex="0"><% for (const p of it.pieces) { %><% if (p.yours) { %><mark><%= p.text %></mark><% } else { %><%= p.text %><% } %><% } %></pre>
<% if (it.copies) { %><button type="button" class="quiet" data-copy hidden aria-label="Copy <%= it.what %>">Copy</button><% } %></div>`,
);

/** A text in pieces: what is the reader's own stands apart. */
function piecesOf(text: string, yours: readonly string[]): { text: string; yours: boolean }[] {
  const pieces: { text: string; yours: boolean }[] = [];
  let rest = text;
  while (rest !== '') {
    const found = yours
      .map((one) => ({ one, at: rest.indexOf(one) }))
      .filter(({ at }) => at >= 0)
      .sort((a, b) => a.at - b.at || b.one.length - a.one.length)[0];
    if (!found) break;
    pieces.push({ text: rest.slice(0, found.at), yours: false }, { text: found.one, yours: true });
    rest = rest.slice(found.at + found.one.length);
  }
  return [...pieces, { text: rest, yours: false }].filter(({ text: piece }) => piece !== '');
}

const snippet = template<{
  s: SnippetView;
  url: string;
  headers: readonly string[];
  body: string;
}>(`
<details><summary><%= it.s.heading %></summary>
<div class="inset"><p><%= it.s.when %></p>
<h4>URL</h4><%~ it.url %>
<h4>Headers</h4>
<% for (const header of it.headers) { %><div class="copy pair"><%~ header %></div><% } %>
<h4>Body</h4><%~ it.body %>
<% if (it.s.yours.length > 0) { %><p><mark>Marked</mark>: examples. Replace each by what is yours: the name of a property of your profiles, or your own words.</p><% } %>
<% if (it.s.notes.length > 0) { %><ul><% for (const note of it.s.notes) { %><li><%= note %></li><% } %></ul><% } %>
</div></details>`);

/** A webhook to paste into Klaviyo, part by part, as its form asks for them. */
export function snippetBox(s: SnippetView): string {
  const plain = (text: string, what: string, copies = true): string =>
    part({ pieces: piecesOf(text, []), what, copies });
  const headers = s.headers.map(([name, value]) => {
    const isKey = value.startsWith('<');
    const shown = isKey
      ? part({ pieces: [{ text: value, yours: true }], what: `value of ${name}`, copies: false })
      : plain(value, `value of ${name}`);
    return plain(name, `name ${name}`) + shown;
  });
  const body = part({ pieces: piecesOf(s.body, s.yours), what: 'body', copies: true });
  return snippet({ s, url: plain(s.url, 'URL'), headers, body });
}
