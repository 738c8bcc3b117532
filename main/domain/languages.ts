/** The languages of the window, by their tags (BCP 47). Sentences of main, the command line, the record and papers are English. */
export const languages = ['en', 'de', 'zh-Hans'] as const;
export type Language = (typeof languages)[number];

export const usualLanguage: Language = 'en';

/**
 * The language of a station that was never told one: what the person's system speaks first, where the window speaks it too.
 *
 * @param wanted tags in the order in which the person wants them: `de-AT`, `zh-CN`, `fr`
 */
export function languageOf(wanted: readonly string[]): Language {
  const [language = '', ...rest] = (wanted[0] ?? '').toLowerCase().split(/[-_]/);
  if (language === 'de') return 'de';
  // Traditional characters are another script, which the window does not have.
  if (language === 'zh' && !rest.some((part) => ['hant', 'tw', 'hk', 'mo'].includes(part))) return 'zh-Hans';
  return usualLanguage;
}
