import { page, template, type Page } from './html.js';
import { speaking, type Brand } from './brand.js';
import { textsIn, type Language } from './texts.js';

/** What can be wrong with a link, a session or a request, as the reader sees it. */
export const MESSAGE_KINDS = [
  'token-missing',
  'token-unrendered',
  'token-damaged',
  'token-unknown',
  'token-expired',
  'token-revoked',
  'no-pass',
  'session-ended',
  'pass-unknown',
  'busy',
  'failed',
  'refused',
  'unavailable',
] as const;
export type MessageKind = (typeof MESSAGE_KINDS)[number];

type Message = readonly [title: string, text: string];

const MESSAGES: Record<Language, Record<MessageKind, Message>> = {
  en: {
    'token-missing': [
      'This link is not complete',
      'Please open it again from the message that we sent you. If you typed or copied the address, a part of it is missing.',
    ],
    'token-unrendered': [
      'This link was not made for anybody',
      'The message that it came from was sent without your personal part. Please write to us, so that we can send you a working one.',
    ],
    'token-damaged': [
      'This link is damaged',
      'Mail programs sometimes cut long links. Please tap it in the message itself instead of copying it.',
    ],
    'token-unknown': [
      'We do not know this link',
      'Please open the newest message from us and use the link in it. If that does not help, write to us.',
    ],
    'token-expired': [
      'This link has expired',
      'Personal links end after a while, to keep your card yours. The newest message from us has a fresh one.',
    ],
    'token-revoked': [
      'This link was switched off',
      'We have replaced it. The newest message from us has the link that works.',
    ],
    'no-pass': [
      'There is no card for you yet',
      'Use the link to get your card in our messages, or ask us for one. It takes a minute.',
    ],
    'session-ended': [
      'Please open your link again',
      'For your safety this page closes after half an hour. If it happens at once, allow cookies for this page.',
    ],
    'pass-unknown': [
      'We cannot find this card',
      'Please use the link from our message. If you typed the address, check each letter: capital and small letters differ.',
    ],
    busy: ['A moment, please', 'There were too many tries at once. Please try again in a minute.'],
    failed: ['Something went wrong on our side', 'Please try again in a minute. Nothing of yours was lost.'],
    refused: ['That did not work', 'Please go back to our message and open the link again.'],
    unavailable: [
      'Not available for the moment',
      'This is our fault, not yours, and we are working on it. Please try again tomorrow: your link stays valid.',
    ],
  },
  de: {
    'token-missing': [
      'Dieser Link ist nicht vollständig',
      'Bitte öffne ihn noch einmal aus unserer Nachricht. Falls du die Adresse kopiert hast, fehlt ein Teil.',
    ],
    'token-unrendered': [
      'Dieser Link gehört zu niemandem',
      'Die Nachricht wurde ohne deinen persönlichen Teil verschickt. Bitte schreib uns, damit wir dir einen schicken, der geht.',
    ],
    'token-damaged': [
      'Dieser Link ist beschädigt',
      'Manche Mailprogramme schneiden lange Links ab. Bitte tippe ihn in der Nachricht selbst an.',
    ],
    'token-unknown': [
      'Diesen Link kennen wir nicht',
      'Bitte nimm den Link aus unserer neuesten Nachricht. Wenn das nicht hilft, schreib uns.',
    ],
    'token-expired': [
      'Dieser Link ist abgelaufen',
      'Persönliche Links enden nach einiger Zeit, damit deine Karte deine bleibt. In unserer neuesten Nachricht steht ein frischer.',
    ],
    'token-revoked': [
      'Dieser Link wurde abgeschaltet',
      'Wir haben ihn ersetzt. In unserer neuesten Nachricht steht der, der geht.',
    ],
    'no-pass': [
      'Es gibt noch keine Karte für dich',
      'Nimm den Link zur Anmeldung in unseren Nachrichten oder frag uns danach. Es dauert eine Minute.',
    ],
    'session-ended': [
      'Bitte öffne deinen Link noch einmal',
      'Zu deiner Sicherheit schließt sich diese Seite nach einer halben Stunde. Geschieht es sofort, erlaube Cookies für diese Seite.',
    ],
    'pass-unknown': [
      'Diese Karte finden wir nicht',
      'Bitte nimm den Link aus unserer Nachricht. Beim Abtippen zählen große und kleine Buchstaben.',
    ],
    busy: ['Einen Moment, bitte', 'Das waren zu viele Versuche auf einmal. Bitte versuch es in einer Minute wieder.'],
    failed: [
      'Bei uns ging etwas schief',
      'Bitte versuch es in einer Minute wieder. Von dir ist nichts verloren gegangen.',
    ],
    refused: ['Das hat nicht geklappt', 'Bitte geh zurück zu unserer Nachricht und öffne den Link noch einmal.'],
    unavailable: [
      'Im Moment nicht verfügbar',
      'Das liegt an uns, nicht an dir, und wir arbeiten daran. Bitte versuch es morgen noch einmal: Dein Link bleibt gültig.',
    ],
  },
  fr: {
    'token-missing': [
      'Ce lien est incomplet',
      'Merci de l’ouvrir à nouveau depuis notre message. Si vous avez copié l’adresse, il en manque une partie.',
    ],
    'token-unrendered': [
      'Ce lien n’est destiné à personne',
      'Le message a été envoyé sans votre partie personnelle. Écrivez-nous pour en recevoir un autre.',
    ],
    'token-damaged': [
      'Ce lien est abîmé',
      'Certaines messageries coupent les longs liens. Merci de toucher le lien dans le message même.',
    ],
    'token-unknown': [
      'Nous ne connaissons pas ce lien',
      'Merci d’utiliser le lien de notre message le plus récent. Sinon, écrivez-nous.',
    ],
    'token-expired': [
      'Ce lien a expiré',
      'Les liens personnels prennent fin après un temps, pour que votre carte reste la vôtre. Notre dernier message en contient un nouveau.',
    ],
    'token-revoked': [
      'Ce lien a été désactivé',
      'Nous l’avons remplacé. Notre dernier message contient le lien valable.',
    ],
    'no-pass': [
      'Vous n’avez pas encore de carte',
      'Utilisez le lien d’inscription de nos messages, ou demandez-nous une carte.',
    ],
    'session-ended': [
      'Merci d’ouvrir à nouveau votre lien',
      'Pour votre sécurité, cette page se ferme après une demi-heure. Si cela arrive aussitôt, autorisez les cookies.',
    ],
    'pass-unknown': [
      'Nous ne trouvons pas cette carte',
      'Merci d’utiliser le lien de notre message. Majuscules et minuscules comptent.',
    ],
    busy: ['Un instant', 'Trop d’essais à la fois. Merci de réessayer dans une minute.'],
    failed: ['Un problème est survenu chez nous', 'Merci de réessayer dans une minute. Rien n’est perdu.'],
    refused: ['Cela n’a pas fonctionné', 'Merci de revenir à notre message et d’ouvrir le lien à nouveau.'],
    unavailable: [
      'Indisponible pour le moment',
      'Le problème vient de chez nous et nous y travaillons. Merci de réessayer demain : votre lien reste valable.',
    ],
  },
};

