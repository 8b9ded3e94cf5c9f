/** The surface of the workflow bundle: every name here is a workflow type in Temporal. */
export { pushUpdate } from './push-update.js';
