import type { Language } from './contract';

const known: Readonly<Record<Language, true>> = { 'en': true, 'de': true, 'zh-Hans': true };

/** All of them, in the order in which they are offered. */
export const languages = Object.keys(known) as readonly Language[];

/** In which language this window speaks: main says it in the address of the page, so that nothing is shown in another one before. */
export const language: Language = languageIn(typeof location === 'undefined' ? '' : location.search);

/** @param search the query of the address. English, where it names none that this window has */
export function languageIn(search: string): Language {
  const named = new URLSearchParams(search).get('language');
  return languages.find((each) => each === named) ?? 'en';
}
