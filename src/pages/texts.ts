const EN = {
  yourCard: (brand: string) => `Your ${brand} card`,
  yourCards: (brand: string) => `Your ${brand} cards`,
  intro: 'Keep it on your phone. It stays up to date by itself and works without an app.',
  addApple: 'Add to Apple Wallet',
  addGoogle: 'Add to Google Wallet',
  addAllApple: 'Add all to Apple Wallet',
  scanTitle: 'On a computer?',
  scan: 'Scan this code with your phone’s camera to put the card into its wallet.',
  scanLabel: 'QR code with the address of this page',
  barcode: 'Barcode of the card',
  details: 'Details',
  installed: 'This card is already in a wallet. You can add it on another phone, too.',
  updating: 'This card is being updated. It will be right in a moment.',
  reload: 'Look again',
  voided: 'This card is no longer valid.',
  expired: 'This card has expired.',
  gone: 'This card no longer exists.',
  noWallet: 'This card cannot be added to a phone yet.',
  appleOnly: 'This card is for iPhone. Show the code on this page at the counter, or keep the page.',
  googleOnly: 'This card is for Android. Show the code on this page at the counter, or keep the page.',
  unavailable: 'Adding the card is not available for the moment. Please try again tomorrow; this page stays valid.',
  hello: (name: string) => `Hello ${name}`,
  enrolIntro: (brand: string) => `Get your ${brand} card for the wallet on your phone.`,
  required: 'required',
  privacy: 'Privacy',
  imprint: 'Imprint',
  support: 'Support',
  writeToUs: 'Write to us',
  getCard: 'Get my card',
  consents: 'If you like',
  consentNote: 'Your card does not depend on these.',
  fix: 'Please look at what is marked below.',
  fieldMissing: 'Please fill this in.',
  fieldWrong: 'This does not look right. Please check it.',
  yes: 'Yes',
  no: 'No',
  codeFor: 'Code for customer service:',
};
export type Texts = typeof EN;

const DE: Texts = {
  yourCard: (brand) => `Deine Karte von ${brand}`,
  yourCards: (brand) => `Deine Karten von ${brand}`,
  intro: 'Immer auf dem Telefon. Sie hält sich selbst aktuell und braucht keine App.',
  addApple: 'Zu Apple Wallet hinzufügen',
  addGoogle: 'Zu Google Wallet hinzufügen',
  addAllApple: 'Alle zu Apple Wallet hinzufügen',
  scanTitle: 'Am Computer?',
  scan: 'Scanne diesen Code mit der Kamera deines Telefons, um die Karte hinzuzufügen.',
  scanLabel: 'QR-Code mit der Adresse dieser Seite',
  barcode: 'Code der Karte',
  details: 'Einzelheiten',
  installed: 'Diese Karte ist schon in einem Wallet. Du kannst sie auch auf einem weiteren Telefon hinzufügen.',
  updating: 'Diese Karte wird gerade aktualisiert. Gleich stimmt sie.',
  reload: 'Erneut ansehen',
  voided: 'Diese Karte ist nicht mehr gültig.',
  expired: 'Diese Karte ist abgelaufen.',
  gone: 'Diese Karte gibt es nicht mehr.',
  noWallet: 'Diese Karte lässt sich noch nicht auf ein Telefon laden.',
  appleOnly: 'Diese Karte ist für das iPhone. Zeig den Code auf dieser Seite an der Kasse oder heb dir die Seite auf.',
  googleOnly: 'Diese Karte ist für Android. Zeig den Code auf dieser Seite an der Kasse oder heb dir die Seite auf.',
  unavailable:
    'Das Hinzufügen ist im Moment nicht möglich. Bitte versuch es morgen noch einmal; diese Seite bleibt gültig.',
  hello: (name) => `Hallo ${name}`,
  enrolIntro: (brand) => `Hol dir deine Karte von ${brand} in das Wallet deines Telefons.`,
  required: 'Pflichtfeld',
  privacy: 'Datenschutz',
  imprint: 'Impressum',
  support: 'Hilfe',
  writeToUs: 'Schreib uns',
  getCard: 'Karte holen',
  consents: 'Wenn du magst',
  consentNote: 'Deine Karte hängt nicht davon ab.',
  fix: 'Bitte sieh dir an, was unten markiert ist.',
  fieldMissing: 'Bitte ausfüllen.',
  fieldWrong: 'Das sieht nicht richtig aus. Bitte prüfen.',
  yes: 'Ja',
  no: 'Nein',
  codeFor: 'Code für den Kundendienst:',
};

