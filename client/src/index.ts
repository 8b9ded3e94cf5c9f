export { createPassrelayClient, type PassrelayClient, type ClientOptions } from './client.js';
export { PassrelayError } from './request.js';
export type * from './answers.js';
