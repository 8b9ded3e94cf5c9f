/**
 * What the delivery log says where no answer came, and the cure. The first are our own words; the rest are the usual ones of
 * the network, which has more.
 */
export const DELIVERY_ERRORS = {
  timeout: 'No whole answer within 15 s: answer 2xx first, and work afterwards.',
  'unsafe-address':
    'The host has a private, local or reserved address in the DNS of the workers: give it a public one.',
  'unsafe-url':
    'The address may not be used any more: change it with PATCH, to https and a host with a public address.',
  'connection-failed': 'The connection ended before an answer: look in the log of the receiver or of its proxy.',
  'secret-key-missing': 'SECRETS_KEY lacks the key that sealed the secret of this endpoint: the operator restores it.',
  'secret-unreadable': 'The secret of this endpoint cannot be opened: the operator restores SECRETS_KEY, or rotate it.',
  ENOTFOUND: 'The DNS does not know the host: correct the address, or publish the name.',
  EAI_AGAIN: 'The DNS does not answer the workers: the operator looks at their resolver.',
  ECONNREFUSED: 'Nothing listens at this host and port.',
  ECONNRESET: 'The connection was cut: often a proxy or a firewall in between.',
  ETIMEDOUT: 'The host does not answer at all: often a firewall.',
  EHOSTUNREACH: 'There is no way to the host: its network, or the outbound network of the workers.',
  ENETUNREACH: 'There is no way to the host: its network, or the outbound network of the workers.',
  EPROTO: 'No TLS was spoken at this port, or none that both sides know.',
  CERT_HAS_EXPIRED: 'The certificate of the host has expired: renew it.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate of the host names another host.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'The certificate of the host is self-signed: use one of a public authority.',
  SELF_SIGNED_CERT_IN_CHAIN: 'The certificate of the host comes from an authority of its own: use a public one.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'The host does not send its intermediate certificate: add it to the chain.',
} as const satisfies Readonly<Record<string, string>>;

export type DeliveryError = keyof typeof DELIVERY_ERRORS;

/** The cure of a code in the delivery log. */
export const cureOfDelivery = (code: string): string =>
  Object.hasOwn(DELIVERY_ERRORS, code)
    ? DELIVERY_ERRORS[code as DeliveryError]
    : 'The connection failed: this is the code of Node.js for the reason.';
