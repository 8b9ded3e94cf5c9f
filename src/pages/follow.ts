import { template } from './html.js';

/** Seconds after which a page under way loads again where scripts are off. */
export const FOLLOW_AGAIN_SECONDS = 5;

/**
 * Reads the page again while something on it is under way, and puts what is new into its parts with `data-live`. It waits while
 * nobody looks, spares a part in which somebody is or selects, and ends with what it follows, by its button, or after half an hour.
 */
export const FOLLOW_SCRIPT = `
const note=document.querySelector('[data-follow]'),stop=note?.querySelector('button');let left=400,timer;
const end=()=>{clearTimeout(timer);left=0;note?.remove()};
const wait=()=>{timer=setTimeout(look,left>385?2000:5000)};
const used=(box)=>{const s=getSelection();return box.contains(document.activeElement)||(!s.isCollapsed&&box.contains(s.anchorNode))};
const look=async()=>{if(document.hidden)return wait();if(--left<=0)return end();
let next;try{const answer=await fetch(location.href);if(!answer.ok)return end();
next=new DOMParser().parseFromString(await answer.text(),'text/html')}catch{return wait()}
let spared=false;for(const box of document.querySelectorAll('[data-live]')){const fresh=next.getElementById(box.id);
if(!fresh||fresh.innerHTML===box.innerHTML)continue;if(used(box)){spared=true;continue}
const open=[...box.querySelectorAll('details')].map((d)=>d.open);box.innerHTML=fresh.innerHTML;
box.querySelectorAll('details').forEach((d,i)=>{if(i in open)d.open=open[i]})}
if(spared||next.querySelector('[data-follow]'))wait();else end()};
if(note){stop.hidden=false;stop.addEventListener('click',end);wait()}
`.trim();

/** Says that the page follows what it shows, with a way to look again by hand and one to hold still. */
export const followNote = template<{ what: string }>(`
<p class="soft small bar" data-follow><span><%= it.what %> <a href="">Look again</a></span>
<button type="button" class="quiet" hidden>Stop following</button></p>`);
