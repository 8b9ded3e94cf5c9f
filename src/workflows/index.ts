/** The surface of the workflow bundle: every name here is a workflow type in Temporal. */
export { profileSync } from './profile-sync.js';
export { pushUpdate } from './push-update.js';
