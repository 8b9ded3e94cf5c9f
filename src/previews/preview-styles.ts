/** What only the preview needs: two backdrops side by side, and faces that the customers' pages do not draw. */
export const PREVIEW_STYLES = `
.sheet{margin:2rem 0;border-top:1px solid var(--line);padding-top:1rem}
.marks{margin:.4rem 0 1rem;padding-left:1.2rem}
.scene{color-scheme:light;background:#f2f2f7;color:#111;border-radius:18px;padding:1rem;margin:1rem 0;overflow-x:auto}
.scene.night{color-scheme:dark;background:#000;color:#f5f5f7}
.screens{display:grid;gap:1.2rem;grid-template-columns:repeat(auto-fit,minmax(16rem,1fr));align-items:start}
.screens figure{margin:0;min-width:0}.screens figcaption{font-size:.85rem;font-weight:600;margin:0 0 .5rem}
.screens .card{max-width:23.5rem}
.poster{position:relative;min-height:27rem}
.poster .art{position:absolute;inset:0;width:100%;height:100%;object-fit:cover}
.poster>*:not(.art){position:relative}
.poster .poster-foot{margin-top:auto;padding:.9rem;text-shadow:0 1px 6px rgb(0 0 0/.6)}
.poster .bold{font-size:1.7rem;font-weight:700;line-height:1.15;margin:0 0 .4rem}
.note-line{background:rgb(120 120 128/.22);border-radius:16px;padding:.7rem .9rem;margin:0 0 .6rem;display:flex;gap:.7rem;align-items:center}
.note-line img{width:2.2rem;height:2.2rem;border-radius:8px;flex:none}
.note-line p{margin:0;font-size:.92rem}
.gcard{border-radius:20px;overflow:hidden;padding:1rem;max-width:23.5rem;background:#fff;color:#1f1f1f;border:1px solid #c7c7c7}
.night .gcard{background:#2d2e30;color:#e3e3e3;border-color:#5f6368}
.gcard .tint{display:block;height:.6rem;width:calc(100% + 2rem);margin:-1rem -1rem .9rem}
.gcard .uri{font-size:.75rem;border:1px dashed currentColor;border-radius:8px;padding:.3rem .5rem;overflow-wrap:anywhere;margin:.4rem 0}
.gcard dl{display:flex;flex-wrap:wrap;gap:.6rem 1.4rem;margin:.8rem 0}.gcard dt{font-size:.75rem}.gcard dd{margin:0}
.gcard .title{font-size:1.25rem;margin:.1rem 0}.gcard p{margin:.1rem 0}
.gcard .code{background:#fff;color:#111;border-radius:12px;padding:.8rem;text-align:center;margin:.8rem 0}.gcard .code svg{width:8.6rem;height:8.6rem}
.scene details{background:none;border-color:#8a867e;color:inherit}.scene details dt{color:inherit;font-weight:600}
.choose{display:flex;flex-wrap:wrap;gap:.8rem;align-items:start;margin:1rem 0}.choose button{align-self:end}.choose label{display:grid;gap:.2rem;font-weight:600}
.choose select,.choose input{min-width:11rem}
`.replace(/\n/g, '');
