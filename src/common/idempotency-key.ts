/** How keys begin that we give to requests of our own: erasures, emptied rows, signed events, migrations, campaigns, ends of messages, offers. */
const OURS = /^(?:erase\/|erased\/|aged\/|klaviyo-event\/|migrate:|campaign:|end-message\/|start-offer\/|end-offer\/)/i;

/** True for a key that a sender may not use: taken by somebody else it would keep, say, an erasure from being accepted. */
export const isOurOwnKey = (key: string): boolean => OURS.test(key);