const FR: Texts = {
  yourCard: (brand) => `Votre carte ${brand}`,
  yourCards: (brand) => `Vos cartes ${brand}`,
  intro: 'Toujours sur votre téléphone. Elle se met à jour seule, sans application.',
  addApple: 'Ajouter à Cartes d’Apple',
  addGoogle: 'Ajouter à Google Wallet',
  addAllApple: 'Tout ajouter à Cartes d’Apple',
  scanTitle: 'Sur un ordinateur ?',
  scan: 'Scannez ce code avec l’appareil photo de votre téléphone pour y ajouter la carte.',
  scanLabel: 'Code QR avec l’adresse de cette page',
  barcode: 'Code de la carte',
  details: 'Détails',
  installed: 'Cette carte est déjà dans un téléphone. Vous pouvez aussi l’ajouter sur un autre.',
  updating: 'Cette carte est en cours de mise à jour, dans un instant elle sera exacte.',
  reload: 'Regarder de nouveau',
  voided: 'Cette carte n’est plus valable.',
  expired: 'Cette carte a expiré.',
  gone: 'Cette carte n’existe plus.',
  noWallet: 'Cette carte ne peut pas encore être ajoutée à un téléphone.',
  appleOnly: 'Cette carte est faite pour l’iPhone. Montrez le code de cette page à la caisse, ou gardez la page.',
  googleOnly: 'Cette carte est faite pour Android. Montrez le code de cette page à la caisse, ou gardez la page.',
  unavailable: 'L’ajout est indisponible pour le moment. Merci de réessayer demain ; cette page reste valable.',
  hello: (name) => `Bonjour ${name}`,
  enrolIntro: (brand) => `Recevez votre carte ${brand} sur votre téléphone.`,
  required: 'obligatoire',
  privacy: 'Confidentialité',
  imprint: 'Mentions légales',
  support: 'Aide',
  writeToUs: 'Écrivez-nous',
  getCard: 'Recevoir ma carte',
  consents: 'Si vous le souhaitez',
  consentNote: 'Votre carte n’en dépend pas.',
  fix: 'Merci de vérifier ce qui est signalé ci-dessous.',
  fieldMissing: 'Merci de remplir ce champ.',
  fieldWrong: 'Cela ne semble pas juste. Merci de vérifier.',
  yes: 'Oui',
  no: 'Non',
  codeFor: 'Code pour le service client :',
};

const LANGUAGES = { en: EN, de: DE, fr: FR } as const;
export type Language = keyof typeof LANGUAGES;
export const LANGUAGE_CODES = Object.keys(LANGUAGES) as Language[];

export const textsIn = (language: Language): Texts => LANGUAGES[language];

const known = (tag: string): Language | undefined => {
  const primary = tag.trim().toLowerCase().split('-')[0]!;
  return Object.hasOwn(LANGUAGES, primary) ? (primary as Language) : undefined;
};

/** The language of a page: the reader's best one that we speak (`Accept-Language`), else the tenant's, else English. */
export function chooseLanguage(acceptLanguage: string, tenantLanguage: string): Language {
  const wanted = acceptLanguage
    .split(',')
    .slice(0, 20)
    .map((part) => {
      const [tag = '', ...parameters] = part.split(';');
      const q = parameters.map((text) => /^\s*q=([\d.]+)\s*$/.exec(text)?.[1]).find((value) => value !== undefined);
      return { language: known(tag), q: q === undefined ? 1 : Number(q) };
    })
    .filter(({ language, q }) => language !== undefined && q > 0)
    .sort((a, b) => b.q - a.q);
  return wanted[0]?.language ?? known(tenantLanguage) ?? 'en';
}
