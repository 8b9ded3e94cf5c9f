import { HOSTS, MERCHANT_ADDRESS, PORTS } from './settings.js';

export interface ProxyInput {
  /** docs/deployment.md. */
  guide: string;
  tls: { certificateFile: string; keyFile: string };
  merchantPort: number;
}

/**
 * Caddy's configuration from the deployment guide, with two upstreams and the drill's certificate, and one more site: the
 * merchant's https endpoint.
 */
export function proxyConfiguration({ guide, tls, merchantPort }: ProxyInput): string {
  const example = /^```\n(passes\.example\.com \{\n[\s\S]*?^\}\n)```/m.exec(guide)?.[1];
  if (example === undefined) throw new Error('docs/deployment.md shows no configuration of Caddy any more');
  const upstreams = /reverse_proxy( 127\.0\.0\.1:\d+)+ \{/;
  if (!upstreams.test(example)) throw new Error('the configuration of Caddy in docs/deployment.md names no upstreams');
  const certificate = `tls ${tls.certificateFile} ${tls.keyFile}`;
  const api = example
    .replace(upstreams, `reverse_proxy ${PORTS.apis.map((port) => `127.0.0.1:${port}`).join(' ')} {`)
    .replace('{\n', `{\n  bind 127.0.0.1\n  ${certificate}\n`);
  const merchant = `${HOSTS.merchant} {
  bind ${MERCHANT_ADDRESS}
  ${certificate}
  reverse_proxy 127.0.0.1:${merchantPort}
}
`;
  return `{\n  admin off\n  auto_https disable_redirects\n}\n${api}${merchant}`;
}
