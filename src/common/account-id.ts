/** How the older API names a tenant (`X-ACCOUNT-ID`). */
export const ACCOUNT_ID = /^aid_0x[0-9a-f]{1,64}$/;
