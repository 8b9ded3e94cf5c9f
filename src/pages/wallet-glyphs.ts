/** Our own drawings of a wallet with cards; each vendor's artwork is theirs. */
export const appleWalletGlyph =
  '<svg viewBox="0 0 42 34" aria-hidden="true" focusable="false"><rect x="1" y="1" width="40" height="32" rx="6" fill="#f7f4ec"/><path d="M4 8a4 4 0 0 1 4-4h26a4 4 0 0 1 4 4v5H4z" fill="#3f9bd8"/><path d="M4 12.500h34V17H4z" fill="#f2b134"/><path d="M4 16.500h34V21H4z" fill="#58b368"/><path d="M4 20.500h34V26H4z" fill="#e4574c"/><path d="M1 23h12.500c1.700 0 2.200 1.200 3.100 2.400a5.500 5.500 0 0 0 8.800 0c.9-1.200 1.400-2.400 3.100-2.400H41v4a6 6 0 0 1-6 6H7a6 6 0 0 1-6-6z" fill="#dcd6c6"/></svg>';

export const googleWalletGlyph =
  '<svg viewBox="0 0 42 34" aria-hidden="true" focusable="false"><rect x="6" y="1" width="30" height="22" rx="5" fill="#34a36f"/><rect x="4" y="6" width="34" height="22" rx="5" fill="#f3b72f"/><rect x="2" y="11" width="38" height="22" rx="5.500" fill="#4a86e8"/><path d="M2 17.500c7-1 12 5.500 19 5.500s12-2.500 19-3.500V16.500a5.500 5.500 0 0 0-5.500-5.500h-27A5.500 5.500 0 0 0 2 16.500z" fill="#e35b4f"/></svg>';
