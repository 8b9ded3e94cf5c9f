const OPEN_MS = 10_000;
const MAX_REDIRECTS = 5;
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1';

/** Opens a link as the browser of an iPhone would, cookies and redirects included. Returns the path of the page that it leads to. */
export async function openLink(link: string): Promise<string> {
  const cookies = new Map<string, string>();
  let url = new URL(link);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: {
        'user-agent': IPHONE,
        accept: 'text/html',
        ...(cookies.size > 0 && { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') }),
      },
      signal: AbortSignal.timeout(OPEN_MS),
    });
    await response.text();
    if (response.status === 200) return url.pathname;
    const next = response.headers.get('location');
    // Not the query: it holds the token.
    if (response.status < 300 || response.status > 399 || next === null) {
      throw new Error(`the link answers ${response.status} at ${url.pathname}`);
    }
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=;]+)=([^;]*)/.exec(cookie) ?? [];
      if (name !== undefined && value !== undefined) cookies.set(name, value);
    }
    url = new URL(next, url);
  }
  throw new Error('the link leads in circles');
}