interface Body {
  title: string;
  text: string;
  next: { href: string; text: string } | null;
  support: { href: string; text: string } | null;
  cure: string | null;
  codeFor: string;
  code: string;
}

const body = template<Body>(`
<div class="panel message">
<svg class="sign" viewBox="0 0 48 48" aria-hidden="true" focusable="false"><path
d="M18 30l12-12M21 16l3-3a8 8 0 0 1 11 11l-3 3M27 32l-3 3a8 8 0 0 1-11-11l3-3" fill="none" stroke="currentColor"
stroke-width="2.600" stroke-linecap="round"/></svg>
<h1><%= it.title %></h1>
<p><%= it.text %></p>
<% if (it.next) { %><p><a class="button" href="<%= it.next.href %>"><%= it.next.text %></a></p><% } %>
<% if (it.support) { %><p><a class="button quiet" href="<%= it.support.href %>"><%= it.support.text %></a></p><% } %>
<% if (it.cure) { %><details><summary>For the team that sent this message</summary><dl><dt>Cure</dt><dd><%= it.cure %></dd></dl></details><% } %>
<p class="code-note"><%= it.codeFor %> <strong><%= it.code %></strong></p>
</div>`);

/** A page for what went wrong: friendly for the customer, with a code by which the operator finds the reason. */
export function messagePage(view: {
  language: Language;
  brand: Brand;
  kind: MessageKind;
  code: string;
  /** For the sender of the message: what to check. Names nothing of any customer. */
  cure: string | null;
  /** Where the reader can get a card instead. */
  enrolUrl?: string | null;
}): Page {
  const [title, text] = MESSAGES[view.language][view.kind];
  const { codeFor, getCard, writeToUs } = textsIn(view.language);
  const { supportUrl } = view.brand.pages;
  const support = supportUrl === null ? null : { href: supportUrl, text: writeToUs };
  // Cures are written in English: a page is in one language.
  const cure = view.language === 'en' ? view.cure : null;
  const next = view.enrolUrl ? { href: view.enrolUrl, text: getCard } : null;
  return page({
    ...speaking(view.brand, view.language),
    title,
    width: 'narrow',
    body: body({ title, text, next, support, cure, codeFor, code: view.code }),
  });
}
