import { documentPage, escapeHtml } from '../html-text.js';
import { overviewHtml } from './overview.js';

/** Its reader takes colours as properties of its element: set here, they follow the light or dark of the device. */
const STYLE = `
:root { color-scheme: light dark; --link: #0b4fb8; }
body { margin: 0; font: 18px/1.5 system-ui, sans-serif; }
a { color: var(--link); }
h1 { font-size: 32px; margin: 0; }
h2 { font-size: 18px; margin: 1.5rem 0 0; }
p { margin: 0.25rem 0 0; max-width: 45rem; }
code { font: 16px/1.5 ui-monospace, monospace; }
@media (max-width: 767px) { openapi-explorer > * { margin-left: 16px; margin-right: 16px; } }
openapi-explorer {
  --bg: #fff; --bg2: #f6f6f8; --bg3: #ececef; --light-bg: #d6d6da; --fg: #1b1b1f; --fg2: #38383d; --fg3: #515157;
  --light-fg: #5f5f66; --border-color: #c9c9ce; --light-border-color: #dedee2; --input-bg: #fff; --hover-color: #f2f2f5;
  --placeholder-color: #6b6b72; --code-fg: #444449; --inline-code-fg: #8b1e1e; --header-fg: #1b1b1f;
  --primary-color: #0b4fb8; --secondary-color: #ffd479; --primary-btn-text-color: #fff;
  --nav-bg-color: #26262b; --nav-text-color: #e4e3e1; --nav-hover-bg-color: #3a3a41; --nav-hover-text-color: #fff;
  --nav-hover-scrollbar-color: #5f5f66;
  --purple: #5b33a8; --red: #b3152a; --orange: #974300; --yellow: #755500; --green: #11682a; --blue: #0a5a8a; --gray: #465865;
  --code-property-color: #8b0045; --code-keyword-color: #005f86; --code-operator-color: #75481f;
}
@media (prefers-color-scheme: dark) {
  :root { --link: #a8c7fa; }
  openapi-explorer {
    --bg: #121212; --bg2: #1c1c1f; --bg3: #29292d; --light-bg: #3a3937; --fg: #f2f1ef; --fg2: #dddcda; --fg3: #c4c3c1;
    --light-fg: #b5b4b2; --border-color: #4a4948; --light-border-color: #3a3937; --input-bg: #1c1c1f; --hover-color: #242427;
    --placeholder-color: #a3a2a0; --code-fg: #dddcda; --inline-code-fg: #ffb4ab; --header-fg: #f2f1ef;
    --primary-color: #a8c7fa; --primary-btn-text-color: #10213f; --nav-bg-color: #1c1c1f;
    --purple: #d0b8ff; --red: #ff9a9a; --orange: #ffb77c; --yellow: #f0d060; --green: #86dba0; --blue: #8fcdf5; --gray: #b9c6d0;
    --light-purple: #2a2140; --light-red: #3d1a1d; --light-orange: #3a2612; --light-yellow: #332c10; --light-green: #14301d;
    --light-blue: #112c3c; --light-gray: #242b30;
    --code-property-color: #ff9ecb; --code-keyword-color: #8fd3ff; --code-operator-color: #e5b98c;
  }
}
`;

/** The API reference: `/openapi.json` with contents, search, fields, examples, and calls to try. */
export const referencePage = (origin: string): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Passrelay API</title>
<style>${STYLE}</style>
<script type="module" src="/docs/reference.js"></script>
</head>
<body>
<openapi-explorer spec-url="/openapi.json"
server-url="${escapeHtml(origin)}" hide-server-selection hide-components collapse primary-color="#0b4fb8"
secondary-color="#ffd479">
<h1 slot="overview">Passrelay API</h1>
<div slot="overview-api-description">
${overviewHtml()}
</div>
</openapi-explorer>
<noscript>
<main>
<h1>Passrelay API</h1>
<p>This page needs JavaScript. Without it: <a href="/docs.md">the same as text</a>, <a href="/openapi.json">OpenAPI 3.1</a>, <a href="/problems">all problems</a>.</p>
</main>
</noscript>
</body>
</html>
`;

/** Sources that were installed without development dependencies have no reader. */
export const textOnlyPage = (): string =>
  documentPage(
    'Passrelay API',
    `<p><a href="/docs.md">All calls as text</a> · <a href="/openapi.json">OpenAPI 3.1</a> · <a href="/problems">All problems</a></p>
<p>The reader of this page comes with <code>npm run build</code>, or with an installation that has its development dependencies.</p>`,
  );

/** Its own script and its own styles; it calls only this API. */
export const REFERENCE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; connect-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
} as const;
